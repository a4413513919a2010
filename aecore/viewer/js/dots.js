// Many small dots, drawn by the processor: where WebGL is software too, that takes a fraction of the time.

/** @import { Atlas, Rgb } from "./types.js" */

import { context2d } from "./dom.js";
import { STRIDE, paintPicture } from "./paint.js";
import { toCss } from "./theme.js";

/** Parts of a pixel: how finely a dot is placed, and how finely its radius is taken. */
const PLACES = 4, RADII = 4;

/**
 * The pixels that a dot covers: how many columns and rows they are from its own, and how much of each is covered, of 256.
 * @typedef {{ columns: Int16Array, rows: Int16Array, covers: Uint16Array, reach: number }} Stamp
 */

/** By radius and place; all are forgotten when they have this many pixels. @type {Map<number, Stamp>} */
const stamps = new Map();
const MOST_KEPT = 2_000_000;
let kept = 0;

/**
 * The same edge as in `paint.js`: a pixel is covered by how far its middle is inside the circle, plus a half.
 * @param {number} radius in `RADII`
 * @param {number} right in `PLACES`
 * @param {number} below in `PLACES`
 * @returns {Stamp}
 */
function stamp(radius, right, below) {
  const key = (radius * PLACES + right) * PLACES + below, known = stamps.get(key);
  if (known) return known;
  const r = radius / RADII, x = (right + 0.5) / PLACES, y = (below + 0.5) / PLACES, reach = Math.ceil(r) + 1;
  /** @type {number[][]} */
  const found = [];
  for (let row = -reach; row <= reach; row += 1) {
    for (let column = -reach; column <= reach; column += 1) {
      const covered = Math.round(256 * Math.min(Math.max(r - Math.hypot(column + 0.5 - x, row + 0.5 - y) + 0.5, 0), 1));
      if (covered > 0) found.push([column, row, covered]);
    }
  }
  /** @type {(k: number) => number[]} */
  const each = (k) => found.map((one) => one[k]);
  const made = { columns: Int16Array.from(each(0)), rows: Int16Array.from(each(1)), covers: Uint16Array.from(each(2)), reach };
  kept += found.length;
  if (kept > MOST_KEPT) {
    stamps.clear();
    kept = found.length;
  }
  stamps.set(key, made);
  return made;
}

/**
 * A picture of `many` dots. They are as a painter's list has them (`paint.js`), in pixels of the page; `ground` is what they
 * are drawn on.
 * @param {{ floats: Float32Array, bytes: Uint8Array }} list
 * @param {number} many
 * @param {Uint8ClampedArray} pixels RGBA, (`down`, `across`)
 * @param {number} across
 * @param {number} down
 * @param {number} density pixels of the picture in one of the page
 * @param {number[]} ground red, green, blue
 */
export function drawDots({ floats, bytes }, many, pixels, across, down, density, ground) {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, across * down), place = PLACES - 1e-3;
  words.fill(packed(ground[0], ground[1], ground[2]));
  for (let i = 0; i < many; i += 1) {
    const at = (i * STRIDE) / 4, x = floats[at] * density, y = floats[at + 1] * density, from = i * STRIDE + 20;
    const left = Math.floor(x), top = Math.floor(y), opacity = bytes[from + 3] + (bytes[from + 3] >> 7); // of 256
    const color = packed(bytes[from], bytes[from + 1], bytes[from + 2]), outer = color & 0xff00ff, green = color & 0x00ff00;
    const { columns, rows, covers, reach } = stamp(Math.max(Math.round(floats[at + 2] * density * RADII), 1), ((x - left) * place) | 0, ((y - top) * place) | 0);
    const inside = left >= reach && top >= reach && left + reach < across && top + reach < down;
    for (let k = 0; k < covers.length; k += 1) {
      const column = left + columns[k], row = top + rows[k];
      if (!inside && (column < 0 || row < 0 || column >= across || row >= down)) continue;
      const share = (covers[k] * opacity) >> 8, rest = 256 - share, to = row * across + column, under = words[to];
      // Red and blue at once, each in sixteen bits of its own.
      const both = ((Math.imul(outer, share) + Math.imul(under & 0xff00ff, rest)) >>> 8) & 0xff00ff;
      const middle = ((Math.imul(green, share) + Math.imul(under & 0x00ff00, rest)) >>> 8) & 0x00ff00;
      words[to] = (0xff000000 | both | middle) >>> 0;
    }
  }
}

/** A colour as a word of a picture: red is its first byte. @type {(red: number, green: number, blue: number) => number} */
const packed = (red, green, blue) => (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;

const scratch = typeof document === "undefined" ? null : document.createElement("canvas");

/**
 * A grey image as `paint.js` draws it: its ink in the colour of the point, where there is none the ground shines through.
 * @param {Atlas} atlas
 * @param {number} tile
 * @param {number[]} tint
 * @param {Rgb} ground
 */
function glyph(atlas, tile, tint, ground) {
  const canvas = /** @type {HTMLCanvasElement} */ (scratch);
  atlas.draw(canvas, tile);
  const context = context2d(canvas), picture = context.getImageData(0, 0, canvas.width, canvas.height), { data } = picture;
  for (let i = 0; i < data.length; i += 4) {
    const ink = data[i] / 255;
    for (let k = 0; k < 3; k += 1) data[i + k] = ground[k] + (tint[k] - ground[k]) * ink;
    data[i + 3] = 255 * (0.35 + 0.65 * ink);
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

/**
 * Draws a painter's list onto a canvas, ground and all: of `length` points the first are `dots`, the others may have images.
 * @param {CanvasRenderingContext2D} context
 */
export function createDots(context) {
  /** @type {ImageData | null} */
  let picture = null;
  /** @type {(list: { floats: Float32Array, bytes: Uint8Array }, dots: number, length: number, atlas: Atlas | null, density: number, ground: Rgb) => void} */
  return (list, dots, length, atlas, density, ground) => {
    const { width: across, height: down } = context.canvas;
    if (picture?.width !== across || picture.height !== down) picture = new ImageData(across, down);
    drawDots(list, dots, picture.data, across, down, density, ground);
    context.putImageData(picture, 0, 0);
    context.setTransform(density, 0, 0, density, 0, 0);
    for (let n = dots; n < length; n += 1) {
      const at = (n * STRIDE) / 4, [x, y, radius, image, tile] = list.floats.subarray(at, at + 5), from = n * STRIDE + 20;
      const tint = Array.from(list.bytes.subarray(from, from + 3));
      context.fillStyle = toCss(tint);
      if (image > 0 && atlas?.channels === 1) context.drawImage(glyph(atlas, tile, tint, ground), x - radius, y - radius, 2 * radius, 2 * radius);
      else if (image > 0 && atlas) paintPicture(context, atlas, tile, x, y, radius);
      else {
        context.beginPath();
        context.arc(x, y, radius, 0, 2 * Math.PI);
        context.fill();
      }
    }
  };
}
