// A chart's view as parameters of the address: the ranges that were zoomed to, the hidden series, and the log switch.

/** @typedef {{ ranges: Record<string, number[]>, hidden: string[], log: boolean | null }} Linked */

const DIGITS = 5;

/**
 * Whether an axis is logarithmic while the switch says `log`, null for as the figure was made.
 * @param {any} layout
 * @param {string} name
 * @param {boolean | null} log
 */
const isLog = (layout, name, log) => (log !== null && layout.meta.log.includes(name) ? log : layout[name].type === "log");

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(DIGITS)));

/**
 * The parameters of a view: `GROUP.x=10_20` in the axis's own values, `GROUP.hide` with the names of series, `GROUP.log`.
 * @param {string} group
 * @param {any} layout
 * @param {Linked} view
 * @returns {Record<string, string>}
 */
export function toAddress(group, layout, { ranges, hidden, log }) {
  /** @type {Record<string, string>} */
  const texts = {};
  for (const [name, range] of Object.entries(ranges)) {
    if (!layout[name]) continue;
    const values = range.map(Number).map((value) => (isLog(layout, name, log) ? 10 ** value : value));
    texts[`${group}.${name.replace("axis", "")}`] = values.map(short).join("_");
  }
  if (hidden.length) texts[`${group}.hide`] = hidden.map((name) => name.replace(/[%,]/g, encodeURIComponent)).join(",");
  if (log !== null) texts[`${group}.log`] = log ? "1" : "0";
  return texts;
}

/**
 * The view that the parameters describe; what they have no meaning for is left out.
 * @param {string} group
 * @param {any} layout
 * @param {Record<string, string>} texts
 * @returns {Linked}
 */
export function fromAddress(group, layout, texts) {
  const log = layout.meta.log.length && /^[01]$/.test(texts[`${group}.log`] ?? "") ? texts[`${group}.log`] === "1" : null;
  /** @type {Linked} */
  const view = { ranges: {}, hidden: [], log };
  for (const [name, text] of Object.entries(texts)) {
    const part = name.slice(group.length + 1), axis = part.replace(/^([xy])(\d*)$/, "$1axis$2");
    if (part === "hide") view.hidden = text.split(",").map(plain);
    if (axis === part || !layout[axis]) continue;
    const range = text.split("_").map(Number).map((value) => (isLog(layout, axis, log) ? Math.log10(value) : value));
    if (range.length === 2 && range.every(Number.isFinite) && range[0] !== range[1]) view.ranges[axis] = range;
  }
  return view;
}

/** @param {string} name */
function plain(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
