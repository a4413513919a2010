// Colours by label, by reconstruction error or by a unit of the code.

/** @import { Colored, Points, Rgb, Theme } from "./types.js" */

import { clamp } from "./numbers.js";
import { classColor, toRgb } from "./theme.js";

/**
 * The colour at `share`, 0 to 1, of a ramp of three.
 * @param {Rgb[]} ramp
 * @param {number} share
 */
export function onRamp(ramp, share) {
  const place = clamp(share, 0, 1) * 2, low = Math.min(Math.floor(place), 1), part = place - low;
  return ramp[low].map((value, k) => value + (ramp[low + 1][k] - value) * part);
}

/**
 * What the colours mean and the colour of each point (N × 3 bytes).
 * @param {Points} points
 * @param {string} mode `label`, `error`, or `unit0`, `unit1` …
 * @param {Theme} theme
 * @returns {Colored}
 */
export function colorPoints(points, mode, theme) {
  const { count, codes, codeRow } = points, colors = new Uint8Array(count * 3);
  const asked = mode === "error" || mode.startsWith("unit");
  const unit = mode.startsWith("unit") ? Number(mode.slice(4)) : null;
  if (!asked || !codes || !codeRow || (unit !== null && unit >= codes.width)) {
    for (let i = 0; i < count; i += 1) colors.set(classColor(theme, points.labels[i]), i * 3);
    return { kind: "label", colors };
  }
  const values = new Float32Array(count).fill(NaN);
  for (let i = 0; i < count; i += 1) {
    if (codeRow[i] < 0) continue;
    values[i] = unit === null ? codes.errors[codeRow[i]] : codes.values[codeRow[i] * codes.width + unit];
  }
  const sorted = values.filter(Number.isFinite).sort();
  /** @param {number} share */
  const quantile = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  let [low, high] = [quantile(0.02), quantile(0.98)];
  /** @type {(value: number) => number} */
  let toShare;
  let ramp;
  if (unit === null) {
    [low, high] = [Math.max(low, 1e-6), Math.max(high, 2e-6)];
    ramp = theme.ramps.error.map(toRgb);
    toShare = (value) => Math.log(Math.max(value, 1e-6) / low) / Math.log(high / low);
  } else {
    const signs = low < 0 && high > 0;
    if (signs) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
    if (high <= low) high = low + 1e-6; // a dead unit
    ramp = (signs ? theme.ramps.unit : theme.ramps.error).map(toRgb);
    toShare = (value) => (value - low) / (high - low);
  }
  for (let i = 0; i < count; i += 1) {
    colors.set(Number.isNaN(values[i]) ? [128, 128, 128] : onRamp(ramp, toShare(values[i])), i * 3);
  }
  return { kind: unit === null ? "error" : "unit", unit, colors, low, high, ramp, values };
}
