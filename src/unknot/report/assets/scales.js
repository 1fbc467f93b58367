/* Numbers of charts: how they are written, and axes with round ticks, linear and logarithmic. */
"use strict";

const CHART_LETTER = 6.7;  // pixels, of the charts' text
const WHOLE_NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SMALL_NUMBERS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** A number with thousands set apart and about four digits that count. */
function numberText(value) {
  if (value === null || value === undefined) return "not known";
  return (Math.abs(value) >= 1000 ? WHOLE_NUMBERS : SMALL_NUMBERS).format(value);
}

/** A number with so many decimals. */
function fixedText(value, decimals) {
  return value === null ? "not known" : value.toFixed(decimals);
}

/** A text cut to a length. */
function shortened(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** How wide a text is, about. */
function textWidth(text) {
  return text.length * CHART_LETTER;
}

/** Even distances. */
class LinearScale {
  /** @param domain lowest and highest value; @param range where they are drawn */
  constructor([low, high], [start, end]) {
    const [least, most] = low < high ? [low, high] : [low - 0.5, low + 0.5];
    Object.assign(this, { low: least, high: most, start, end });
  }

  at(value) {
    return this.start + (value - this.low) / (this.high - this.low) * (this.end - this.start);
  }

  /** About `count` round values: steps of 1, 2 or 5 times a power of ten. */
  ticks(count) {
    const rough = (this.high - this.low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = [10, 5, 2, 1].find((factor) => rough / power >= factor / Math.SQRT2 || factor === 1) * power;
    const first = Math.ceil(this.low / step - 1e-9), last = Math.floor(this.high / step + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, i) => +((first + i) * step).toPrecision(12));
  }
}

/** Even ratios; a value of 0 has a place of its own at the lower end. */
class LogScale {
  /** @param values that have to find a place; @param range of pixels */
  constructor(values, range) {
    const positive = values.filter((value) => value > 0);
    const [low, high] = positive.length ? [Math.min(...positive), Math.max(...positive)] : [1, 10];
    this.hasZero = values.includes(0);
    this.zero = Math.log10(low) - 1;
    const room = Math.max(0.08 * Math.log10(high / low), 0.15);
    const least = (this.hasZero ? this.zero : Math.log10(low)) - room;
    this.linear = new LinearScale([least, Math.log10(high) + room], range);
  }

  at(value) {
    return this.linear.at(value > 0 ? Math.log10(value) : this.zero);
  }

  /** At most `count` powers of ten; with 2 and 5 times them where there is room. */
  ticks(count) {
    const { low, high } = this.linear;
    const lowest = this.hasZero ? this.zero + 0.5 : low;
    const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
    const within = (value) => Math.log10(value) >= lowest && Math.log10(value) <= high;
    const all = (factors) => decades.flatMap((power) => factors.map((factor) => +(factor * 10 ** power).toPrecision(3))).filter(within);
    const fine = all([1, 2, 5]);
    let ticks = fine.length <= count ? fine : all([1]);
    const every = Math.ceil(ticks.length / count);
    ticks = ticks.filter((_, i) => i % every === 0);
    return this.hasZero ? [0, ...ticks] : ticks;
  }
}

/** Places for texts of one line each below another, as near as possible to where they belong. */
function spreadOut(places, height, [top, bottom]) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const spread = [...places];
  let least = top;
  for (const i of order) least = (spread[i] = Math.max(places[i], least)) + height;
  let most = bottom;
  for (const i of order.reverse()) most = (spread[i] = Math.min(spread[i], most)) - height;
  return spread;
}
