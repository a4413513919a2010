// Images on a page: whole pixels where they are enlarged, never wider than there is room, and smooth where they are fine.

import assert from "node:assert/strict";
import { test } from "node:test";

import { paintImage, wholeWidth } from "../../aecore/viewer/js/images.js";

test("images are enlarged by whole factors, and larger ones made as small as the room", () => {
  globalThis.window = { devicePixelRatio: 1 };
  assert.deepEqual([28, 32, 64, 112].map((pixels) => wholeWidth(pixels, 112)), [112, 96, 64, 112]);
  assert.deepEqual([128, 256, 1024].map((pixels) => wholeWidth(pixels, 112.7)), [112, 112, 112]);
  globalThis.window = { devicePixelRatio: 2 };
  assert.deepEqual([28, 96, 256].map((pixels) => wholeWidth(pixels, 112)), [112, 96, 112]);
  globalThis.window = { devicePixelRatio: 1.5 };
  assert.ok(Math.abs(wholeWidth(67, 89.5) * 1.5 - 2 * 67) < 1e-9, "a whole factor of the screen's pixels, not of the page's");
  delete globalThis.window;
});

test("images with too many pixels to be seen are drawn smoothly, however the page scales them", () => {
  const drawn = { createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }), putImageData: () => {} };
  const canvas = { width: 300, height: 150, style: { imageRendering: "" }, getContext: () => drawn };
  for (const [height, width, way] of [[28, 28, ""], [48, 48, ""], [64, 64, "auto"], [32, 256, "auto"], [32, 32, ""]]) {
    paintImage(canvas, new Float32Array(3 * width * height), [3, height, width]);
    assert.deepEqual([canvas.width, canvas.height, canvas.style.imageRendering], [width, height, way]);
  }
});
