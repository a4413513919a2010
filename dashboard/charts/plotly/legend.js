// The names of a chart's series with their values: a click hides one, a double click isolates it.

import { listed, shortValue } from "./rows.js";

/** @typedef {{ hidden: Set<string>, toggle: (name: string) => void, isolate: (name: string) => void }} Choices */

/**
 * Draw the legend, with the values at the hovered x, else the last ones.
 * @param {HTMLElement} box
 * @param {any[]} traces in the theme's colours
 * @param {Choices} choices
 * @param {boolean} withValues
 */
export function drawLegend(box, traces, choices, withValues) {
  const named = namedSeries(traces), names = named.map((trace) => trace.name).join("\n");
  if (box.dataset.names !== names) {
    box.dataset.names = names;
    box.replaceChildren(...named.map((trace) => entry(trace.name, choices)));
  }
  named.forEach((trace, i) => {
    const button = /** @type {HTMLElement} */ (box.children[i]);
    const mark = /** @type {HTMLElement} */ (button.firstElementChild);
    mark.style.background = trace.line?.color ?? trace.marker?.color ?? "currentColor";
    mark.classList.toggle("dot", trace.mode === "markers");
    mark.dataset.dash = trace.line?.dash ?? "solid";
    button.setAttribute("aria-pressed", String(!choices.hidden.has(trace.name)));
  });
  showValues(box, traces, withValues ? null : undefined);
}

/**
 * Show the values at x after the names: null for the last of each series, undefined for none.
 * @param {HTMLElement} box
 * @param {any[]} traces
 * @param {number | string | null | undefined} x
 */
export function showValues(box, traces, x) {
  namedSeries(traces).forEach((trace, i) => {
    const shown = box.children[i]?.querySelector(".value");
    if (shown) shown.textContent = x === undefined ? "" : valueText(trace, x);
  });
}

/**
 * The value at x for display; where the series has no point there, as it ended before, the last one before x with its
 * own place.
 * @param {any} trace
 * @param {number | string | null} x
 */
export function valueText(trace, x) {
  const { value, at } = valueAt(trace, x);
  return typeof x === "number" && at !== undefined && at !== x ? `${shortValue(value)} at ${shortValue(at)}` : shortValue(value);
}

/**
 * The value of a series at x, or the last one before it, and its place: a run may have ended by then, and where x is
 * time no two runs have the same places. Without x it is the last one.
 * @param {any} trace
 * @param {number | string | null} x
 * @returns {{ value: any, at: any }}
 */
export function valueAt(trace, x) {
  const xs = listed(trace.x), ys = listed(trace.y);
  let i = x === null ? xs.length - 1 : xs.indexOf(x);
  if (i < 0 && typeof x === "number") i = xs.findLastIndex((one) => one <= x);
  if (i < 0) return { value: undefined, at: undefined };
  if (x === null || xs[i] !== x) while (i > 0 && ys[i] == null) i--;
  return { value: ys[i], at: xs[i] };
}

/** One trace for each name in the legend. @param {any[]} traces */
export function namedSeries(traces) {
  return traces.filter((trace) => trace.showlegend !== false && trace.name);
}

/** @param {string} name @param {Choices} choices */
function entry(name, choices) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "series";
  button.title = "Click to hide or show, double-click to isolate";
  const label = document.createElement("span"), value = document.createElement("span");
  label.textContent = name;
  value.className = "value";
  button.append(document.createElement("i"), label, value);
  let waiting = 0;
  button.onclick = (event) => {
    // A double click must not hide the series first: wait this long for a second click.
    clearTimeout(waiting);
    if (event.altKey || event.detail > 1) choices.isolate(name);
    else if (event.detail === 0) choices.toggle(name); // from the keyboard
    else waiting = setTimeout(() => choices.toggle(name), 220);
  };
  return button;
}
