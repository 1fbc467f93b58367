/* What all parts of the page share: its data, the decoders, which run is selected, its address.

   A part of the page is an element with `data-widget="name"`; its script registers a function
   `WIDGETS.name = (root, page) => ...`, which is called once the document stands (it may return a
   promise). An element's own data lies in it as JSON, in an element with `data-own`. */
"use strict";

const WIDGETS = {};

class Page extends EventTarget {
  /** @param data what `script_data.py` wrote */
  constructor(data) {
    super();
    this.data = data;
    this.runs = data.runs;
    const [, height, width] = data.scale.shape;
    Object.assign(this, { height, width });
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.decoders = new Map();
    this.scale = { ...data.scale };
    for (const name of ["mean", "std"]) this.scale[name] = fromHalf(bytesOf(data.scale[name]));
    this.kernel = bytesOf(data.kernel);
    this.selected = null;
    document.addEventListener("click", (event) => this.#follow(event));
    addEventListener("hashchange", () => this.#arrive());
  }

  /** Call every part's function, from the top; each is painted before the next begins. */
  async start() {
    for (const root of document.querySelectorAll("[data-widget]")) {
      await WIDGETS[root.dataset.widget](root, this);
      root.dataset.ready = "yes";
      performance.mark(root.dataset.widget);
      await new Promise((done) => setTimeout(done));
    }
    if (this.selected) this.dispatchEvent(new Event("select")); // for those that came later
    this.#arrive();
  }

  run(name) {
    return this.runs.find((run) => run.name === name);
  }

  /** The decoder of a run that has one in the page, unpacked when it is first wanted. */
  decoder(run) {
    if (!this.decoders.has(run)) this.decoders.set(run, new Decoder(run.model, this.scale, this.kernel));
    return this.decoders.get(run);
  }

  /** Pixels of an image's size, for a decoder to paint. */
  pixels() {
    return new ImageData(this.width, this.height);
  }

  /** Draw the first images of a row of a sheet, whose images may be smaller than the page's.
      @param columns how many; @param row from 0, or from -1 backwards; @param top where to draw it */
  drawRow(context, sheet, columns, row, top) {
    const { width, height } = this, wide = sheet.width / this.data.num_images;
    const tall = Math.round((height * wide) / width), at = row < 0 ? sheet.height + row * tall : row * tall;
    context.drawImage(sheet, 0, at, columns * wide, tall, 0, top, columns * width, height);
  }

  /** The data that a part carries with it. */
  own(root) {
    return JSON.parse(root.querySelector("script[data-own]").textContent);
  }

  /** Make a run the one that the page is about; every part hears of it as "select". */
  select(name) {
    if (name === this.selected || !this.run(name)) return;
    this.selected = name;
    this.dispatchEvent(new Event("select"));
  }

  /** What the address asks for, `#name=value&name=value`. */
  get asked() {
    return new URLSearchParams(this.fragment);
  }

  /** Put a fragment into the address, where the page has one; every part can read it as `asked`.
      With `step`, the browser's Back leads to where the reader was before. */
  write(fragment, { step = false } = {}) {
    this.fragment = fragment;
    try {
      if (step) history.pushState(null, "", `#${fragment}`);
      else history.replaceState(null, "", `#${fragment}`);
    } catch (error) {
      // in a frame without an address of its own the fragment is kept here alone
    }
  }

  /** An address that leads to `fragment`; the fragment alone where the page has no address. */
  link(fragment) {
    return location.protocol === "about:" ? `#${fragment}` : `${location.href.split("#")[0]}#${fragment}`;
  }

  /** Bring an element into view and move the keyboard there. */
  show(element) {
    for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    element.scrollIntoView({ behavior: this.reduced ? "auto" : "smooth", block: "start" });
    if (!element.hasAttribute("tabindex")) element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }

  /** Links within the page are followed here: in a notebook's frame the browser cannot. */
  #follow(event) {
    const link = event.target.closest?.("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.write(link.getAttribute("href").slice(1), { step: true });
    this.#heed();
  }

  #arrive() {
    const fragment = location.hash.slice(1);
    if (fragment === this.fragment) return;
    this.fragment = fragment;
    if (fragment) this.#heed();
  }

  /** Go where the address leads: to an element, or to what a part makes of it ("address"). */
  #heed() {
    const element = document.getElementById(decodedText(this.fragment));
    if (element) this.show(element);
    else this.dispatchEvent(new Event("address"));
  }
}

/** Text of an address; as it stands where it is damaged. */
function decodedText(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    return text;
  }
}

/** Put text on the clipboard; says on the button for a moment whether that went well. */
async function copyText(text, button) {
  const copied = (await copyToClipboard(text)) || copyBySelection(text, button);
  button.dataset.label ??= button.textContent;
  button.textContent = copied ? "Copied" : "Your browser does not let this page copy";
  clearTimeout(button.relabel);
  button.relabel = setTimeout(() => { button.textContent = button.dataset.label; }, 1500);
}

/** Whether the browser took the text; it is not even asked where the frame's policy says no. */
async function copyToClipboard(text) {
  if (document.featurePolicy?.allowsFeature("clipboard-write") === false) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (error) {
    return false;
  }
}

/** The older way, which works in frames that have no clipboard; the keyboard stays on the button. */
function copyBySelection(text, button) {
  const field = element("textarea", { value: text, readOnly: true, className: "unseen" });
  button.after(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  button.focus({ preventScroll: true });
  return copied;
}

/** Offer a file for download. */
function saveFile(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Keep `thing.inView` true to what the reader sees of an element; calls `thing.seen()` on entering. */
function watchView(thing, element) {
  new IntersectionObserver(([entry]) => {
    thing.inView = entry.isIntersecting;
    if (thing.inView) thing.seen?.();
  }).observe(element);
}

/** An element with properties, dataset entries under `data`, and children. */
function element(tag, { data = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

/** A picture from a data address, once it can be drawn. */
function picture(source) {
  const image = new Image();
  return new Promise((done, failed) => {
    image.onload = () => done(image);
    image.onerror = () => failed(new Error("a picture of the page cannot be shown"));
    image.src = source;
  });
}

addEventListener("DOMContentLoaded", () => {
  window.page = new Page(JSON.parse(document.getElementById("data").textContent));
  window.page.start();
});
