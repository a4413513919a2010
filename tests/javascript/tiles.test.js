// The size of a replay's tiles.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fit } from "../../aecore/viewer/components/replayer/tiles.js";

/** @param {number} side @param {number} count */
const sized = (side, count) => fit(/** @type {any} */ ({ width: side, height: side, count }), 3, 1000, 600);

test("small images are enlarged by whole factors alone", () => {
  globalThis.window = /** @type {any} */ ({ devicePixelRatio: 1 });
  for (const side of [8, 28, 32, 64]) assert.equal(sized(side, 20).size.width % side, 0);
});

test("all rows of large pictures are seen at once, where that leaves them as large as a digit's tile", () => {
  globalThis.window = /** @type {any} */ ({ devicePixelRatio: 1 });
  const { size, tall } = sized(256, 3);
  assert.ok(size.pageWidth < 200 && size.pageWidth >= 112);
  assert.ok(tall <= 600);
  assert.ok(sized(256, 40).size.pageWidth >= 112, "not too small to be seen");
});
