// A figure in the colours of the app's theme. Figures are built in those of the light theme (aecore/plots/style.py).

import { classColors } from "../../../aecore/viewer/js/theme.js";

/** @typedef {{ palette: string[], ink: string, muted: string, grid: string, paper: string, panel: string, dark: boolean, font: string }} Theme */

/** The colours that figures are built in: class colours, ink, muted ink, grid, paper. */
export const MADE_IN = {
  palette: ["#4477AA", "#DD6A22", "#116400", "#A02E74", "#5135CE", "#92684B", "#1FA1C0", "#999667", "#8C4857", "#7C7C7D"],
  ink: "#1B2028",
  muted: "#5A6270",
  grid: "#E3E6EB",
  paper: "#FFFFFF",
};

/**
 * The theme from the page's style.
 * @param {Element} root
 * @returns {Theme}
 */
export function readTheme(root) {
  const style = getComputedStyle(root), of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const paper = of("--st-background-color") || MADE_IN.paper, ink = of("--st-text-color") || MADE_IN.ink;
  const dark = luminance(paper) < 0.5;
  return {
    palette: classColors(root),
    ink,
    muted: mix(ink, paper, 0.32),
    grid: mix(ink, paper, dark ? 0.84 : 0.89),
    paper,
    panel: of("--st-secondary-background-color") || paper,
    dark,
    font: of("--st-font") || MADE_FONT,
  };
}

const MADE_FONT = "system-ui, sans-serif";

/**
 * A copy of plain data with the colours of the light theme replaced; `rgba(…)` of a palette colour keeps its opacity.
 * @template T
 * @param {T} value
 * @param {Theme} theme
 * @returns {T}
 */
export function recolor(value, theme) {
  const table = new Map();
  MADE_IN.palette.forEach((color, i) => table.set(channels(color).join(), theme.palette[i % theme.palette.length]));
  for (const name of /** @type {const} */ (["ink", "muted", "grid", "paper"])) table.set(channels(MADE_IN[name]).join(), theme[name]);
  /** @param {any} part @returns {any} */
  const visit = (part) => {
    if (typeof part === "string") return colored(part, table);
    if (Array.isArray(part)) return part.map(visit); // a copy: plotly writes a zoom into the range it was given
    if (part && typeof part === "object" && !ArrayBuffer.isView(part)) {
      return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, DATA.has(name) ? inner : visit(inner)]));
    }
    return part;
  };
  return visit(value);
}

/** Keys that hold data, not colours. */
const DATA = new Set(["x", "y", "z", "text", "customdata", "values", "bdata", "meta"]);

/** @param {string} text @param {Map<string, string>} table */
function colored(text, table) {
  if (!/^(#[0-9a-f]{6}|rgba?\([\d\s.,]+\))$/i.test(text)) return text;
  const [red, green, blue, alpha = 1] = channels(text);
  const found = table.get([red, green, blue].join());
  if (!found || alpha === 1) return found ?? text;
  return `rgba(${channels(found).slice(0, 3).join(",")},${alpha})`;
}

/**
 * Red, green, blue from 0 to 255, and the opacity if given.
 * @param {string} text `#rgb`, `#rrggbb` or `rgb(a)(…)`
 * @returns {number[]}
 */
export function channels(text) {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  if (short) return short.slice(1).map((digit) => parseInt(digit + digit, 16));
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(text);
  if (long) return long.slice(1).map((pair) => parseInt(pair, 16));
  return (text.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
}

/** @param {string} color @returns {number} from 0 to 1 */
export function luminance(color) {
  const [red, green, blue] = channels(color);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

/**
 * @param {string} first
 * @param {string} second
 * @param {number} share of the second, from 0 to 1
 */
export function mix(first, second, share) {
  const a = channels(first), b = channels(second);
  return `rgb(${[0, 1, 2].map((i) => Math.round(a[i] * (1 - share) + b[i] * share)).join(",")})`;
}
