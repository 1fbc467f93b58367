/* A measure over the rate: a line for each objective and seed, and the rate at which they are compared. */
"use strict";

class ObjectiveChart {
  /** @param root the section; @param page what the parts share */
  constructor(root, page) {
    this.page = page;
    Object.assign(this, page.own(root));
    this.looks = looksOf(this.runs.map(({ objective }) => ({ setting: objective, beta: 0 })));
    this.measure = root.querySelector("[data-measure]");
    for (const [value, textContent] of Object.entries(this.measures)) this.measure.append(element("option", { value, textContent }));
    this.chart = new Chart(root.querySelector("[data-chart]"), page, {
      name: "objectives",
      title: "A measure of every run over its rate",
      height: (width) => Math.min(420, Math.max(300, 0.5 * width)),
      paint: (chart) => this.paint(chart),
      columns: ["run", "objective", "strength", "seed", "rate_nats", ...Object.keys(this.measures)],
      rows: () => this.runs.map((run) => [
        run.name, run.objective, run.beta, run.seed, run.rate, ...Object.keys(this.measures).map((key) => run.values[key] ?? null),
      ]),
    });
    this.measure.addEventListener("change", () => this.chart.draw());
  }

  paint(chart) {
    const key = this.measure.value, name = this.measures[key];
    const runs = this.runs.filter((run) => typeof run.values[key] === "number");
    const top = chart.legend(this.looks.values(), 13) + 26;
    const box = chart.axes({
      top,
      x: { domain: widened(this.runs.map((run) => run.rate)), label: "rate: information kept (nats per image)" },
      y: { domain: widened(runs.map((run) => run.values[key])), label: "" },
    });
    chart.text(0, top - 12, name, { class: "axis" });
    if (this.rate !== null) chart.add("line", { class: "model", x1: box.x.at(this.rate), x2: box.x.at(this.rate), y1: box.top, y2: box.bottom });
    for (const line of this.#lines(runs)) this.#paintLine(chart, box, line, key, name);
  }

  /** The runs of each objective and seed, the lowest rate first. */
  #lines(runs) {
    const lines = new Map();
    for (const run of [...runs].sort((a, b) => a.rate - b.rate)) {
      const line = `${run.objective} ${run.seed}`;
      lines.set(line, [...(lines.get(line) ?? []), run]);
    }
    return lines.values();
  }

  #paintLine(chart, box, runs, key, name) {
    const look = this.looks.get(runs[0].objective);
    const places = runs.map((run) => ({ x: box.x.at(run.rate), y: box.y.at(run.values[key]) }));
    const line = chart.add("polyline", { class: "line", points: places.map(({ x, y }) => `${x},${y}`).join(" "), "stroke-opacity": 0.5 });
    line.style.color = look.color;
    runs.forEach((run, i) => chart.mark({
      ...places[i], run: run.name, series: run.objective,
      lines: () => [this.page.run(run.name).title, `rate ${numberText(run.rate)} nats`, `${name} ${numberText(run.values[key])}`],
    }, look));
  }
}

WIDGETS.objectives = (root, page) => { new ObjectiveChart(root, page); };
