/* The rate of every latent over beta, on the lines of a linear model's latents. */
"use strict";

class Collapse {
  /** @param root the section; @param page what the parts share */
  constructor(root, page) {
    this.page = page;
    Object.assign(this, page.own(root));
    this.looks = looksOf(this.settings);
    new Chart(root.querySelector("[data-chart]"), page, {
      name: "latents-over-beta",
      title: `KL of each latent over ${this.strength}`,
      height: (width) => Math.min(420, Math.max(300, 0.75 * width)),
      paint: (chart) => this.paint(chart),
      columns: ["run", "beta", "seed", "latent_by_strength", "kl_nats", "active", "linear_model_kl_nats", "linear_model_collapse_beta"],
      rows: () => this.#rows(),
    });
  }

  paint(chart) {
    const most = Math.max(0.1, ...this.runs.flatMap((run) => run.kl));
    const box = chart.axes({
      x: { values: [...this.runs.map((run) => run.beta), ...this.collapse], label: this.strength },
      y: { domain: [0, 1.08 * most], label: "KL of a latent (nats per image)" },
    });
    this.#paintModel(chart, box, 1.08 * most);
    for (const run of this.runs) this.#paintRun(chart, box, run);
  }

  /** Half the logarithm of how far beta is below the collapse beta: straight on these axes. */
  #paintModel(chart, { x, y, left, right, bottom }, most) {
    const { hasZero, zero, linear } = x, lowest = 10 ** (hasZero ? zero + 0.5 : linear.low);
    this.collapse.forEach((beta, i) => {
      const first = Math.max(lowest, beta * Math.exp(-2 * most));
      if (first < beta) chart.add("line", { class: "model", x1: Math.max(left, x.at(first)), y1: y.at(Math.log(beta / first) / 2), x2: x.at(beta), y2: bottom });
      chart.add("path", { class: "tick", d: `M${x.at(beta)},${bottom - 5}v5` });
      chart.points.push({ x: x.at(beta), y: bottom, series: "model", lines: () => [`Latent ${i + 1} of a linear model`, `collapses at beta ${numberText(beta)}`] });
    });
    if (!this.collapse.length) return;
    const name = "linear model", height = 0.3 * most;
    const end = Math.min(right, x.at(this.collapse[0] * Math.exp(-2 * height)) + 12 + textWidth(name));
    chart.text(end, y.at(height), name, { "text-anchor": "end" });
  }

  #paintRun(chart, { x, y }, run) {
    const seeds = this.runs.filter((other) => other.beta === run.beta).map((other) => other.seed);
    const place = x.at(run.beta) + 9 * (seeds.indexOf(run.seed) - (seeds.length - 1) / 2);
    run.kl.forEach((kl, i) => {
      const collapsed = run.active !== null && i >= run.active;
      const lines = () => this.#lines(run, i, collapsed);
      chart.mark({ x: place, y: y.at(kl), run: run.name, series: run.name, lines }, this.looks.get(run.setting), { radius: 4.5, hollow: collapsed });
    });
  }

  #lines(run, i, collapsed) {
    const lines = [this.page.run(run.name).title, `its ${ordinal(i + 1)} latent by strength: ${numberText(run.kl[i])} nats`];
    if (collapsed) lines.push("not in use (collapsed)");
    const predicted = this.#predicted(run.beta, i);
    return predicted === null ? lines : [...lines, `a linear model's: ${numberText(predicted)} nats`];
  }

  #predicted(beta, i) {
    const collapse = this.collapse[i];
    return collapse && beta > 0 ? +(Math.max(0, Math.log(collapse / beta) / 2)).toPrecision(4) : null;
  }

  #rows() {
    return this.runs.flatMap((run) => run.kl.map((kl, i) => [
      run.name, run.beta, run.seed, i + 1, kl, run.active === null ? null : i < run.active, this.#predicted(run.beta, i), this.collapse[i],
    ]));
  }
}

function ordinal(number) {
  const last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10;
  return `${number}${["th", "st", "nd", "rd"][last] || "th"}`;
}

WIDGETS.collapse = (root, page) => { new Collapse(root, page); };
