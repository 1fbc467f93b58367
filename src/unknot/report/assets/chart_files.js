/* A chart as a file: an SVG that needs nothing of the page, and its numbers as CSV. */
"use strict";

const CHART_MARGIN = 12;  // around a chart in a file
const CHART_STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity"];
const CHART_TEXT_STYLES = [...CHART_STYLES, "font-family", "font-size", "font-weight", "text-anchor", "paint-order", "stroke-linejoin"];

/** Two buttons that save a chart. */
function chartFileButtons(chart) {
  const { name, title } = chart.kind;
  const button = (format, save) => {
    const made = element("button", { type: "button", textContent: format, ariaLabel: `${format}: save ${title}` });
    made.addEventListener("click", save);
    return made;
  };
  return element("div", { className: "chart-files" },
    button("SVG", () => saveFile(new Blob([svgFile(chart)], { type: "image/svg+xml" }), `unknot-${name}.svg`)),
    button("CSV", () => saveFile(new Blob([csvFile(chart.kind.columns, chart.kind.rows())], { type: "text/csv" }), `unknot-${name}.csv`)));
}

/** The chart as text, with the colors of the light page on white. */
function svgFile({ svg, kind, width, height }) {
  const copy = svg.cloneNode(true), place = element("div", { className: "frame chart-copy" }, copy);
  for (const [name, value] of lightColors()) copy.style.setProperty(name, value);
  document.body.append(place);
  copy.querySelector(".halo").remove();
  for (const part of copy.querySelectorAll("*")) {
    const style = getComputedStyle(part);
    for (const name of part.tagName === "text" ? CHART_TEXT_STYLES : CHART_STYLES) part.setAttribute(name, style.getPropertyValue(name));
  }
  place.remove();
  for (const part of [copy, ...copy.querySelectorAll("*")]) {
    part.style.cssText = "";
    for (const name of ["style", "class", "role", "aria-label"]) part.removeAttribute(name);
  }
  const wide = width + 2 * CHART_MARGIN, high = height + 2 * CHART_MARGIN;
  const background = chartElement("rect", { x: -CHART_MARGIN, y: -CHART_MARGIN, width: wide, height: high, fill: "#fff" });
  copy.prepend(chartElement("title"), background);
  copy.firstChild.textContent = kind.title;
  copy.setAttribute("width", wide);
  copy.setAttribute("height", high);
  copy.setAttribute("viewBox", `${-CHART_MARGIN} ${-CHART_MARGIN} ${wide} ${high}`);
  return new XMLSerializer().serializeToString(copy);
}

/** The page's colors where it is not dark, whatever it is now: `[name, value]` of each. */
function lightColors() {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const { style } = rules.find((rule) => rule.selectorText === ":root");
  return [...style].filter((name) => name.startsWith("--")).map((name) => [name, style.getPropertyValue(name)]);
}

/** A table as text: a header, then a line for each row. */
function csvFile(columns, rows) {
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** A cell; text that a spreadsheet would take for a formula gets an apostrophe. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
