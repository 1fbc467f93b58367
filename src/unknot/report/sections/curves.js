/* Training curves of all runs on common axes, a chart for each quantity. */
"use strict";

const CURVE_LABELS = {
  distortion: "distortion (nats per image)", rate: "rate (nats per image)", loss: "loss (nats per image)",
};
const CURVE_LOSS_OF_BETA = "loss: distortion + beta times rate (nats)";
const CURVE_LATE = 0.5;  // of the steps: what comes before does not decide the range of the axis

class TrainingCurves {
  /** @param runs with their histories; @param key one of the quantities */
  constructor(figure, page, runs, key) {
    Object.assign(this, { page, runs, key, looks: looksOf(runs) });
    new Chart(figure, page, {
      name: `training-${key}`,
      title: `${key} of every run over training`,
      height: (width) => Math.min(400, Math.max(280, 0.75 * width)),
      paint: (chart) => this.paint(chart),
      columns: ["run", "beta", "seed", "images", "step", key],
      rows: () => this.#rows(),
    });
  }

  get #label() {
    const isBeta = this.runs.every((run) => run.setting.startsWith("beta "));
    return this.key === "loss" && isBeta ? CURVE_LOSS_OF_BETA : CURVE_LABELS[this.key];
  }

  paint(chart) {
    const names = [...this.looks.values()].map((look) => textWidth(look.name));
    const steps = this.runs.flatMap((run) => run.train.step);
    const box = chart.axes({
      x: { domain: [0, Math.max(1, ...steps)], label: "step" },
      y: { domain: this.#range(), label: this.#label }, right: Math.max(...names) + 12,
    });
    const clip = `within-${this.key}`;
    chart.add("rect", { x: box.left, y: box.top - 6, width: box.right - box.left + 6, height: box.bottom - box.top + 6 }, "", chart.add("clipPath", { id: clip }));
    this.clip = `url(#${clip})`;
    const first = this.runs.filter((run) => !chart.isSelected(run.name));
    const last = this.runs.filter((run) => chart.isSelected(run.name));
    for (const run of [...first, ...last]) this.#paintRun(chart, box, run, last.length > 0);
    this.#name(chart, box);
  }

  /** What the later half of training needs, and some room for what comes before. */
  #range() {
    const values = this.runs.flatMap((run) => [run.train, run.validation].flatMap((split) => {
      const end = split.step.at(-1);
      return split[this.key].filter((value, i) => value !== null && split.step[i] >= CURVE_LATE * end);
    }));
    const low = Math.min(...values), high = Math.max(...values), spread = high - low;
    return [Math.max(low - 0.05 * spread, Math.min(low, 0)), high + 0.35 * spread];
  }

  #paintRun(chart, box, run, isOther) {
    const look = this.looks.get(run.setting), selected = chart.isSelected(run.name);
    const points = (split) => split.step.map((step, i) => ({ step, value: split[this.key][i] })).filter(({ value }) => value !== null);
    const place = ({ step, value }) => ({ x: box.x.at(step), y: box.y.at(value) });
    const line = chart.add("polyline", {
      class: `line s${look.number}${selected ? " selected" : ""}`, points: points(run.train).map((point) => Object.values(place(point)).map((at) => at.toFixed(1)).join(",")).join(" "),
      "stroke-width": selected ? 2.6 : 1.2, "stroke-opacity": isOther && !selected ? 0.55 : 1, "clip-path": this.clip,
    });
    line.style.color = look.color;
    for (const [images, split] of [["training", run.train], ["validation", run.validation]]) {
      for (const point of points(split)) {
        const { x, y } = place(point);
        if (y < box.top) continue;
        const lines = () => [this.page.run(run.name).title, `step ${numberText(point.step)}, ${images} images`, `${this.key} ${numberText(point.value)} nats`];
        const spot = { x, y, lines, run: run.name, series: `${run.name} ${images}` };
        if (images === "training") chart.points.push(spot);
        else chart.mark(spot, { ...look, shape: "circle" }, { radius: 3 });
      }
    }
  }

  /** The settings at the ends of their curves. */
  #name(chart, box) {
    const ends = [...this.looks].map(([setting, look]) => {
      const lasts = this.runs.filter((run) => run.setting === setting).map((run) => run.train[this.key].at(-1)).filter((value) => value !== undefined && value !== null);
      return { look, y: box.y.at(lasts.reduce((sum, value) => sum + value, 0) / lasts.length) };
    }).filter(({ y }) => Number.isFinite(y));
    const places = spreadOut(ends.map(({ y }) => y + 4), 14, [box.top, box.bottom]);
    ends.forEach(({ look }, i) => {
      chart.text(box.right + 8, places[i], look.name, { class: "series" }).style.fill = look.color;
    });
  }

  #rows() {
    return this.runs.flatMap((run) => ["train", "validation"].flatMap((images) => run[images].step.map((step, i) => [
      run.name, run.beta, run.seed, images, step, run[images][this.key][i],
    ])));
  }
}

WIDGETS.curves = (root, page) => {
  const { runs } = page.own(root);
  for (const figure of root.querySelectorAll("[data-chart]")) new TrainingCurves(figure, page, runs, figure.dataset.chart);
};
