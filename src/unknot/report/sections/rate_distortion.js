/* The rate-distortion plane: a point for each run, named where there is room. */
"use strict";

class RateDistortion {
  /** @param root the section; @param page what the parts share */
  constructor(root, page) {
    this.page = page;
    this.runs = page.own(root).runs;
    this.looks = looksOf(this.runs);
    new Chart(root.querySelector("[data-chart]"), page, {
      name: "rate-distortion",
      title: "Rate and distortion of every run",
      height: (width) => Math.min(420, Math.max(300, 0.75 * width)),
      paint: (chart) => this.paint(chart),
      columns: ["run", "beta", "seed", "rate_nats", "distortion_nats"],
      rows: () => this.runs.map((run) => [run.name, run.beta, run.seed, run.rate, run.distortion]),
    });
  }

  paint(chart) {
    const box = chart.axes({
      x: { domain: widened(this.runs.map((run) => run.rate)), label: "rate: information kept (nats per image)" },
      y: { domain: widened(this.runs.map((run) => run.distortion)), label: "distortion: error of redrawing (nats per image)" },
    });
    const groups = [...this.looks].map(([setting, look]) => ({ look, points: this.#points(setting, box) }));
    for (const { look, points } of groups) this.#join(chart, look, points);
    for (const { look, points } of groups) for (const point of points) chart.mark(point, look, { radius: 6 });
    this.#name(chart, groups, box);
  }

  #points(setting, box) {
    const runs = this.runs.filter((run) => run.setting === setting).sort((a, b) => a.rate - b.rate);
    return runs.map((run) => ({
      x: box.x.at(run.rate), y: box.y.at(run.distortion), run: run.name, series: setting,
      lines: () => [this.page.run(run.name).title, `rate ${numberText(run.rate)} nats`, `distortion ${numberText(run.distortion)} nats`],
    }));
  }

  #join(chart, look, points) {
    const line = chart.add("polyline", { class: "line", points: points.map(({ x, y }) => `${x},${y}`).join(" "), "stroke-opacity": 0.5 });
    line.style.color = look.color;
  }

  /** Names beside the points where they cover nothing; the others in the corner, with a line to theirs. */
  #name(chart, groups, box) {
    const taken = groups.flatMap(({ points }) => points.map(({ x, y }) => [x - 8, y - 8, x + 8, y + 8]));
    let row = box.top + 6;
    for (const { look, points } of groups) {
      const place = freePlace(points, textWidth(look.name), taken, box);
      if (place) {
        taken.push(place);
        chart.text(place[0] + 2, place[3] - 4, look.name, { class: "name" });
      } else {
        const x = box.right - textWidth(look.name);
        chart.add("line", { class: "model", x1: x - 3, y1: row - 4, x2: points[0].x, y2: points[0].y - 9 });
        chart.text(x, row, look.name, { class: "name" });
        row += 18;
      }
    }
  }
}

/** A domain that leaves room on both sides. */
function widened(values) {
  const low = Math.min(...values), high = Math.max(...values), room = 0.08 * (high - low) || 1;
  return [low - room, high + room];
}

/** A free rectangle for a text beside points: `[left, top, right, bottom]`, or nothing. */
function freePlace(points, width, taken, box) {
  const xs = points.map((point) => point.x), ys = points.map((point) => point.y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const across = (left + right) / 2 - width / 2, along = (top + bottom) / 2 - 8;
  const corners = [[right + 12, along], [left - 16 - width, along], [across, top - 27], [across, bottom + 11], [right + 9, top - 21], [left - 13 - width, bottom + 5]];
  const places = corners.map(([x, y]) => [x, y, x + width + 4, y + 17]);
  return places.find((place) => place[0] > box.left && place[2] < box.right + 10 && place[1] > box.top - 10 && place[3] < box.bottom
    && !taken.some((other) => place[0] < other[2] && other[0] < place[2] && place[1] < other[3] && other[1] < place[3]));
}

WIDGETS.rate_distortion = (root, page) => { new RateDistortion(root, page); };
