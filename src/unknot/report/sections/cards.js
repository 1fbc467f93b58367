/* Cards of the latents: those of one run at a time, and an address for each card. */
"use strict";

class LatentCards {
  /** @param root the section; @param page what all parts share */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.choice = root.querySelector("[data-choice]");
    this.unknown = root.querySelector("[data-unknown]");
    this.choice.closest("[hidden]").hidden = this.choice.options.length < 2;
    this.choice.addEventListener("change", () => { this.show(this.choice.value); page.select(this.choice.value); });
    page.addEventListener("select", () => this.show(page.selected));
    page.addEventListener("address", () => this.follow(page.asked.get("latent")));
    for (const button of root.querySelectorAll("[data-link]")) {
      button.hidden = false;
      button.addEventListener("click", () => copyText(page.link(button.dataset.link), button));
    }
  }

  /** Show the cards of a run and hide the others. */
  show(name) {
    this.choice.value = name;
    for (const group of this.root.querySelectorAll("[data-cards]")) group.hidden = group.dataset.cards !== name;
  }

  /** Go to the card that an address asks for, or to the line that says why there is none. */
  follow(key) {
    if (key === null) return;
    const name = key.slice(0, key.lastIndexOf("/"));
    const group = [...this.root.querySelectorAll("[data-cards]")].find((each) => each.dataset.cards === name);
    const isThere = group && this.page.run(name).latents.some((latent) => `${name}/${latent.index}` === key);
    for (const marked of this.root.querySelectorAll("[aria-current]")) marked.removeAttribute("aria-current");
    this.#tell(isThere ? "" : `This page has no latent called ${plainText(key)}, which its address asks for; choose one below.`);
    if (!isThere) return this.page.show(this.unknown);
    this.show(name);
    this.page.select(name);
    const card = [...group.querySelectorAll("[data-card]")].find((each) => each.dataset.card === key);
    card?.setAttribute("aria-current", "true");
    this.page.show(card ?? group.querySelector("[data-collapsed]") ?? group);
  }

  #tell(text) {
    this.unknown.textContent = text;
    this.unknown.hidden = !text;
  }
}

/** A name of somebody else's on one line: cut, and without what turns text around. */
function plainText(name) {
  const text = name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

WIDGETS.cards = (root, page) => { new LatentCards(root, page); };
