// The row and the losses of a run that belong to an epoch, and their text.

/** @import { LossCurve, LossPoint, ReelData } from "../types.js" */

import { fourFigures } from "../../js/numbers.js";
import { epochText } from "./axis.js";

/**
 * The latest row not after `epoch`, or the first.
 * @param {number[]} epochs
 * @param {number} epoch
 */
export function rowAt(epochs, epoch) {
  let row = 0;
  while (row + 1 < epochs.length && epochs[row + 1] <= epoch + 1e-9) row += 1;
  return row;
}

/**
 * A note for a run that has no row at that epoch.
 * @param {ReelData} run
 * @param {number} row
 * @param {number} epoch
 */
export function whichEpoch(run, row, epoch) {
  const own = run.epochs[row], said = `epoch ${epochText(own)}`;
  if (own === epoch) return said;
  if (own > epoch) return `${said} (its first)`;
  return row === run.epochs.length - 1 ? `${said} (its last)` : `${said} (the one before)`;
}

/**
 * The loss at that epoch or, if none was measured there, the last one before it; null before the first.
 * @param {LossCurve} curve
 * @param {number} epoch
 * @returns {LossPoint | null}
 */
export function lossAt({ epochs, values }, epoch) {
  const i = rowAt(epochs, epoch + 1e-3);
  if (!epochs.length || epochs[i] > epoch + 1e-3) return null;
  return { epoch: epochs[i], value: values[i], earlier: epochs[i] < epoch - 1e-3 };
}

/** @param {LossPoint | null} point */
export function lossText(point) {
  if (!point) return "–";
  const figure = fourFigures(point.value);
  return point.earlier ? `${figure} at ${epochText(point.epoch)}` : figure;
}
