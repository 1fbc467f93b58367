/* Scores of every run as marks, with their intervals and where rotated codes land. */
"use strict";

const SCORE_LANE = 12, SCORE_HEAD = 22, SCORE_GAP = 12, SCORE_AXIS = 30, SCORE_WIDE = 760;

class ScoreChart {
  /** @param root the section; @param page what the parts share */
  constructor(root, page) {
    this.page = page;
    Object.assign(this, page.own(root));
    this.looks = looksOf(this.runs);
    this.settings = [...this.looks.keys()];
    this.all = root.querySelector("[data-all]");
    this.chart = new Chart(root.querySelector("[data-chart]"), page, {
      name: "scores",
      title: "Scores of every run",
      height: (width) => this.#height(width),
      paint: (chart) => this.paint(chart),
      columns: ["run", "beta", "seed", "score", "value", "interval_low", "interval_high", "rotated_mean", "rotated_std", "percent_of_rotations_below", "value_beside_rotations", "remarks"],
      rows: () => this.#rows(),
    });
    this.all?.addEventListener("change", () => this.chart.draw());
  }

  get shown() {
    return this.first && !this.all?.checked ? this.keys.slice(0, this.first) : this.keys;
  }

  get block() {
    return SCORE_HEAD + SCORE_LANE * this.settings.length + SCORE_GAP;
  }

  #height(width) {
    return this.#legendHeight(width) + this.#rowsPerColumn(width) * this.block + SCORE_AXIS;
  }

  #rowsPerColumn(width) {
    return Math.ceil(this.shown.length / this.#columns(width));
  }

  #columns(width) {
    return width > SCORE_WIDE && this.shown.length > 1 ? 2 : 1;
  }

  /** As `Chart.legend` lays it out. */
  #legendHeight(width) {
    const needed = [...this.looks.values()].reduce((sum, look) => sum + 24 + textWidth(look.name), 0);
    return 20 * Math.ceil(1.1 * needed / width) + 8;
  }

  paint(chart) {
    const { width } = chart, perColumn = this.#rowsPerColumn(width), columns = this.#columns(width), gap = 48;
    const top = this.#legendHeight(width), wide = (width - (columns - 1) * gap) / columns;
    chart.legend(this.looks.values(), 13);
    for (let column = 0; column < columns; column++) {
      const left = column * (wide + gap), scale = new LinearScale([0, this.#highest()], [left + 8, left + wide - 12]);
      const keys = this.shown.slice(column * perColumn, (column + 1) * perColumn);
      this.#axis(chart, scale, top, keys.length);
      keys.forEach((key, i) => this.#paintScore(chart, scale, key, left, top + i * this.block));
    }
  }

  /** The end of the axis: the next fifth above every mark. */
  #highest() {
    const ends = this.runs.flatMap((run) => this.shown.flatMap((key) => {
      const { value, interval, rotated } = run.scores[key] ?? {}, [mean, std, , observed] = rotated ?? [0, 0, 0, 0];
      return [value ?? 0, interval?.[1] ?? 0, mean + 2 * std, observed];
    }));
    return Math.min(1, Math.ceil(5 * 1.05 * Math.max(0.1, ...ends)) / 5);
  }

  #axis(chart, scale, top, num) {
    const bottom = top + num * this.block;
    for (const tick of scale.ticks(5)) {
      chart.add("line", { class: "grid", x1: scale.at(tick), x2: scale.at(tick), y1: top + 4, y2: bottom });
      chart.text(scale.at(tick), bottom + 18, numberText(tick), { "text-anchor": "middle" });
    }
  }

  #paintScore(chart, scale, key, left, top) {
    chart.text(left + 8, top + 15, key.replaceAll("_", " "), { class: "name strong" });
    for (const run of this.runs) {
      const score = run.scores[key];
      if (!score) continue;
      const y = top + SCORE_HEAD + SCORE_LANE * (this.settings.indexOf(run.setting) + 0.5);
      this.#paintNull(chart, scale, score, y, this.looks.get(run.setting));
      if (score.value === null) continue;
      const point = { x: scale.at(score.value), y, run: run.name, series: `${key} ${run.setting}`, lines: () => this.#lines(run, key, score) };
      chart.mark(point, this.looks.get(run.setting), { radius: 4.5 });
    }
  }

  #paintNull(chart, scale, { rotated, interval }, y, look) {
    const within = (value) => scale.at(Math.min(scale.high, Math.max(0, value)));
    const paint = (tag, attributes) => { chart.add(tag, attributes).style.color = look.color; };
    if (rotated) {
      const [mean, std, , observed] = rotated, start = within(mean - 2 * std);
      paint("rect", { class: "band", x: start, y: y - 5, width: within(mean + 2 * std) - start, height: 10, rx: 3 });
      paint("line", { class: "line", x1: within(observed), x2: within(observed), y1: y - 6, y2: y + 6, "stroke-width": 2 });
    }
    if (interval) paint("line", { class: "line", x1: within(interval[0]), x2: within(interval[1]), y1: y, y2: y, "stroke-width": 1.2 });
  }

  #lines(run, key, { value, interval, rotated, num, remarks }) {
    const lines = [this.page.run(run.name).title, `${key} ${fixedText(value, 3)}`];
    if (interval) lines.push(`95% interval ${fixedText(interval[0], 3)} to ${fixedText(interval[1], 3)}`);
    if (rotated) {
      const [mean, std, percentile, observed] = rotated;
      lines.push(`on ${numberText(num)} images: ${fixedText(observed, 3)}; rotated codes ${fixedText(mean, 3)} ± ${fixedText(std, 3)}, ${numberText(percentile)}% of them lower`);
    }
    return [...lines, ...remarks.map((number) => shortened(this.remarks[number], 160))];
  }

  #rows() {
    return this.runs.flatMap((run) => this.keys.filter((key) => run.scores[key]).map((key) => {
      const { value, interval, rotated, remarks } = run.scores[key];
      const [low, high] = interval || [], [mean, std, percentile, observed] = rotated || [];
      return [run.name, run.beta, run.seed, key, value, low, high, mean, std, percentile, observed, remarks.map((number) => this.remarks[number]).join("; ")];
    }));
  }
}

WIDGETS.scores = (root, page) => { new ScoreChart(root, page); };
