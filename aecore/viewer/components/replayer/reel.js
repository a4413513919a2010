// The frames of a run: one decoded image, from which tiles are copied, and the computation of their errors.

/** @import { Reel, ReelData } from "../types.js" */

import { context2d, element } from "../../js/dom.js";

/**
 * Decode the image of a run; `run.stamp` identifies its content.
 * @param {ReelData} run
 */
export async function unpack(run) {
  const picture = new Image();
  picture.src = run.atlas;
  await picture.decode();
  return createReel(run, await createImageBitmap(picture));
}

/**
 * @param {ReelData} run
 * @param {ImageBitmap} bitmap
 * @returns {Reel}
 */
function createReel(run, bitmap) {
  /** @type {Uint8ClampedArray | null} */
  let pixels = null;
  const scratch = element("canvas");
  [scratch.width, scratch.height] = [run.width, run.height];
  const scratchContext = context2d(scratch);

  /**
   * The position of an image's tile; `row` counts epochs.
   * @param {"clean" | "noisy" | "output"} kind
   * @param {number} row
   * @param {number} image
   */
  function place(kind, row, image) {
    const before = { clean: 0, noisy: 1, output: row + (run.noisy ? 2 : 1) }[kind];
    const index = before * run.count + image;
    return [(index % run.per_line) * run.width, Math.floor(index / run.per_line) * run.height];
  }

  /** @type {Reel["draw"]} */
  function draw(canvas, kind, row, image) {
    const context = context2d(canvas);
    context.imageSmoothingEnabled = canvas.width < run.width; // reset whenever the canvas is resized
    context.imageSmoothingQuality = "high";
    if (kind === "difference") {
      scratchContext.putImageData(difference(row, image), 0, 0);
      context.drawImage(scratch, 0, 0, canvas.width, canvas.height);
    } else {
      const [x, y] = place(kind, row, image);
      context.drawImage(bitmap, x, y, run.width, run.height, 0, 0, canvas.width, canvas.height);
    }
  }

  // The values of the whole image, read back once, and only if errors are needed.
  function values() {
    if (!pixels) {
      const canvas = element("canvas");
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      const context = context2d(canvas, { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      pixels = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    }
    return pixels;
  }

  /**
   * Call `visit(distance, byte in the tile)` for red, green and blue of every pixel of output minus clean.
   * @param {number} row
   * @param {number} image
   * @param {(distance: number, at: number) => void} visit
   */
  function eachError(row, image, visit) {
    const all = values(), [cleanX, cleanY] = place("clean", 0, image), [x, y] = place("output", row, image);
    for (let j = 0; j < run.height; j += 1) {
      for (let i = 0; i < run.width; i += 1) {
        const clean = ((cleanY + j) * bitmap.width + cleanX + i) * 4, output = ((y + j) * bitmap.width + x + i) * 4;
        for (let c = 0; c < 3; c += 1) visit(all[output + c] - all[clean + c], (j * run.width + i) * 4 + c);
      }
    }
  }

  /**
   * @param {number} row
   * @param {number} image
   */
  function difference(row, image) {
    const tile = new ImageData(run.width, run.height);
    tile.data.fill(255);
    eachError(row, image, (distance, at) => (tile.data[at] = Math.abs(distance)));
    return tile;
  }

  /** Mean squared error on the [0, 1] scale; a grey image has three equal channels. @type {Reel["meanSquaredError"]} */
  function meanSquaredError(row, image) {
    let sum = 0;
    eachError(row, image, (distance) => (sum += distance * distance));
    return sum / (255 * 255 * 3 * run.width * run.height);
  }

  return { stamp: run.stamp, draw, meanSquaredError };
}
