/* Every latent at once: a row each, from samples of the prior. */
const SWEEP_MS = 4000, FIRST_VALUE = 1;

class Traversals {
  constructor(root, page) {
    Object.assign(this, { root, page, frames: 0, find: (name) => root.querySelector(`[data-${name}]`) });
    this.pixels = page.pixels();
    this.find("sweep").addEventListener("click", () => (this.frame ? this.stop() : this.play()));
    page.addEventListener("select", () => this.#choose());
    this.run = page.runs.find((run) => run.model);
    this.#choose();
    watchView(this, root);
    addEventListener("beforeprint", () => this.seen());
    if (!page.reduced) this.play();
  }

  seen() {
    if (!this.drawn) this.draw(FIRST_VALUE);
  }

  #choose() {
    const selected = this.page.run(this.page.selected);
    if (selected?.model) this.run = selected;
    this.find("rows").replaceChildren(...this.run.latents.map(({ index, label, active }) => {
      const what = active ? label : "not in use", text = `${index}${what ? `: ${what}` : ""}`;
      return element("span", { title: text, textContent: text });
    }));
    this.drawn = false;
    if (this.inView) this.draw(FIRST_VALUE);
  }

  /** Every latent set to `value`. */
  draw(value) {
    const canvas = this.find("grid"), { run, page: { width, height, data: { samples } } } = this;
    const decoder = this.page.decoder(run), size = { width: samples.length * width, height: run.latents.length * height };
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    const context = canvas.getContext("2d");
    run.latents.forEach((latent, row) => samples.forEach((sample, column) => {
      const z = sample.slice();
      z[latent.index] = value;
      context.putImageData(decoder.paint(z, this.pixels), column * width, row * height);
    }));
    this.find("value").textContent = value.toFixed(2);
    this.drawn = true;
  }

  play() {
    this.find("sweep").textContent = "Pause";
    const begun = performance.now();
    const advance = (now) => {
      if (this.inView) {
        this.draw(Math.cos((2 * Math.PI * (now - begun)) / SWEEP_MS));
        this.frames += 1;
      }
      this.frame = requestAnimationFrame(advance);
    };
    this.frame = requestAnimationFrame(advance);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.find("sweep").textContent = "Play";
  }
}

WIDGETS.traversals = (root, page) => { page.traversals = new Traversals(root, page); };
