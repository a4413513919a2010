// Codes along a line, an arc, a plane or a direction, as in `aecore.latent.interpolation`.

/** @import { PathKind } from "../types.js" */

/**
 * The code at `share` of the path from `start` to `end`, written into `out`. An arc is a spherical interpolation; for
 * codes in the same or in opposite directions it is the line.
 * @param {Float32Array} start
 * @param {Float32Array} end
 * @param {number} share
 * @param {PathKind} path
 * @param {Float32Array} out
 */
export function alongPath(start, end, share, path, out) {
  const size = start.length;
  let dot = 0, one = 0, other = 0;
  if (path === "arc") {
    for (let i = 0; i < size; i += 1) {
      dot += start[i] * end[i];
      one += start[i] * start[i];
      other += end[i] * end[i];
    }
  }
  const lengths = Math.sqrt(one * other);
  const angle = lengths > 0 ? Math.acos(Math.min(1, Math.max(-1, dot / lengths))) : 0;
  const arc = path === "arc" && Math.sin(angle) >= 1e-6;
  const from = arc ? Math.sin((1 - share) * angle) / Math.sin(angle) : 1 - share;
  const to = arc ? Math.sin(share * angle) / Math.sin(angle) : share;
  for (let i = 0; i < size; i += 1) out[i] = from * start[i] + to * end[i];
  return out;
}

/**
 * On a way through so many stops that lie evenly on it: from which stop on, and how far to the next.
 * @param {number} share
 * @param {number} stops
 * @returns {[number, number]}
 */
export function legAt(share, stops) {
  const whole = share * (stops - 1), nearest = Math.round(whole);
  const place = Math.abs(whole - nearest) < 1e-6 ? nearest : whole; // a stop that is only missed by rounding is met
  const first = Math.min(Math.max(Math.floor(place), 0), stops - 2);
  return [first, place - first];
}

/**
 * The code on the plane between four, written into `out`.
 * @param {Float32Array[]} corners top left, top right, bottom left, bottom right
 * @param {number} across
 * @param {number} down
 * @param {Float32Array} out
 */
export function onPlane([a, b, c, d], across, down, out) {
  for (let i = 0; i < out.length; i += 1) {
    const top = a[i] + across * (b[i] - a[i]), bottom = c[i] + across * (d[i] - c[i]);
    out[i] = top + down * (bottom - top);
  }
  return out;
}

/**
 * The class of the nearest corner.
 * @param {number[]} labels
 * @param {number} across
 * @param {number} down
 */
export const nearestLabel = (labels, across, down) => labels[(down < 0.5 ? 0 : 2) + (across < 0.5 ? 0 : 1)];

/**
 * The code moved by `amount` times a direction, written into `out`.
 * @param {Float32Array} code
 * @param {Float32Array} direction
 * @param {number} amount
 * @param {Float32Array} out
 */
export function alongDirection(code, direction, amount, out) {
  for (let i = 0; i < out.length; i += 1) out[i] = code[i] + amount * direction[i];
  return out;
}
