/* The blind test: which of two strips moves along a latent, or which beta changes fewer things.

   Which strip is which is known to the objects of this script alone until all is answered: the two
   strips are made alike, and their sides are drawn when a trial begins. */
"use strict";

const BLIND_PICTURES = 7;
const BLIND_PAUSE_MS = 200; // in which a second click does not answer the next trial
const BLIND_FORMAT = 1, BLIND_KINDS = ["latents", "betas"], BLIND_HEAD = 14; // bytes before the answers
const BLIND_LEVEL = 0.05, BLIND_SEES = 0.75; // a reader who is right in three trials of four

class BlindTests {
  constructor(root, page) {
    Object.assign(this, { root, page, ...page.own(root) });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.log = new BlindLog();
    this.#fill();
    this.find("stop").addEventListener("click", () => this.#offer());
    this.find("trial").addEventListener("keydown", (event) => this.#press(event));
    page.addEventListener("address", () => this.#open());
    page.addEventListener("select", () => this.#follow());
  }

  #fill() {
    for (const kind of this.root.querySelectorAll("[data-kind]")) {
      const select = kind.querySelector("select");
      const tests = this.tests.filter((test) => test.kind === kind.dataset.kind);
      select.append(...tests.map((test) => element("option", { value: test.digest, textContent: test.title })));
      if (tests.some((test) => test.digest === this.first)) select.value = this.first;
      kind.querySelector("[data-begin]").addEventListener("click", () => {
        this.begin(tests.find((test) => test.digest === select.value));
      });
    }
  }

  /** Offer the latents of the run that the page is about. */
  #follow() {
    const test = this.tests.find(({ kind, runs }) => kind === "latents" && runs[0] === this.page.selected);
    if (test) this.root.querySelector("[data-kind=latents] select").value = test.digest;
  }

  #see(name) {
    for (const part of ["choices", "trial", "result"]) this.find(part).hidden = part !== name;
  }

  #offer() {
    this.current = null;
    this.#see("choices");
    this.root.querySelector("[data-begin]").focus();
  }

  /** Give a test from its first trial on, the trials in random order. */
  begin(test) {
    const order = test.trials.map((_, i) => [blindRandom(), i]).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
    this.current = { test, order, answers: new Array(order.length), at: 0 };
    this.#see("trial");
    this.find("question").textContent = test.kind === "latents"
      ? "Which of the two changes only one thing?" : "Which of the two changes fewer things at once?";
    this.find("progress").max = order.length;
    this.#next();
    this.page.show(this.find("trial"));
  }

  #next() {
    const { test, order, at } = this.current;
    const trial = test.trials[order[at]];
    this.current.swapped = blindRandom() % 2 === 1;
    this.current.since = performance.now();
    const sides = this.current.swapped ? [1, 0] : [0, 1];
    this.find("count").textContent = `${at + 1} of ${order.length}`;
    this.find("progress").value = at;
    this.find("strips").replaceChildren(...sides.map((side, place) => this.#strip(test, trial, side, place)));
  }

  /** A button with seven pictures along a line through the codes. */
  #strip(test, trial, side, place) {
    const { width, height } = this.page, gap = Math.round(width / 16);
    const canvas = element("canvas", { width: BLIND_PICTURES * (width + gap) - gap, height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Row ${place + 1}: seven pictures from one end to the other`);
    canvas.style.maxWidth = `${Math.max(1, Math.round(128 / width)) * canvas.width}px`;
    const context = canvas.getContext("2d"), image = this.page.pixels();
    const decoder = this.page.decoder(this.page.run(test.runs[side]));
    const [start, end] = trial.strips[side];
    for (let i = 0; i < BLIND_PICTURES; i++) {
      const share = i / (BLIND_PICTURES - 1);
      decoder.paint(start.map((value, k) => (1 - share) * value + share * end[k]), image);
      context.putImageData(image, i * (width + gap), 0);
    }
    const button = element("button", { type: "button", className: "blind-strip" }, element("span", { textContent: place + 1 }), canvas);
    button.addEventListener("click", () => this.#answer(place));
    return button;
  }

  #press(event) {
    const place = { 1: 0, ArrowUp: 0, ArrowLeft: 0, 2: 1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (place === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat) this.#answer(place);
  }

  #answer(place) {
    const current = this.current;
    if (!current || performance.now() - current.since < BLIND_PAUSE_MS) return;
    current.answers[current.order[current.at]] = (place === 0) !== current.swapped; // the first strip
    current.at += 1;
    if (current.at < current.order.length) {
      this.#next();
      this.find("trial").focus({ preventScroll: true });
      return;
    }
    this.current = null;
    const { reader, attempt } = this.log.finish(current.test.digest);
    this.#tell({ test: current.test, reader, attempt, answers: current.answers }, true);
  }

  /** Show the result of whoever made the page's address. */
  #open() {
    const code = this.page.asked.get("blind");
    if (code === null) return;
    const given = blindRead(code);
    const test = given && this.tests.find((one) => one.digest === given.digest && one.kind === given.kind && one.trials.length === given.answers.length);
    if (test) return this.#tell({ test, ...given }, false);
    const problem = given
      ? "The answers in this address are about other models than those of this page."
      : "The answers in this address are damaged: copy the whole link again.";
    this.#result([element("p", { className: "problem", textContent: problem }), this.#buttons(null)]);
  }

  #result(parts) {
    this.find("result").replaceChildren(...parts);
    this.#see("result");
    this.page.show(this.find("result"));
  }

  /** @param own whether these are the answers of whoever reads the page */
  #tell(given, own) {
    const { test, answers, attempt } = given, isLatents = test.kind === "latents";
    const choices = answers.map((first) => first === isLatents); // of the latent, or of the second model
    const chosen = choices.filter(Boolean).length, num = choices.length;
    const say = (text, className = "") => element("p", { textContent: text, className });
    const parts = [element("h3", { textContent: own ? `Your result: ${test.title}` : `The result of somebody else: ${test.title}` })];
    if (!own) parts.push(say("It comes with the link that you opened. The answers are not yours.", "soft"));
    parts.push(say(`${own ? "You" : "They"} chose ${isLatents ? "the latent" : test.titles[1]} in ${chosen} of ${num} pairs.`, "blind-score"));
    parts.push(...(isLatents ? blindAboutLatents(chosen, num, own) : blindAboutBetas(chosen, num, test, own)).map((text) => say(text)));
    if (attempt > 1) parts.push(say(`This was attempt ${attempt}${attempt === 255 ? " or more" : ""} with the same images. It counts less than the first one, because the images were known, and unknot does not pool it with other readers.`));
    parts.push(this.#table(test, choices), ...(own ? this.#share(given) : []), this.#buttons(own ? test : null));
    this.#result(parts);
  }

  /** How often each latent was chosen, or the second model for each pair of latents. */
  #table(test, choices) {
    const counts = new Map();
    test.trials.forEach(({ latent, partner }, i) => {
      const key = partner === null ? `latent ${latent}` : `latent ${latent} and latent ${partner}`;
      const count = counts.get(key) || { latent, partner, chosen: 0, num: 0 };
      counts.set(key, { ...count, chosen: count.chosen + choices[i], num: count.num + 1 });
    });
    const rows = [...counts].sort((a, b) => a[1].latent - b[1].latent).map(([name, { latent, chosen, num }]) => {
      const known = this.page.run(test.runs[0]).latents.find((one) => one.index === latent);
      const label = known && known.label && test.kind === "latents" ? `${name}: ${known.label}` : name;
      return element("tr", {}, element("td", { textContent: label }), element("td", { className: "number", textContent: `${chosen} of ${num}` }));
    });
    const heads = test.kind === "latents" ? ["latent", "chosen"] : [`of ${test.titles[0]} and of ${test.titles[1]}`, `${test.titles[1]} chosen`];
    const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text })));
    return element("div", { className: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }

  /** The link that holds the answers, and the command that pools several. */
  #share(given) {
    const code = blindWrite(given);
    const link = element("input", { readOnly: true, value: this.page.link(`blind=${code}`) });
    link.setAttribute("aria-label", "Link with your answers");
    link.addEventListener("focus", () => link.select());
    const copy = element("button", { type: "button", textContent: "Copy link" });
    copy.addEventListener("click", () => copyText(link.value, copy));
    return [
      element("p", { textContent: "This link holds your answers. Several readers' links are put together by the command below." }),
      element("p", { className: "blind-link" }, link, copy),
      element("pre", { textContent: `${this.command} ${code}`, tabIndex: 0 }),
    ];
  }

  /** @param test to do again, or null where somebody else did it */
  #buttons(test) {
    const back = element("button", { type: "button", textContent: test ? "Choose another test" : "Take the test yourself" });
    back.addEventListener("click", () => this.#offer());
    const buttons = element("div", { className: "controls" }, back);
    if (test) {
      const again = element("button", { type: "button", textContent: "Do it again" });
      again.addEventListener("click", () => this.begin(test));
      buttons.prepend(again);
      buttons.append(element("span", { className: "soft", textContent: "You know these images now, so a repeat counts less." }));
    }
    return buttons;
  }
}

/** Who reads here, and how often each test was finished; kept by the browser where it may. */
class BlindLog {
  constructor() {
    this.memory = new Map();
  }

  #read(key) {
    try {
      return localStorage.getItem(`unknot blind ${key}`) ?? this.memory.get(key);
    } catch (error) {
      return this.memory.get(key); // in a frame that may keep nothing
    }
  }

  #write(key, value) {
    this.memory.set(key, value);
    try {
      localStorage.setItem(`unknot blind ${key}`, value);
    } catch (error) {
      // kept until the page is closed
    }
  }

  /** Count a finished attempt; gives its number and that of the reader. */
  finish(digest) {
    const reader = Number(this.#read("reader") ?? blindRandom()) >>> 0;
    const attempt = Math.min(255, (Number(this.#read(digest)) || 0) + 1);
    this.#write("reader", reader);
    this.#write(digest, attempt);
    return { reader, attempt };
  }
}

/** 32 random bits. */
function blindRandom() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** Share of readers who are right at least so often, if each trial is right with probability `p`. */
function blindTail(least, num, p) {
  let total = 0;
  for (let k = least; k <= num; k++) {
    let ways = 1;
    for (let i = 0; i < k; i++) ways *= (num - i) / (i + 1);
    total += ways * p ** k * (1 - p) ** (num - k);
  }
  return Math.min(1, total);
}

/** How often guessing gets as far, in words. */
function blindOften(p) {
  const exact = p < 0.0005 ? "p < .001" : `p = ${p.toFixed(p < 0.1 ? 3 : 2).replace(/^0/, "")}`;
  if (p > 0.995) return `every time (${exact})`;
  return p < 0.1 ? `in one of ${Math.round(1 / p).toLocaleString("en")} tests (${exact})` : `in ${Math.round(100 * p)}% of all tests (${exact})`;
}

function blindAboutLatents(chosen, num, own) {
  const p = blindTail(chosen, num, 0.5), [You, you] = own ? ["You", "you"] : ["They", "they"];
  const lead = `Somebody who only guesses gets that far or further ${blindOften(p)}.`;
  if (p <= BLIND_LEVEL) {
    return [lead, `${You} can tell these latents from random directions. This does not say that a latent means one thing, that a name for it is right, or that beta did it.`];
  }
  let least = 0;
  while (blindTail(least, num, 0.5) > BLIND_LEVEL) least++;
  const power = Math.round(100 * blindTail(least, num, BLIND_SEES));
  return [lead, `So there is no sign that ${you} can tell these latents from random directions; what ${you} would say of a latent may be ${own ? "your" : "their"} bias. It is no proof either: with ${num} pairs, even somebody who sees it three times out of four passes in only ${power}% of tests. More readers make it clearer.`];
}

function blindAboutBetas(chosen, num, test, own) {
  const p = Math.min(1, 2 * blindTail(Math.max(chosen, num - chosen), num, 0.5)), you = own ? "You" : "They";
  const lead = `Random choices are at least this uneven ${blindOften(p)}.`;
  const preferred = chosen > num - chosen ? test.titles[1] : test.titles[0];
  const finding = p <= BLIND_LEVEL ? `${you} prefer ${preferred}.` : `${you} show no clear preference.`;
  return [lead, `${finding} Nobody is right or wrong here: it does not say that the latents of one model mean more, and pictures that are less sharp can seem to change less.`];
}

/** Answers as text for an address; `blind/answers.py` says what the bytes are. */
function blindWrite({ test, reader, attempt, answers }) {
  const digest = test.digest.match(/../g).map((pair) => parseInt(pair, 16));
  const bytes = [BLIND_FORMAT, BLIND_KINDS.indexOf(test.kind), ...digest];
  for (let shift = 24; shift >= 0; shift -= 8) bytes.push((reader >>> shift) & 255);
  bytes.push(attempt, answers.length);
  for (let i = 0; i < answers.length; i += 8) {
    bytes.push([0, 1, 2, 3, 4, 5, 6, 7].reduce((byte, k) => byte | (answers[i + k] ? 128 >> k : 0), 0));
  }
  bytes.push(...blindChecksum(bytes));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Answers from such text; null where it is damaged. */
function blindRead(code) {
  if (!/^[A-Za-z0-9_-]{20,40}$/.test(code) || code.length % 4 === 1) return null;
  const bytes = [...bytesOf(code.replace(/-/g, "+").replace(/_/g, "/"))], body = bytes.slice(0, -2);
  const [format, kind, ...rest] = body, attempt = body[BLIND_HEAD - 2], num = body[BLIND_HEAD - 1];
  const isWhole = body.length === BLIND_HEAD + Math.ceil(num / 8) && format === BLIND_FORMAT && attempt > 0;
  if (!isWhole || !BLIND_KINDS[kind] || String(blindChecksum(body)) !== String(bytes.slice(-2))) return null;
  return {
    kind: BLIND_KINDS[kind],
    digest: rest.slice(0, 6).map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    reader: rest.slice(6, 10).reduce((number, byte) => number * 256 + byte, 0),
    attempt,
    answers: Array.from({ length: num }, (_, i) => ((body[BLIND_HEAD + (i >> 3)] >> (7 - (i & 7))) & 1) === 1),
  };
}

/** Sums of the bytes, and of these sums (Fletcher 1982), modulo 255, from 1 on. */
function blindChecksum(bytes) {
  let first = 1, second = 0;
  for (const byte of bytes) {
    first = (first + byte) % 255;
    second = (second + first) % 255;
  }
  return [first, second];
}

WIDGETS.blind = (root, page) => { new BlindTests(root, page); };
