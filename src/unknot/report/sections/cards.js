/* Cards of the latents: those of one run at a time, and an address for each card. */
"use strict";

class LatentCards {
  /** @param root the section; @param page what all parts share */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.choice = root.querySelector("[data-choice]");
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
    if (!group) return;
    this.show(name);
    this.page.select(name);
    for (const marked of this.root.querySelectorAll("[aria-current]")) marked.removeAttribute("aria-current");
    const card = [...group.querySelectorAll("[data-card]")].find((each) => each.dataset.card === key);
    card?.setAttribute("aria-current", "true");
    this.page.show(card ?? group.querySelector("[data-collapsed]") ?? group);
  }
}

WIDGETS.cards = (root, page) => { new LatentCards(root, page); };
