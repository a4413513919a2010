// Pictures of a cloud's points: the images themselves, decoded, reconstructed, averaged; and whose codes are near.

/** @import { Numbers, Points } from "./types.js" */

import { context2d, element } from "./dom.js";
import { nearestCodes } from "./neighbours.js";

const NEIGHBOURS = 10;

/**
 * A canvas with a test image; null where there is no picture of it.
 * @param {Points} points
 * @param {number} row
 */
export function pictureOf(points, row) {
  if (!points.atlas || !points.tile || row < 0 || points.tile[row] < 0) return null;
  const canvas = element("canvas", "cl-picture");
  points.atlas.draw(canvas, points.tile[row]);
  return canvas;
}

/**
 * A canvas with what a code is decoded to, of the class `label` if the network is told classes, -1 for any; null where
 * there is nothing to decode.
 * @param {Points} points
 * @param {Numbers | null} code
 * @param {number} label
 */
export function decodedFrom(points, code, label = -1) {
  if (!points.decoder?.from || !code) return null;
  const canvas = element("canvas", "cl-picture");
  points.decoder.from(code, canvas, label);
  return canvas;
}

/**
 * The image as the network draws it again: decoded from its code, or sent through the whole network.
 * @param {Points} points
 * @param {number} row
 */
export function reconstructionOf(points, row) {
  const code = codeOf(points, row), again = points.decoder?.again;
  if (code) return decodedFrom(points, code, points.labels[row]);
  const picture = again ? pictureOf(points, row) : null;
  return picture && again?.(picture, points.labels[row]) ? picture : null;
}

/**
 * @param {Points} points
 * @param {number} row
 */
export function codeOf({ codes, codeRow }, row) {
  const at = row < 0 || !codes?.width || !codeRow ? -1 : codeRow[row];
  return !codes || at < 0 ? null : codes.of(at);
}

/**
 * @param {Points} points
 * @param {number} row
 */
export const errorOf = ({ codes, codeRow }, row) => (codes && codeRow && codeRow[row] >= 0 ? codes.errors[codeRow[row]] : NaN);

/**
 * Rows of the drawing nearest to a code, with distances; empty without codes.
 * @param {Points} points
 * @param {Numbers | null} code
 * @param {number} but a row that is left out, -1 for none
 */
export function neighboursOf(points, code, but) {
  const { codes, codeRow } = points;
  if (!code || !codes || !codeRow) return [];
  const drawn = (points.drawnCodes ??= new Map(Array.from(codeRow, (at, row) => [at, row])));
  const found = nearestCodes(codes, code, codeRow, NEIGHBOURS, but < 0 ? -1 : codeRow[but]);
  return found.map(({ row, distance }) => ({ row: drawn.get(row) ?? -1, distance }));
}

/**
 * The mean of the images themselves, pixel by pixel.
 * @param {Points} points
 * @param {number[]} rows
 */
export function averaged(points, rows) {
  const { atlas, tile } = points;
  if (!atlas || !tile) return null;
  const some = rows.filter((row) => tile[row] >= 0);
  if (!some.length) return null;
  const canvas = element("canvas", "cl-picture"), one = element("canvas");
  [canvas.width, canvas.height, one.width, one.height] = [atlas.width, atlas.height, atlas.width, atlas.height];
  const g = context2d(one, { willReadFrequently: true }), sums = new Float64Array(atlas.width * atlas.height * 4);
  for (const row of some) {
    const x = (tile[row] % atlas.across) * atlas.width, y = Math.floor(tile[row] / atlas.across) * atlas.height;
    g.drawImage(atlas.bitmap, x, y, atlas.width, atlas.height, 0, 0, atlas.width, atlas.height);
    const { data } = g.getImageData(0, 0, atlas.width, atlas.height);
    for (let i = 0; i < sums.length; i += 1) sums[i] += data[i];
  }
  const pixels = new ImageData(atlas.width, atlas.height);
  for (let i = 0; i < sums.length; i += 1) pixels.data[i] = sums[i] / some.length;
  context2d(canvas).putImageData(pixels, 0, 0);
  return canvas;
}
