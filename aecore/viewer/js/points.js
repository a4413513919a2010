// What a cloud is made of: coordinates, labels, codes, small pictures, and a decoder.

/** @import { Atlas, AtlasPart, CloudCodes, CodesPart, Decoder, DecoderPart, Numbers, Parts, Points, View } from "./types.js" */

import { bytesOf, fromHalves, fromSteps, typed } from "./bytes.js";
import { context2d } from "./dom.js";
import { paintImage, resize } from "./images.js";
import { createNetwork } from "./network.js";

/**
 * Points as they are drawn: in the middle, the outermost about 1 away, a flat drawing at depth 0. `place` takes other
 * points along into the same frame; `valuesOf` leads back from it.
 * @param {Float32Array} coordinates
 * @param {number} dims
 */
export function framed(coordinates, dims) {
  const count = coordinates.length / dims, middle = [0, 0, 0], xyz = new Float32Array(count * 3);
  for (let k = 0; k < dims; k += 1) {
    let low = Infinity, high = -Infinity;
    for (let i = k; i < coordinates.length; i += dims) {
      low = Math.min(low, coordinates[i]);
      high = Math.max(high, coordinates[i]);
    }
    middle[k] = (low + high) / 2;
  }
  const radii = new Float32Array(count);
  for (let i = 0; i < count; i += 1) {
    let square = 0;
    for (let k = 0; k < dims; k += 1) square += (coordinates[i * dims + k] - middle[k]) ** 2;
    radii[i] = Math.sqrt(square);
  }
  const reach = radii.sort()[Math.floor(count * 0.995)] || 1; // a single stray point must not shrink all others
  /** @param {ArrayLike<number>} values */
  const place = (values) => [0, 1, 2].map((k) => (k < dims ? (values[k] - middle[k]) / reach : 0));
  /** @param {ArrayLike<number>} seen */
  const valuesOf = (seen) => Array.from({ length: dims }, (_, k) => seen[k] * reach + middle[k]);
  // As `place` does, but without two arrays for each of many thousand points.
  for (let i = 0; i < count; i += 1) for (let k = 0; k < dims; k += 1) xyz[i * 3 + k] = (coordinates[i * dims + k] - middle[k]) / reach;
  return { xyz, place, valuesOf };
}

/** @param {Int32Array} indices */
const rowsByIndex = (indices) => new Map(Array.from(indices, (index, row) => [index, row]));

/**
 * A cloud from its parts.
 * @param {View} view
 * @param {Parts} parts
 * @returns {Promise<Points>}
 */
export async function createPoints(view, parts) {
  const { points, codes, atlas, decoder } = parts;
  const indices = typed(Int32Array, points.indices), labels = typed(Uint8Array, points.labels);
  const coordinates = points.low && points.step
    ? fromSteps(points.coordinates, view.dims, points.low, points.step)
    : typed(Float32Array, points.coordinates);
  /** @type {CloudCodes | null} */
  const ownCodes = codes ? await kept(codes, () => createCodes(codes)) : null;
  /** @type {Atlas | null} */
  const ownAtlas = atlas ? await kept(atlas, () => createAtlas(atlas)) : null;
  const { xyz, ...frame } = framed(coordinates, view.dims), count = indices.length;
  const moves = xyz.length > 3 * count; // the points at one time after another, in one frame
  return {
    count,
    indices,
    labels,
    rowOf: rowsByIndex(indices),
    ...frame,
    xyz: moves ? xyz.slice(-3 * count) : xyz,
    track: moves ? xyz : null,
    codes: ownCodes,
    atlas: ownAtlas,
    decoder: decoder ? await kept(decoder, () => createDecoder(decoder)) : null,
    codeRow: ownCodes && Int32Array.from(indices, (index) => ownCodes.rowOf.get(index) ?? -1),
    tile: ownAtlas && Int32Array.from(indices, (index) => ownAtlas.rowOf.get(index) ?? -1),
  };
}

/**
 * Put points that have a track where they are at time `at`, counted from 0; between two times they are on the straight
 * way from one to the other.
 * @param {Points} points
 * @param {number} at
 */
export function alongTrack({ track, xyz }, at) {
  if (!track) return;
  const length = xyz.length, last = track.length / length - 1, from = Math.min(Math.floor(at), last), part = at - from;
  const here = from * length, next = Math.min(from + 1, last) * length;
  for (let i = 0; i < length; i += 1) xyz[i] = track[here + i] + (track[next + i] - track[here + i]) * part;
}

// Unpacked once, however many views show it.
/** @type {WeakMap<object, any>} */
const unpacked = new WeakMap();

/**
 * @template T
 * @param {object} part
 * @param {() => T} make
 * @returns {T}
 */
function kept(part, make) {
  if (!unpacked.has(part)) unpacked.set(part, make());
  return unpacked.get(part);
}

/**
 * Codes (N, width) and reconstruction errors of test images. Without codes `width` is 0.
 * @param {CodesPart} part
 * @returns {CloudCodes}
 */
function createCodes(part) {
  const indices = typed(Int32Array, part.indices), errors = typed(Float32Array, part.errors), width = part.width;
  const values = part.codes && width ? (part.half ? fromHalves(part.codes) : typed(Float32Array, part.codes)) : new Float32Array(0);
  return { width, values, indices, errors, rowOf: rowsByIndex(indices), of: (row) => values.subarray(row * width, (row + 1) * width) };
}

/**
 * @param {AtlasPart} part
 * @returns {Promise<Atlas>}
 */
async function createAtlas({ image, mime, indices, across, width, height, channels }) {
  const blob = new Blob([bytesOf(image).slice()], { type: mime });
  const bitmap = await createImageBitmap(blob, { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const numbers = typed(Int32Array, indices);
  /** @type {Atlas["draw"]} */
  const draw = (canvas, tile) => {
    resize(canvas, width, height);
    const x = (tile % across) * width, y = Math.floor(tile / across) * height;
    context2d(canvas).drawImage(bitmap, x, y, width, height, 0, 0, width, height);
  };
  return { bitmap, across, width, height, channels, rowOf: rowsByIndex(numbers), draw };
}

/**
 * Draws the image decoded from a code onto a canvas. Where codes are too wide to be kept, `again(canvas)` sends a picture
 * through the encoder and the decoder instead.
 * @param {DecoderPart} part
 * @returns {Decoder}
 */
function createDecoder({ header, weights, before, before_weights }) {
  const run = createNetwork(header.ops, typed(Float32Array, weights)), [channels, height, width] = header.image_shape;
  /** @type {(code: Numbers, canvas: HTMLCanvasElement, label: number) => void} */
  const paint = (code, canvas, label) => paintImage(canvas, run(code, label), header.image_shape);
  if (!before || !before_weights) return { from: (code, canvas, label) => paint(Float32Array.from(code), canvas, label) };
  const encode = createNetwork(before.ops, typed(Float32Array, before_weights));
  /** @type {(canvas: HTMLCanvasElement, label: number) => boolean} */
  const again = (canvas, label) => {
    if (canvas.width !== width || canvas.height !== height) return false;
    const { data } = context2d(canvas).getImageData(0, 0, width, height), image = new Float32Array(width * height * channels);
    for (let i = 0; i < width * height; i += 1) for (let c = 0; c < channels; c += 1) image[i * channels + c] = data[i * 4 + Math.min(c, 2)] / 255;
    paint(encode(image, label), canvas, label);
    return true;
  };
  return { again };
}
