/* The first screen: a picture that moves along one latent, and the test images at each beta or other strength. */
const MORPH_MS = 5000, MORPH_REACH = 2.5, SHOWN_IMAGES = 5;

class Morph {
  constructor(root, page, { run, latent, image }) {
    Object.assign(this, { page, latent, canvas: root.querySelector("[data-morph]"), button: root.querySelector("[data-pause]") });
    this.run = page.run(run);
    this.start = image < 0 ? this.run.latents.map(() => 0) : this.run.codes[image];
    this.pixels = page.pixels();
    Object.assign(this.canvas, { width: page.width, height: page.height });
    this.draw(0);
    watchView(this, this.canvas);
    this.button.addEventListener("click", () => (this.frame ? this.stop() : this.play()));
    if (page.reduced) this.stop();
    else this.play();
  }

  /** Draw the latent at a phase of its swing, 0 to 1. */
  draw(phase) {
    const z = this.start.slice();
    z[this.latent] = MORPH_REACH * Math.sin(2 * Math.PI * phase);
    this.canvas.getContext("2d").putImageData(this.page.decoder(this.run).paint(z, this.pixels), 0, 0);
  }

  play() {
    this.button.textContent = "Pause";
    const begun = performance.now();
    const advance = (now) => {
      if (this.inView) this.draw(((now - begun) / MORPH_MS) % 1);
      this.frame = requestAnimationFrame(advance);
    };
    this.frame = requestAnimationFrame(advance);
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.button.textContent = "Play";
  }
}

/** A slider over the betas, with the same test images above at each. */
class BetaSlider {
  constructor(root, page, { strength, stops }) {
    Object.assign(this, { page, strength, stops, canvas: root.querySelector("[data-images]"), slider: root.querySelector("[data-slider]") });
    this.beta = root.querySelector("[data-beta]");
    this.caption = root.querySelector("[data-caption]");
    this.columns = Math.min(SHOWN_IMAGES, page.data.num_images);
    this.slider.addEventListener("input", () => page.select(this.stop.run));
  }

  async start() {
    const { page } = this;
    this.images = await picture(page.data.images);
    this.sheets = await Promise.all(this.stops.map((stop) => picture(page.run(stop.run).sheet)));
    Object.assign(this.canvas, { width: this.columns * page.width, height: 2 * page.height });
    page.addEventListener("select", () => this.#follow());
    this.#follow();
  }

  get stop() {
    return this.stops[+this.slider.value];
  }

  draw() {
    const { canvas, columns, stop, page } = this, context = canvas.getContext("2d");
    page.drawRow(context, this.images, columns, 0, 0);
    page.drawRow(context, this.sheets[+this.slider.value], columns, -1, page.height);
    this.beta.textContent = stop.beta;
    this.caption.textContent = stop.caption;
    this.slider.setAttribute("aria-valuetext", `${this.strength} ${stop.beta}`);
  }

  /** Another part of the page selected a run: show its beta. */
  #follow() {
    const run = this.page.run(this.page.selected);
    const index = this.stops.findIndex((stop) => stop.beta === run?.beta && this.page.run(stop.run).objective === run.objective);
    if (index >= 0) this.slider.value = index;
    this.draw();
  }
}

WIDGETS.answers = async (root, page) => {
  const own = page.own(root);
  if (own.morph) page.morph = new Morph(root, page, own.morph);
  if (own.stops.length) await new BetaSlider(root, page, own).start();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (button) copyText(button.previousElementSibling.textContent, button);
});
