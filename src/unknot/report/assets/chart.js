/* A chart: an SVG of points that answer to the pointer, to the keyboard and to the selected run.

   `new Chart(figure, page, kind)` puts it into a figure. `kind.paint(chart)` draws it, whenever its
   width or the selected run changes, and lists in `chart.points` what can be pointed at:
   `{ x, y, lines(), run, series }`, and `box` for an area. */
"use strict";

const SHAPES = {
  circle: "M-1,0A1,1 0 1 0 1,0A1,1 0 1 0 -1,0Z",
  square: "M-.9,-.9H.9V.9H-.9Z",
  triangle: "M0,-1.2L1.15,.85H-1.15Z",
  diamond: "M0,-1.3L1.3,0L0,1.3L-1.3,0Z",
  down: "M0,1.2L1.15,-.85H-1.15Z",
  cross: "M-.4,-1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",
  hexagon: "M-.6,-1.05H.6L1.2,0L.6,1.05H-.6L-1.2,0Z",
};
const CHART_COLORS = 8, CHART_REACH = 36, CHART_BOTTOM = 44;
const CHART_LEAST = 160; // pixels of width: in less, as in a frame that is still closed, nothing is drawn

/** How each beta, or other setting, looks in every chart: its color, its shape, its name. */
function looksOf(runs) {
  const objective = ({ setting }) => setting.split(" ")[0], order = [...new Set(runs.map(objective))];
  const sorted = [...runs].sort((a, b) => order.indexOf(objective(a)) - order.indexOf(objective(b)) || a.beta - b.beta);
  const settings = [...new Set(sorted.map((run) => run.setting))];
  const shapes = Object.keys(SHAPES);
  return new Map(settings.map((setting, i) => [setting, {
    number: i % CHART_COLORS, color: `var(--series-${i % CHART_COLORS})`, shape: shapes[i % shapes.length], name: setting,
  }]));
}

class Chart {
  /** @param figure where it goes, before the caption; @param page what the parts share;
      @param kind `name` (of files), `title`, `height(width)`, `paint(chart)`, `columns`, `rows()` */
  constructor(figure, page, kind) {
    Object.assign(this, { page, kind, points: [], at: -1 });
    this.svg = chartElement("svg", { role: "img", "aria-label": kind.title });
    this.tip = element("div", { className: "tip", hidden: true });
    this.spoken = element("p", { className: "unseen", ariaLive: "polite" });
    this.frame = element("div", { className: "frame", tabIndex: 0 }, this.svg, this.tip);
    this.frame.setAttribute("role", "application");
    this.frame.setAttribute("aria-roledescription", "chart");
    this.frame.setAttribute("aria-label", `${kind.title}. Arrow keys walk through it; Enter selects the run.`);
    figure.prepend(this.frame, this.spoken, chartFileButtons(this));
    this.#listen();
    new ResizeObserver(() => this.#fit()).observe(this.frame);
    this.#fit();
  }

  #listen() {
    const { frame, page } = this;
    frame.addEventListener("pointermove", (event) => this.#pointAt(this.#nearest(event)));
    frame.addEventListener("pointerdown", (event) => this.#pointAt(this.#nearest(event)));
    frame.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") this.#pointAt(-1); });
    frame.addEventListener("click", () => this.#choose());
    frame.addEventListener("keydown", (event) => this.#onKey(event));
    frame.addEventListener("blur", () => this.#pointAt(-1));
    page.addEventListener("select", () => this.draw());
  }

  #fit() {
    const width = Math.round(this.frame.clientWidth);
    if (width < CHART_LEAST || width === this.width) return;
    this.width = width;
    this.draw();
  }

  /** Draw everything anew. */
  draw() {
    if (!this.width) return;
    this.height = this.kind.height(this.width);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.replaceChildren();
    this.points = [];
    this.kind.paint(this);
    this.halo = this.add("path", { class: "halo" });
    this.#pointAt(this.points[this.at] && !this.tip.hidden ? this.at : -1);
  }

  /** Put an SVG element with attributes into the chart. */
  add(tag, attributes = {}, text = "", parent = this.svg) {
    const made = chartElement(tag, attributes);
    made.textContent = text;
    parent.append(made);
    return made;
  }

  text(x, y, text, attributes = {}) {
    return this.add("text", { x, y, ...attributes }, text);
  }

  isSelected(run) {
    return run === this.page.selected;
  }

  /** Something to point at, drawn as a mark of its beta's color and shape. */
  mark(point, look, { radius = 5, hollow = false } = {}) {
    const selected = this.isSelected(point.run);
    const size = selected ? radius * 1.25 : radius;
    const mark = this.add("path", {
      d: SHAPES[look.shape], class: `mark${hollow ? " hollow" : ""}${selected ? " selected" : ""}`,
      transform: `translate(${point.x.toFixed(1)} ${point.y.toFixed(1)}) scale(${size})`, "stroke-width": (selected ? 2 : 1.3) / size,
    });
    mark.style.color = look.color;
    this.points.push(point);
  }

  /** Draw two axes with their ticks and a grid; gives the scales.
      @param x, y each with a `label`, and a `domain`, or the `values` of a logarithmic axis */
  axes({ x, y, right = 14, top = 30 }) {
    const bottom = this.height - CHART_BOTTOM;
    const upright = scaleOf(y, [bottom, top]), rows = upright.ticks(Math.max(3, Math.round((bottom - top) / 55)));
    const left = Math.max(...rows.map((tick) => textWidth(numberText(tick)))) + 12;
    const level = scaleOf(x, [left, this.width - right]), columns = level.ticks(Math.max(3, Math.round((this.width - left) / 80)));
    for (const tick of rows) {
      this.add("line", { class: "grid", x1: left, x2: this.width - right, y1: upright.at(tick), y2: upright.at(tick) });
      this.text(left - 8, upright.at(tick) + 4, numberText(tick), { "text-anchor": "end" });
    }
    for (const tick of columns) {
      this.add("line", { class: "tick", x1: level.at(tick), x2: level.at(tick), y1: bottom, y2: bottom + 5 });
      this.text(level.at(tick), bottom + 19, numberText(tick), { "text-anchor": "middle" });
    }
    this.add("line", { class: "tick", x1: left, x2: this.width - right, y1: bottom, y2: bottom });
    this.text(0, 13, y.label, { class: "axis" });
    this.text(this.width - right, this.height - 6, x.label, { class: "axis", "text-anchor": "end" });
    return { x: level, y: upright, left, right: this.width - right, top, bottom };
  }

  /** Say what marks mean, from left to right in as many rows as needed; gives the rows' height. */
  legend(looks, y) {
    let x = 6, row = 0;
    for (const look of looks) {
      const width = 24 + textWidth(look.name);
      if (x + width > this.width && x > 6) [x, row] = [6, row + 1];
      const mark = this.add("path", { d: SHAPES[look.shape], class: "mark", transform: `translate(${x} ${y + row * 20 - 4}) scale(5)`, "stroke-width": 0.26 });
      mark.style.color = look.color;
      this.text(x + 11, y + row * 20, look.name);
      x += width;
    }
    return (row + 1) * 20;
  }

  #nearest(event) {
    const place = this.svg.getBoundingClientRect(), zoom = this.width / place.width;
    const x = (event.clientX - place.left) * zoom, y = (event.clientY - place.top) * zoom;
    let nearest = -1, least = CHART_REACH;
    this.points.forEach((point, i) => {
      const distance = point.box ? distanceTo(point.box, x, y) : Math.hypot(point.x - x, point.y - y);
      if (distance < least) [nearest, least] = [i, distance];
    });
    return nearest;
  }

  /** Show the numbers of a point; of none where `index` is -1. */
  #pointAt(index, { aloud = false } = {}) {
    const point = this.points[index];
    if (point) this.at = index;
    this.tip.hidden = !point;
    this.frame.classList.toggle("pointing", Boolean(point?.run));
    this.halo?.setAttribute("d", point ? haloOf(point) : "");
    if (!point) return;
    const lines = point.lines();
    this.tip.replaceChildren(...lines.map((line, i) => element(i ? "div" : "strong", { textContent: line })));
    this.#place(point);
    if (aloud) this.spoken.textContent = lines.join(", ");
  }

  #place({ x, y }) {
    const { tip, frame, svg } = this, zoom = svg.clientWidth / this.width;
    const across = x * zoom + 14 + tip.offsetWidth <= frame.clientWidth ? x * zoom + 14 : x * zoom - 14 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(across, frame.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = `${Math.max(0, y * zoom - tip.offsetHeight - 10)}px`;
  }

  #choose() {
    const point = this.tip.hidden ? null : this.points[this.at];
    if (point?.run) this.page.select(point.run);
  }

  #onKey(event) {
    const { points, at } = this, start = this.tip.hidden;
    if (event.ctrlKey || event.metaKey || event.altKey || !points.length) return;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape") this.#pointAt(-1);
    else if (event.key === "Enter" || event.key === " ") this.#choose();
    else if (event.key === "Home") this.#pointAt(0, { aloud: true });
    else if (event.key === "End") this.#pointAt(points.length - 1, { aloud: true });
    else if (!(event.key in steps)) return;
    else if (start) this.#pointAt(points[at] ? at : 0, { aloud: true });
    else if (event.key.endsWith("t")) this.#pointAt((at + steps[event.key] + points.length) % points.length, { aloud: true });
    else this.#pointAt(this.#inNextSeries(steps[event.key]), { aloud: true });
    event.preventDefault();
  }

  /** The point of the next or the previous series that is nearest to the present one. */
  #inNextSeries(step) {
    const series = [...new Set(this.points.map((point) => point.series))], here = this.points[this.at];
    const wanted = series[(series.indexOf(here.series) + step + series.length) % series.length];
    const distances = this.points.map((point) => (point.series === wanted ? Math.hypot(point.x - here.x, point.y - here.y) : Infinity));
    return distances.indexOf(Math.min(...distances));
  }
}

function scaleOf({ domain, values }, range) {
  return values ? new LogScale(values, range) : new LinearScale(domain, range);
}

function distanceTo([left, top, width, height], x, y) {
  return Math.hypot(Math.max(left - x, 0, x - left - width), Math.max(top - y, 0, y - top - height));
}

/** What surrounds the point that is pointed at. */
function haloOf({ x, y, box }) {
  if (box) return `M${box[0]},${box[1]}h${box[2]}v${box[3]}h${-box[2]}Z`;
  return `M${x - 11},${y}a11,11 0 1 0 22,0a11,11 0 1 0 -22,0Z`;
}

function chartElement(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
