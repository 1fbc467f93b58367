/* Latents beside labels: a map of given labels and one of computed ones, for the selected run. */
"use strict";

const MAP_ROW = 20, MAP_HEAD = 40, MAP_GAP = 5, MAP_NAME = 22;

class LabelMap {
  /** @param maps the map of each run by name; @param title which labels */
  constructor(figure, page, maps, title, number) {
    Object.assign(this, { page, maps, title });
    new Chart(figure, page, {
      name: `label-map-${number + 1}`,
      title: `Latents beside labels. ${title}`,
      height: () => this.#height(),
      paint: (chart) => this.paint(chart),
      columns: ["run", "label", "latent", "measure", "effect", "interval_low", "interval_high", "side", "r2", "p_value", "passed"],
      rows: () => this.#rows(),
    });
  }

  get run() {
    return this.page.selected ?? this.page.runs[0].name;
  }

  get map() {
    return this.maps[this.run];
  }

  #height() {
    return this.map?.latents.length ? this.#places().at(-1) + MAP_ROW + 2 : MAP_HEAD;
  }

  paint(chart) {
    const { map } = this;
    if (!map?.latents.length) {
      chart.text(6, 20, map ? "No latent of this run is in use." : "This run has no such map.");
      return;
    }
    const names = map.labels.map((name) => shortened(name, MAP_NAME));
    const left = Math.min(0.45 * chart.width, Math.max(...names.map(textWidth)) + 14), wide = (chart.width - left) / map.latents.length;
    map.latents.forEach((latent, i) => {
      chart.text(left + (i + 0.5) * wide, 32, wide > 60 ? `latent ${latent}` : wide > 14 || i % 5 === 0 ? latent : "", { "text-anchor": "middle" });
    });
    if (wide <= 60) chart.text(left, 13, "latent", { class: "axis" });
    this.#places().forEach((y, k) => {
      chart.text(left - 8, y + 14, names[k], { "text-anchor": "end", class: "label" });
      map.latents.forEach((_, i) => this.#paintCell(chart, k, i, [left + i * wide, y, wide, MAP_ROW]));
    });
    const num = this.#numExplained();
    if (num < map.labels.length) chart.text(left, this.#places()[num] - 5, num ? "no latent tells these" : "no latent tells any of these", { class: "strong" });
  }

  /** Where each label's row begins: a gap stands between the labels of two latents. */
  #places() {
    const { groups, labels } = this.map, sizes = groups.filter((size) => size > 0);
    const gaps = sizes.flatMap((size, i) => Array(size).fill(i * MAP_GAP));
    return labels.map((_, k) => MAP_HEAD + k * MAP_ROW + (gaps[k] ?? sizes.length * MAP_GAP + MAP_ROW));
  }

  /** How many labels stand with a latent; the others follow. */
  #numExplained() {
    return this.map.groups.reduce((sum, num) => sum + num, 0);
  }

  #paintCell(chart, k, i, box) {
    const { map } = this, [x, y, width, height] = box, sign = map.sign[k][i] < 0 ? " lower" : "";
    const size = map.effect[k][i], strength = Math.min(1, Math.max(0, map.binary[k] ? 2 * size - 1 : size));
    chart.add("rect", { class: `cell${sign}`, x: x + 0.5, y: y + 0.5, width: Math.max(1, width - 1), height: height - 1, "fill-opacity": Math.sqrt(strength).toFixed(2) });
    const center = { x: x + width / 2, y: y + height / 2 };
    if (this.#passed(k, i)) chart.add("circle", { class: `passed${sign}`, cx: center.x, cy: center.y, r: Math.min(3.5, width / 3) });
    chart.points.push({ ...center, box, series: k, lines: () => this.#lines(k, i) });
  }

  #passed(k, i) {
    return this.map.p[k][i] <= this.map.alpha;
  }

  #lines(k, i) {
    const { map } = this, side = map.sign[k][i] < 0 ? "lower" : "higher";
    const kind = map.binary[k] ? "AUROC" : "share of its information";
    return [
      `latent ${map.latents[i]}, ${map.labels[k]}`, `${side} with the label`,
      `${kind} ${fixedText(map.effect[k][i], 2)} (${fixedText(map.low[k][i], 2)} to ${fixedText(map.high[k][i], 2)})`,
      `R2 ${fixedText(map.r2[k][i], 2)}, p ${fixedText(map.p[k][i], 3)}: ${this.#passed(k, i) ? "passed the test" : "did not pass"}`,
    ];
  }

  #rows() {
    const { map, run } = this;
    return map ? map.labels.flatMap((label, k) => map.latents.map((latent, i) => [
      run, label, latent, map.binary[k] ? "AUROC" : "share of information", map.effect[k][i], map.low[k][i], map.high[k][i],
      map.sign[k][i] < 0 ? "lower" : "higher", map.r2[k][i], map.p[k][i], this.#passed(k, i),
    ])) : [];
  }
}

WIDGETS.label_map = (root, page) => {
  const { maps } = page.own(root), choice = root.querySelector("select[data-run]");
  choice.append(...page.runs.map((run) => element("option", { value: run.name, textContent: run.title })));
  choice.addEventListener("change", () => page.select(choice.value));
  page.addEventListener("select", () => { choice.value = page.selected; });
  root.querySelectorAll("[data-chart]").forEach((figure, i) => {
    new LabelMap(figure, page, maps[i], figure.previousElementSibling.textContent, i);
  });
};
