// Colours of the theme, which stand in CSS variables of the page.

/** @import { Rgb, Theme } from "./types.js" */

import { context2d, element } from "./dom.js";

const RAMPS = {
  light: { error: ["#9fb3d1", "#e8702c", "#7a1020"], unit: ["#2257b0", "#c3c7ce", "#d9541e"], ground: "#ffffff" },
  dark: { error: ["#3d4f70", "#ee7733", "#ffeccb"], unit: ["#77aaff", "#4a505c", "#ff9a57"], ground: "#101318" },
};
const FALLBACK = "#4477AA,#DD6A22,#116400,#A02E74,#5135CE,#92684B,#1FA1C0,#999667,#8C4857,#7C7C7D";

/**
 * A list of CSS colours, of which some may have commas of their own.
 * @param {string} text
 */
export const colorList = (text) => text.split(/,(?![^(]*\))/).map((color) => color.trim());

/**
 * The theme's class colours, as CSS has them.
 * @param {Element} root
 */
export const classColors = (root) =>
  colorList(getComputedStyle(root).getPropertyValue("--st-chart-categorical-colors").trim() || FALLBACK);

/** @type {CanvasRenderingContext2D | null} */
let reader = null;

/**
 * Any CSS colour.
 * @param {string} color
 * @returns {Rgb}
 */
export function toRgb(color) {
  if (/^#[0-9a-f]{6}$/i.test(color)) return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  reader ??= context2d(element("canvas"));
  reader.fillStyle = "#808080";
  reader.fillStyle = color.trim();
  const text = reader.fillStyle; // as the browser writes it: #rrggbb or rgba(…)
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  return (text.match(/[\d.]+/g) ?? [128, 128, 128]).slice(0, 3).map(Number);
}

/** @param {Rgb} rgb */
export const toCss = (rgb) => `rgb(${rgb.map(Math.round).join(" ")})`;

/**
 * @param {Element} root
 * @returns {Theme}
 */
export function themeOf(root) {
  const style = getComputedStyle(root);
  /** @param {string} name */
  const read = (name) => style.getPropertyValue(name).trim();
  const ground = toRgb(read("--st-background-color") || RAMPS.light.ground);
  const dark = ground[0] * 0.3 + ground[1] * 0.59 + ground[2] * 0.11 < 128;
  return {
    dark,
    ground,
    text: toRgb(read("--st-text-color") || (dark ? "#e6e9ee" : "#1b2028")),
    accent: toRgb(read("--st-primary-color") || "#2f5da8"),
    classes: classColors(root).map(toRgb),
    ramps: RAMPS[dark ? "dark" : "light"],
  };
}

/**
 * @param {Theme} theme
 * @param {number} label
 */
export const classColor = (theme, label) => theme.classes[label % theme.classes.length];

/**
 * Black or white, whichever can be read better on a colour: the contrast is 4.5 or more (WCAG 2.2, relative luminance).
 * @param {Rgb} rgb
 */
export function inkOn(rgb) {
  const [red, green, blue] = rgb.map((value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}
