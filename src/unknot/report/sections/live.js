/* Runs while they train, as the server tells of them: a card for each that is under way.

   Cards are added and never taken away, and nothing in them changes its size, so that the page
   stays where it is under the reader's eyes. */
const LIVE_AGAIN_MS = 2000, LIVE_STATES = ["training", "being scored"];
const LIVE_WIDTH = 200, LIVE_HEIGHT = 64, LIVE_TOP = 4;

class LiveCard {
  constructor(template) {
    this.root = template.content.firstElementChild.cloneNode(true);
    this.part = (name) => this.root.querySelector(`[data-${name}]`);
  }

  show(run) {
    this.part("title").textContent = run.title;
    const status = this.part("status"), progress = this.part("progress");
    status.textContent = run.status;
    status.classList.toggle("problem", run.state === "failed");
    Object.assign(progress, { max: run.steps, value: run.step });
    progress.setAttribute("aria-label", `Steps of ${run.title}`);
    this.#line(run, "distortion");
    this.#line(run, "rate");
    this.#bars(run);
    if (run.frame) this.#picture(run);
  }

  #picture({ title, frame }) {
    const image = this.part("picture");
    Object.assign(image, { width: frame.width, height: frame.height, src: frame.address, hidden: false });
    image.classList.toggle("live-wide", frame.width > 2 * frame.height);
    image.alt = `Test images, and below them what ${title} makes of them after step ${frame.step}`;
    this.part("caption").textContent = `Test images above, what the model makes of them below, after step ${liveNumber(frame.step)}`;
  }

  #value(name, text) {
    this.root.querySelector(`[data-value="${name}"]`).textContent = text;
  }

  #line(run, name) {
    const { steps, [name]: values } = run.curve, svg = this.root.querySelector(`[data-line="${name}"]`);
    const newest = values.length ? liveNumber(values.at(-1)) : "";
    this.#value(name, newest);
    svg.setAttribute("aria-label", `${name} of ${run.title} over its steps${newest && `, now ${newest} nats per image`}`);
    const low = Math.min(...values), span = Math.max(...values) - low || 1;
    const points = values.map((value, i) => [
      (LIVE_WIDTH * steps[i]) / run.steps,
      LIVE_HEIGHT - 2 - ((value - low) / span) * (LIVE_HEIGHT - LIVE_TOP),
    ]);
    svg.replaceChildren(liveShape("polyline", { points: points.map((point) => point.map((x) => x.toFixed(1)).join()).join(" ") }));
  }

  #bars(run) {
    const svg = this.part("bars"), most = Math.max(1, ...run.kl), width = LIVE_WIDTH / Math.max(1, run.kl.length);
    this.#value("kl", run.kl.length ? `up to ${liveNumber(Math.max(...run.kl))}` : "");
    svg.setAttribute("aria-label", `KL of each latent of ${run.title} in nats: ${run.kl.map(liveNumber).join(", ")}`);
    svg.replaceChildren(...run.kl.map((kl, i) => {
      const height = Math.max(0.5, (kl / most) * (LIVE_HEIGHT - LIVE_TOP));
      return liveShape("rect", { x: i * width + width * 0.1, width: width * 0.8, y: LIVE_HEIGHT - height, height });
    }));
  }
}

class LivePart {
  constructor(root, page) {
    this.root = root;
    this.template = root.querySelector("template");
    this.part = (name) => root.querySelector(`[data-${name}]`);
    this.cards = new Map();
    this.others = new Map();
    this.atFirst = null;
    this.tell(page.own(root));
    this.connect();
  }

  /** Hear from the server; the browser asks again by itself, but not where it was refused. */
  connect() {
    const source = new EventSource("events");
    source.onopen = () => this.#connection("", "live");
    source.onmessage = (event) => this.tell(JSON.parse(event.data));
    source.onerror = () => {
      this.#connection("lost", "The connection to unknot is lost; it is tried again. The runs do not need this page.");
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), LIVE_AGAIN_MS);
    };
  }

  /** Show what has changed. */
  tell({ sentence, is_finished: isFinished, runs }) {
    liveText(this.part("sentence"), sentence);
    for (const run of runs) this.#tellRun(run);
    const finished = [...this.states()].filter((state) => state === "finished").length;
    this.atFirst ??= finished;
    this.#offer(isFinished, finished - this.atFirst);
  }

  #tellRun(run) {
    const isUnderWay = LIVE_STATES.includes(run.state) || this.cards.has(run.name);
    if (isUnderWay) {
      this.others.get(run.name)?.remove();
      this.others.delete(run.name);
      if (!this.cards.has(run.name)) {
        this.cards.set(run.name, new LiveCard(this.template));
        this.part("cards").append(this.cards.get(run.name).root);
        this.part("explain").hidden = false;
      }
      this.cards.get(run.name).show(run);
      this.cards.get(run.name).root.dataset.state = run.state;
      return;
    }
    if (!this.others.has(run.name)) {
      this.others.set(run.name, element("li"));
      this.part("others").append(this.others.get(run.name));
    }
    const item = this.others.get(run.name);
    item.textContent = `${run.title}: ${run.status}`;
    item.className = run.state === "failed" ? "problem" : "";
    item.dataset.state = run.state;
  }

  *states() {
    for (const card of this.cards.values()) yield card.root.dataset.state;
    for (const item of this.others.values()) yield item.dataset.state;
  }

  /** Offer to load the page again, where that would show more. */
  #offer(isFinished, numNew) {
    this.part("more").hidden = !isFinished && numNew === 0;
    if (isFinished) {
      liveText(this.part("more-words"), "The report is written.");
      liveText(this.part("open"), "Open the report");
    } else {
      liveText(this.part("more-words"), numNew === 1 ? "A run has been finished since this page was opened." : `${numNew} runs have been finished since this page was opened.`);
      liveText(this.part("open"), "Show the report so far");
    }
  }

  #connection(state, text) {
    this.part("connection").className = `live-link ${state}`;
    liveText(this.part("connection"), text);
  }
}

/** Put text into an element, if it is another: readers of the screen hear of changes alone. */
function liveText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function liveNumber(value) {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}

function liveShape(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

WIDGETS.live = (root, page) => { new LivePart(root, page); };
