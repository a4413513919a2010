// The epoch axis shared by the slider and the loss curve.

/** @import { EpochAxis } from "../types.js" */

import { roundTicks, thatFit } from "../ticks.js";

const LARGEST_LEAD = 0.25;
const CHARACTER = 6.7, GAP = 24; // of a tick label, in pixels

/**
 * Maps epochs to a fraction of the width. Linear, except that rows within the first epoch, which would share a few
 * pixels in a long run, get space of their own on the left.
 * @param {number[]} stops
 * @returns {EpochAxis}
 */
export function createAxis(stops) {
  const first = stops[0], last = stops[stops.length - 1], early = stops.filter((epoch) => epoch < 1);
  const lead = Math.min(early.length / Math.max(stops.length - 1, 1), LARGEST_LEAD);
  const stretched = last > 1 && (1 - first) / (last - first) < lead;
  /** @type {[epoch: number, share: number][]} */
  const knots = [];
  if (first === last) knots.push([last, 0.5]);
  else if (stretched) knots.push(...early.map((epoch, i) => /** @type {[number, number]} */ ([epoch, (i / early.length) * lead])), [1, lead], [last, 1]);
  else knots.push([first, 0], [last, 1]);

  /** @param {number} epoch */
  function toShare(epoch) {
    const after = knots.findIndex(([at]) => at >= epoch);
    if (after <= 0) return (after < 0 ? knots[knots.length - 1] : knots[0])[1];
    const [[from, low], [to, high]] = [knots[after - 1], knots[after]];
    return low + ((epoch - from) / (to - from)) * (high - low);
  }

  const shares = stops.map(toShare);
  /** @param {number} share */
  function nearestStop(share) {
    let best = 0;
    for (let i = 1; i < shares.length; i += 1) {
      if (Math.abs(shares[i] - share) < Math.abs(shares[best] - share)) best = i;
    }
    return best;
  }

  /** @type {EpochAxis["ticks"]} */
  function ticks(width, toPixel, from) {
    const most = Math.min(Math.max(Math.floor(width / 55), 2), 10);
    const whole = [last, first].filter(Number.isInteger); // the ends, if they are round themselves
    const least = stops.every(Number.isInteger) ? 1 : 0;
    const round = stretched
      ? [1, ...roundTicks(1, last, most, 1), ...[0.5, 0.2, 0.1, 0.05, 0.02, 0.01].filter((epoch) => epoch >= first)]
      : roundTicks(first, last, most, least);
    const fit = thatFit([...whole, ...round], toPixel, (tick) => epochText(tick).length * CHARACTER + GAP, from);
    if (fit.length) return fit;
    return first === last ? [first] : [first, last]; // no round epoch lies between them
  }

  return { first, last, shares, toShare, nearestStop, ticks };
}

/**
 * An epoch with three significant digits: 3, 2.99, 0.0355.
 * @param {number} epoch
 */
export const epochText = (epoch) =>
  Number.isInteger(epoch) ? String(epoch) : String(Number(epoch < 100 ? epoch.toPrecision(3) : epoch.toFixed(1)));
