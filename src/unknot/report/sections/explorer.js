/* The explorer: sliders for every latent, with the decoder of one or two runs behind them. */
const REACH = 3, STEP = 0.05; // of a slider, in standard deviations of the prior
const ENDS_AFTER_MS = 120; // of rest, until the ends of the sliders and the address follow
const FAR = 1.5; // how far a latent is moved to see where it acts
const KEPT_VIEWS = 100;

class Explorer {
  constructor(root, page) {
    Object.assign(this, { root, page, find: (name) => root.querySelector(`[data-${name}]`) });
    this.open = page.runs.filter((run) => run.model);
    this.latentDim = this.open[0].latents.length;
    this.image = page.pixels();
    this.spare = page.pixels();
    this.views = [];
    for (const name of ["first", "second", "acts"]) Object.assign(this.find(name), { width: page.width, height: page.height });
    this.state = { a: this.#preferred(), b: -1, from: page.data.num_images ? 0 : -1, moved: new Array(this.latentDim).fill(0) };
    this.#fill();
    this.#listen();
    this.#read();
    this.#choose();
  }

  /** The run of the first screen's picture, or the first. */
  #preferred() {
    return Math.max(0, this.open.indexOf(this.page.morph?.run));
  }

  /** What a run starts from: nothing, or a test image's code. */
  base(run) {
    return this.state.from < 0 ? new Array(this.latentDim).fill(0) : run.codes[this.state.from];
  }

  /** The code of the first run, or what its moves are for another: partners move with each other. */
  z(run) {
    const z = this.base(run).slice(), first = this.open[this.state.a];
    this.state.moved.forEach((value, latent) => {
      const partner = run === first ? [latent, 1] : first.partners[run.name][latent];
      if (partner) z[partner[0]] += Math.sign(partner[1]) * value;
    });
    return z;
  }

  draw() {
    const { a, b } = this.state;
    this.#paint(this.find("first"), this.open[a]);
    if (b >= 0) this.#paint(this.find("second"), this.open[b]);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#rest(), ENDS_AFTER_MS);
  }

  #paint(canvas, run, z = this.z(run)) {
    canvas.getContext("2d").putImageData(this.page.decoder(run).paint(z, this.image), 0, 0);
  }

  /** Remember how it was, change it, and draw. */
  #change(change) {
    this.#remember(JSON.stringify(this.state));
    this.touched = true;
    change();
    this.#choose();
  }

  #remember(view) {
    this.views.push(view);
    if (this.views.length > KEPT_VIEWS) this.views.shift();
  }

  undo() {
    if (!this.views.length) return;
    Object.assign(this, { sliding: null, touched: true });
    this.state = JSON.parse(this.views.pop());
    this.#choose();
  }

  /** Show the state: the sliders in the order and with the labels of the first run. */
  #choose() {
    const { a, b, from } = this.state, run = this.open[a], other = this.open[b];
    if (this.shown !== run || this.beside !== other) {
      this.find("sliders").replaceChildren(...run.latents.map((latent, i) => this.#row(run, other, latent, i)));
    }
    Object.assign(this, { shown: run, beside: other });
    this.#place();
    this.find("second-view").hidden = !other;
    this.find("first-name").textContent = run.title;
    this.find("second-name").textContent = other ? other.title : "";
    Object.assign(this.find("a"), { value: a });
    Object.assign(this.find("b"), { value: b });
    this.find("undo").disabled = !this.views.length;
    for (const button of this.find("start").children) button.setAttribute("aria-pressed", +button.dataset.image === from);
    this.draw();
    this.find("kernel").textContent = this.page.decoder(run).kernel.name;
    this.page.select(run.name);
  }

  /** One latent: what it is, where its codes lie, and a slider between pictures of its ends. */
  #row(run, other, latent, i) {
    const name = `Latent ${latent.index}`, what = latent.active ? latent.label : "not in use: it changes nothing";
    const slider = element("input", { type: "range", step: STEP, min: -REACH, max: REACH, data: { latent: latent.index } });
    slider.setAttribute("aria-label", what ? `${name}, ${what}` : name);
    const shown = element("output"), end = () => element("canvas", { width: this.page.width, height: this.page.height });
    slider.addEventListener("input", () => this.#slide(latent.index, slider, shown));
    slider.addEventListener("change", () => { this.sliding = null; });
    slider.addEventListener("dblclick", () => { slider.value = 0; this.#slide(latent.index, slider, shown); this.sliding = null; });
    const title = element("span", { className: "name" }, element("strong", { textContent: name }), what ? ` ${what}` : "");
    const row = element("label", { className: latent.active ? "row" : "row off" }, title, shown, end(), element("span", { className: "track" }, codeBars(latent, this.page.data.reach), slider), end());
    if (other) row.append(element("small", { textContent: partnerText(run, other, latent) }));
    const show = () => this.#drawActs(run, latent);
    row.addEventListener("pointerenter", show);
    slider.addEventListener("focus", show);
    if (i === 0) this.acting = latent;
    return row;
  }

  /** Move a latent; a slide is one step back for Undo, however long it takes. */
  #slide(latent, slider, shown) {
    if (this.sliding !== latent) this.#remember(JSON.stringify(this.state));
    Object.assign(this, { sliding: latent, touched: true });
    this.find("undo").disabled = false;
    this.state.moved[latent] = slider.value - this.base(this.shown)[latent];
    shown.textContent = (+slider.value).toFixed(2);
    this.draw();
  }

  /** Put the sliders where the code is. */
  #place() {
    const z = this.z(this.shown);
    for (const slider of this.find("sliders").querySelectorAll("input")) {
      const value = z[slider.dataset.latent];
      const reach = Math.max(REACH, Math.ceil(Math.abs(value)));
      Object.assign(slider, { min: -reach, max: reach });
      slider.value = value;
      slider.closest("label").querySelector("output").textContent = value.toFixed(2);
    }
  }

  /** What may follow a little later: the address, if something was changed here, and the small pictures. */
  #rest() {
    if (this.touched) this.page.write(this.#fragment());
    this.touched = false;
    this.#drawEnds();
  }

  /** What each latent leads to at both of its ends, the others as they are. */
  #drawEnds() {
    const run = this.shown, z = this.z(run);
    this.find("sliders").querySelectorAll("label").forEach((row, i) => {
      const { index } = run.latents[i];
      row.querySelectorAll("canvas").forEach((canvas, side) => {
        const moved = z.slice();
        moved[index] = side ? REACH : -REACH;
        this.#paint(canvas, run, moved);
      });
    });
    this.#drawActs(run, run.latents.includes(this.acting) ? this.acting : run.latents[0]);
  }

  /** Where a latent acts from here: the stronger the ink, the larger the change. */
  #drawActs(run, latent) {
    this.acting = latent;
    const decoder = this.page.decoder(run), z = this.z(run), canvas = this.find("acts");
    const at = (value) => { const moved = z.slice(); moved[latent.index] = value; return moved; };
    const low = decoder.paint(at(-FAR), this.image).data.slice(), high = decoder.paint(at(FAR), this.spare).data;
    const change = new Float32Array(low.length / 4);
    for (let p = 0; p < change.length; p++) {
      for (let k = 0; k < 3; k++) change[p] += Math.abs(high[4 * p + k] - low[4 * p + k]);
    }
    const most = Math.max(30, change.reduce((a, b) => Math.max(a, b), 0));
    const ink = getComputedStyle(this.root).getPropertyValue("--accent").match(/[0-9a-f]{2}/gi).map((hex) => parseInt(hex, 16));
    for (let p = 0; p < change.length; p++) this.spare.data.set([...ink, 255 * (change[p] / most)], 4 * p);
    canvas.getContext("2d").putImageData(this.spare, 0, 0);
    this.find("acts-name").textContent = `Where latent ${latent.index} acts`;
  }

  #fill() {
    const option = (value, text) => element("option", { value, textContent: text });
    const runs = this.open.map((run, i) => option(i, run.title));
    this.find("a").replaceChildren(...runs);
    this.find("b").replaceChildren(option(-1, "nothing"), ...runs.map((run) => run.cloneNode(true)));
    const middle = element("button", { type: "button", textContent: "The middle", title: "all latents at 0", data: { image: -1 } });
    const images = [...Array(this.page.data.num_images).keys()].map((i) => {
      const canvas = element("canvas", { width: this.page.width, height: this.page.height });
      const button = element("button", { type: "button", title: `test image ${i + 1}`, data: { image: i } }, canvas);
      button.setAttribute("aria-label", `Test image ${i + 1}`);
      return button;
    });
    this.find("start").replaceChildren(...images, middle);
    if (images.length) {
      picture(this.page.data.images).then((sheet) => images.forEach((button, i) => {
        button.firstChild.getContext("2d").drawImage(sheet, -i * this.page.width, 0);
      }));
    }
  }

  #listen() {
    const { page } = this, on = (name, act) => this.find(name).addEventListener("click", act);
    for (const name of ["a", "b"]) {
      this.find(name).addEventListener("change", (event) => this.#change(() => { this.state[name] = +event.target.value; }));
    }
    this.find("start").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.#change(() => { this.state.from = +button.dataset.image; this.state.moved.fill(0); });
    });
    on("random", () => this.#change(() => {
      this.state.from = -1;
      this.state.moved = this.state.moved.map(() => +normal().toFixed(2));
    }));
    on("reset", () => this.#change(() => this.state.moved.fill(0)));
    on("undo", () => this.undo());
    on("save", () => this.#save());
    on("link", (event) => copyText(page.link(this.#fragment()), event.target));
    on("python", (event) => copyText(this.#python(), event.target));
    this.find("sharp").addEventListener("change", (event) => this.root.classList.toggle("sharp", event.target.checked));
    this.root.addEventListener("keydown", (event) => this.#key(event));
    page.addEventListener("address", () => { if (this.#read()) { this.#choose(); page.show(document.getElementById("explore")); } });
    page.addEventListener("select", () => {
      const index = this.open.indexOf(page.run(page.selected));
      if (index < 0 || index === this.state.a) return;
      this.state.a = index;
      this.#choose();
    });
  }

  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      this.undo();
    } else if (/^[1-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey && event.target.tagName !== "SELECT") {
      this.find("sliders").querySelectorAll("input")[event.key - 1]?.focus();
    }
  }

  /** Save what is shown, one picture or both side by side. */
  #save() {
    const { width, height } = this.page, scale = +this.find("scale").value;
    const shown = ["first", "second"].slice(0, this.state.b < 0 ? 1 : 2).map((name) => this.find(name));
    const canvas = element("canvas", { width: shown.length * width * scale, height: height * scale });
    const context = canvas.getContext("2d");
    Object.assign(context, { imageSmoothingEnabled: !this.find("sharp").checked, imageSmoothingQuality: "high" });
    shown.forEach((view, i) => context.drawImage(view, i * width * scale, 0, width * scale, height * scale));
    canvas.toBlob((blob) => saveFile(blob, "unknot.png"));
  }

  #python() {
    const { title, beta, objective, seed } = this.shown, z = this.z(this.shown).map((value) => +value.toFixed(3));
    return [
      "import numpy as np",
      "import unknot",
      "",
      `run = unknot.Experiment(${JSON.stringify(this.page.data.folder)}).run(beta=${beta}, seed=${seed}, objective=${JSON.stringify(objective)})  # ${title}`,
      `picture = run.decode(np.array([[${z.join(", ")}]], np.float32))[0]  # uint8, (channel, height, width)`,
      "",
    ].join("\n");
  }

  /** Take the view from the address, as far as it fits; whether there is one. */
  #read() {
    const { asked } = this.page;
    if (!asked.has("z")) return false;
    const within = (name, least, most) => {
      const value = Number(asked.get(name) ?? -1);
      return Number.isInteger(value) && value >= least && value < most ? value : least;
    };
    const moved = asked.get("z").split(",").map(Number);
    const fits = moved.length === this.latentDim && moved.every((value) => Math.abs(value) < 100);
    this.state = {
      a: within("a", 0, this.open.length),
      b: within("b", -1, this.open.length),
      from: within("from", -1, this.page.data.num_images),
      moved: fits ? moved : new Array(this.latentDim).fill(0),
    };
    return true;
  }

  #fragment() {
    const { a, b, from, moved } = this.state;
    return `a=${a}&b=${b}&from=${from}&z=${moved.map((value) => +value.toFixed(3)).join(",")}`;
  }
}

/** Which latent of the other model moves along, and how closely the two go together. */
function partnerText(run, other, latent) {
  if (run === other) return "the same model";
  const partner = run.partners[other.name][latent.index];
  if (!partner) return `no latent of ${other.title} goes with it`;
  const side = partner[1] < 0 ? ", in the other direction" : "";
  return `moves latent ${partner[0]} of ${other.title}${side} (correlation ${Math.abs(partner[1]).toFixed(2)})`;
}

/** How often test images have a code, as small bars behind a slider, over the prior's curve. */
function codeBars({ histogram }, reach) {
  const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const root = svg("svg", { viewBox: `${-REACH} -1 ${2 * REACH} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const width = (2 * reach) / histogram.length, total = histogram.reduce((a, b) => a + b, 0) || 1;
  const most = Math.max(0.4, ...histogram.map((count) => count / total / width));
  histogram.forEach((count, i) => {
    const height = count / total / width / most;
    root.append(svg("rect", { x: i * width - reach, y: -height, width: width * 0.9, height }));
  });
  const curve = [...Array(61).keys()].map((i) => { const x = i / 10 - 3; return `${x},${-Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / most}`; });
  root.append(svg("polyline", { points: curve.join(" "), "vector-effect": "non-scaling-stroke" }));
  return root;
}

/** A standard normal number (Box and Muller 1958). */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

WIDGETS.explorer = (root, page) => { page.explorer = new Explorer(root, page); };
