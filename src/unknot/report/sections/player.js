/* Reconstructions over training: one timeline for every beta, drawn from still sheets. */
"use strict";

const FRAME_MS = 250, LAST_MS = 1600;

class Player {
  /** @param root the section; @param page what all parts share */
  constructor(root, page) {
    const { data } = page;
    this.page = page;
    this.slider = root.querySelector("[data-steps]");
    this.button = root.querySelector("[data-play]");
    this.label = root.querySelector("[data-step]");
    this.steps = data.steps;
    this.columns = data.num_images;
    this.views = [];
    this.slider.max = this.steps.length - 1;
    this.slider.value = this.slider.max;
    this.slider.addEventListener("input", () => { this.stop(); this.draw(); });
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
  }

  /** Open every sheet and draw the last step. */
  async start(root, data) {
    const originals = await picture(data.images);
    for (const canvas of root.querySelectorAll("canvas[data-run]")) {
      const run = data.runs.find((one) => one.name === canvas.dataset.run);
      canvas.width = this.columns * this.page.width;
      canvas.height = 2 * this.page.height;
      this.views.push({ canvas, originals, sheet: await picture(run.sheet) });
    }
    this.draw();
  }

  draw() {
    const index = +this.slider.value, { page, columns } = this;
    for (const { canvas, originals, sheet } of this.views) {
      const context = canvas.getContext("2d");
      page.drawRow(context, originals, columns, 0, 0);
      page.drawRow(context, sheet, columns, index, page.height);
    }
    const text = `step ${this.steps[index].toLocaleString("en")}`;
    this.label.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }

  play() {
    if (+this.slider.value === +this.slider.max) this.slider.value = 0;
    this.button.textContent = "Pause";
    const advance = () => {
      this.slider.value = (+this.slider.value + 1) % this.steps.length;
      this.draw();
      this.timer = setTimeout(advance, +this.slider.value === +this.slider.max ? LAST_MS : FRAME_MS);
    };
    this.timer = setTimeout(advance, FRAME_MS);
    this.draw();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.textContent = "Play";
  }
}

WIDGETS.player = (root, page) => new Player(root, page).start(root, page.data);
