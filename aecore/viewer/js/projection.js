// From the space of the points to the screen, and what lies where on it.

/** @import { Camera, Place, Screen } from "./types.js" */

import { LENS, NEAREST, cameraAxes } from "./camera.js";

/**
 * Where N points (N × 3) stand on a screen of `width` × `height` pixels: `x`, `y`, `depth` from the eye, and `scale`,
 * the pixels of a length of 1 there. A point behind the eye has scale 0.
 * @param {Camera} camera
 * @param {ArrayLike<number>} xyz
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {Screen} out
 */
export function projectPoints(camera, xyz, count, width, height, out) {
  const [rx, ry, rz, ux, uy, uz, ex, ey, ez] = cameraAxes(camera), [tx, ty, tz] = camera.target;
  const focal = (LENS * Math.min(width, height)) / 2, { distance, perspective } = camera;
  for (let i = 0, j = 0; i < count; i += 1, j += 3) {
    const a = xyz[j] - tx, b = xyz[j + 1] - ty, c = xyz[j + 2] - tz;
    const depth = distance - (ex * a + ey * b + ez * c), lens = distance + perspective * (depth - distance);
    const scale = lens > NEAREST / 3 ? focal / lens : 0;
    out.x[i] = width / 2 + (rx * a + ry * b + rz * c) * scale;
    out.y[i] = height / 2 - (ux * a + uy * b + uz * c) * scale;
    out.depth[i] = depth;
    out.scale[i] = scale;
  }
}

/**
 * Points from back to front, a counting sort: only those with `keep[i]` that are before the eye. Returns how many.
 * @param {Screen} screen
 * @param {ArrayLike<number>} keep
 * @param {number} count
 * @param {Uint32Array} order
 */
export function sortByDepth(screen, keep, count, order) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < count; i += 1) {
    if (screen.scale[i] === 0) continue;
    low = Math.min(low, screen.depth[i]);
    high = Math.max(high, screen.depth[i]);
  }
  const buckets = 2048, starts = new Uint32Array(buckets + 1), step = (buckets - 1) / Math.max(high - low, 1e-6);
  /** @param {number} i */
  const bucket = (i) => buckets - 1 - Math.floor((screen.depth[i] - low) * step);
  let total = 0;
  for (let i = 0; i < count; i += 1) {
    if (!keep[i] || screen.scale[i] === 0) continue;
    starts[bucket(i) + 1] += 1;
    total += 1;
  }
  for (let b = 0; b < buckets; b += 1) starts[b + 1] += starts[b];
  for (let i = 0; i < count; i += 1) {
    if (keep[i] && screen.scale[i] !== 0) order[starts[bucket(i)]++] = i;
  }
  return total;
}

/**
 * Whether (x, y) lies within a polygon, by the even-odd rule.
 * @param {Place[]} polygon
 * @param {number} x
 * @param {number} y
 */
export function within(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i, i += 1) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
