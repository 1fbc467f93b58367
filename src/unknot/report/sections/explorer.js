/* The explorer: sliders for every latent, with the decoder of one or two runs behind them. */
"use strict";

const REACH = 3, STEP = 0.05; // of a slider, in standard deviations of the prior
const SWEEP_MS = 3000;

class Explorer {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.open = data.runs.filter((run) => run.model);
    this.decoders = new Map();
    const [, height, width] = data.scale.shape;
    this.image = new ImageData(width, height);
    this.code = bytesOf(data.kernel);
    this.scale = { ...data.scale };
    for (const name of ["mean", "std"]) this.scale[name] = fromHalf(bytesOf(data.scale[name]));
    this.small = Object.assign(document.createElement("canvas"), { width, height });
    this.latentDim = this.open[0].latents.length;
    this.state = { a: 0, b: -1, from: -1, to: -1, t: 0, moved: new Array(this.latentDim).fill(0) };
    this.#read();
    this.#fill();
    this.#listen();
    this.#choose();
    this.#render(); // the address stays as it was until something is moved
  }

  /** The decoder of a run, unpacked when it is first wanted. */
  decoder(run) {
    if (!this.decoders.has(run)) {
      this.decoders.set(run, new Decoder(run.model, this.scale, this.code));
      this.find("kernel").textContent = this.decoders.get(run).kernel.name;
    }
    return this.decoders.get(run);
  }

  /** What a run starts from: nothing, an image's code, or a code between two images. */
  base(run) {
    const { from, to, t } = this.state;
    if (from < 0) return new Array(this.latentDim).fill(0);
    const first = run.codes[from], second = to < 0 ? first : run.codes[to];
    return first.map((value, i) => (1 - t) * value + t * second[i]);
  }

  z(run) {
    return this.base(run).map((value, i) => value + this.state.moved[i]);
  }

  draw() {
    this.#render();
    this.#write();
  }

  #render() {
    const { a, b } = this.state;
    this.#paint(this.find("first"), this.open[a]);
    if (b >= 0) this.#paint(this.find("second"), this.open[b]);
  }

  #paint(canvas, run) {
    this.decoder(run).paint(this.z(run), this.image);
    this.small.getContext("2d").putImageData(this.image, 0, 0);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(this.small, 0, 0, canvas.width, canvas.height);
  }

  /** Put the sliders in the order and with the labels of the first run. */
  #choose() {
    const { a, b } = this.state, run = this.open[a];
    const rows = run.latents.map((latent) => {
      const slider = Object.assign(document.createElement("input"), { type: "range", step: STEP });
      Object.assign(slider, { min: -REACH, max: REACH });
      slider.dataset.latent = latent.index;
      const name = `latent ${latent.index}`;
      const shown = document.createElement("output");
      slider.setAttribute("aria-label", `${name}${latent.label ? `, ${latent.label}` : ""}`);
      slider.addEventListener("input", () => {
        this.state.moved[latent.index] = slider.value - this.base(run)[latent.index];
        shown.textContent = (+slider.value).toFixed(2);
        this.draw();
      });
      slider.addEventListener("dblclick", () => { slider.value = 0; slider.dispatchEvent(new Event("input")); });
      const title = document.createElement("span");
      title.textContent = `${name} · ${latent.kl.toFixed(2)} nats`;
      const label = document.createElement("small");
      label.textContent = latent.label;
      const row = document.createElement("label");
      row.append(title, label, slider, shown);
      return row;
    });
    this.find("sliders").replaceChildren(...rows);
    this.#place();
    this.find("second-view").hidden = b < 0;
    this.find("first-name").textContent = run.title;
    if (b >= 0) this.find("second-name").textContent = this.open[b].title;
    this.find("a").value = a;
    this.find("b").value = b;
    this.find("from").value = this.state.from;
    this.find("to").value = this.state.to;
    this.find("t").value = this.state.t;
    this.find("t").disabled = this.find("to").disabled = this.state.from < 0;
    this.find("rows").replaceChildren(...run.latents.map((latent) => {
      const row = document.createElement("span");
      row.title = row.textContent = `${latent.index}${latent.label ? `: ${latent.label}` : ""}`;
      return row;
    }));
    if (this.shownInGrid !== run && !this.sweeping) this.#grid(0);
  }

  /** Put the sliders where the code is. */
  #place() {
    const z = this.z(this.open[this.state.a]);
    for (const slider of this.find("sliders").querySelectorAll("input")) {
      const value = z[slider.dataset.latent];
      const reach = Math.max(+slider.max, Math.ceil(Math.abs(value)));
      Object.assign(slider, { min: -reach, max: reach });
      slider.value = value;
      slider.nextElementSibling.textContent = value.toFixed(2);
    }
  }

  #fill() {
    const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
    const runs = this.open.map((run, i) => option(i, run.title));
    this.find("a").replaceChildren(...runs);
    this.find("b").replaceChildren(option(-1, "nothing"), ...runs.map((one) => one.cloneNode(true)));
    const images = [...Array(this.data.num_images).keys()].map((i) => option(i, `test image ${i + 1}`));
    this.find("from").replaceChildren(option(-1, "the middle of the prior"), ...images);
    this.find("to").replaceChildren(option(-1, "nothing"), ...images.map((one) => one.cloneNode(true)));
  }

  #listen() {
    const changed = () => { this.#choose(); this.draw(); };
    for (const name of ["a", "b"]) {
      this.find(name).addEventListener("change", (event) => { this.state[name] = +event.target.value; changed(); });
    }
    for (const name of ["from", "to"]) {
      this.find(name).addEventListener("change", (event) => {
        this.state[name] = +event.target.value;
        this.state.moved.fill(0);
        if (name === "to") this.state.t = this.state.to < 0 ? 0 : 0.5;
        if (this.state.from < 0) Object.assign(this.state, { to: -1, t: 0 });
        changed();
      });
    }
    this.find("t").addEventListener("input", (event) => { this.state.t = +event.target.value; this.#place(); this.draw(); });
    this.find("random").addEventListener("click", () => {
      Object.assign(this.state, { from: -1, to: -1, t: 0 });
      this.state.moved = this.state.moved.map(() => +normal().toFixed(2));
      changed();
    });
    this.find("reset").addEventListener("click", () => { this.state.moved.fill(0); changed(); });
    this.find("save").addEventListener("click", () => this.#save());
    this.find("sweep").addEventListener("click", () => (this.sweeping ? this.#stop() : this.#sweep()));
    addEventListener("hashchange", () => { if (this.#read()) changed(); });
  }

  #save() {
    this.find("first").toBlob((blob) => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "unknot.png" });
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }

  /** Every latent moved to `value`, a row each, from eight samples of the prior. */
  #grid(value) {
    const canvas = this.find("grid"), run = this.open[this.state.a], { samples } = this.data;
    const { width, height } = this.image, decoder = this.decoder(run);
    if (canvas.width !== samples.length * width || canvas.height !== run.latents.length * height) {
      Object.assign(canvas, { width: samples.length * width, height: run.latents.length * height });
    }
    const context = canvas.getContext("2d");
    run.latents.forEach((latent, row) => samples.forEach((sample, column) => {
      const z = sample.slice();
      z[latent.index] = value;
      context.putImageData(decoder.paint(z, this.image), column * width, row * height);
    }));
    this.shownInGrid = run;
    this.find("value").textContent = value.toFixed(2);
  }

  #sweep() {
    this.find("sweep").textContent = "Pause";
    const begun = performance.now();
    const frame = (now) => {
      this.#grid(Math.sin((2 * Math.PI * (now - begun)) / SWEEP_MS));
      this.frames = (this.frames || 0) + 1;
      if (this.sweeping) this.sweeping = requestAnimationFrame(frame);
    };
    this.sweeping = requestAnimationFrame(frame);
  }

  #stop() {
    cancelAnimationFrame(this.sweeping);
    this.sweeping = null;
    this.find("sweep").textContent = "Play";
  }

  /** Take the view from the address, as far as it fits; whether it differed. */
  #read() {
    const given = new URLSearchParams(location.hash.slice(1));
    if (!given.has("z") || location.hash.slice(1) === this.written) return false;
    const within = (name, least, most) => {
      const value = Number(given.get(name) ?? -1);
      return Number.isInteger(value) && value >= least && value < most ? value : least;
    };
    const moved = given.get("z").split(",").map(Number);
    const fits = moved.length === this.latentDim && moved.every((value) => Math.abs(value) < 100);
    const t = Number(given.get("t") ?? 0);
    this.state = {
      a: within("a", 0, this.open.length),
      b: within("b", -1, this.open.length),
      from: within("from", -1, this.data.num_images),
      to: within("to", -1, this.data.num_images),
      t: t >= 0 && t <= 1 ? t : 0,
      moved: fits ? moved : new Array(this.latentDim).fill(0),
    };
    return true;
  }

  #write() {
    const { a, b, from, to, t, moved } = this.state;
    const z = moved.map((value) => +value.toFixed(3)).join(",");
    this.written = `a=${a}&b=${b}&from=${from}&to=${to}&t=${t}&z=${z}`;
    try {
      history.replaceState(null, "", `#${this.written}`);
    } catch (error) {
      this.written = null; // in a frame without an address of its own
    }
  }
}

/** A standard normal number (Box and Muller 1958). */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

WIDGETS.explorer = (root, page) => { window.explorer = new Explorer(root, page.data); };
