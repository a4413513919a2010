// What pages without a server do with the images to choose from, and with codes as they are sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { realCodesOf } from "../../aecore/viewer/components/networks.js";
import { chosen, imagesOf, toBase64 } from "../../aecore/viewer/components/page/choice.js";

test("images of bytes are those that components take, as float32", () => {
  const images = Buffer.from([0, 51, 255, 102]).toString("base64");
  const found = imagesOf({ images, names: [], labels: [], shape: [1, 1, 2] }, 2);
  assert.deepEqual(found.map((image) => [...image]), [[0, Math.fround(0.2)], [1, Math.fround(0.4)]]);
  const bytes = Buffer.from(toBase64(found), "base64");
  assert.deepEqual([0, 4, 8, 12].map((at) => bytes.readFloatLE(at)), [0, Math.fround(0.2), 1, Math.fround(0.4)]);
});

test("a choice in the address that means nothing is passed over", () => {
  assert.equal(chosen("2", 3, 1), 2);
  for (const text of [null, "", "3", "-1", "1.5", "x"]) assert.equal(chosen(text, 3, 1), 1);
});

test("codes of half precision are as near as those of single", () => {
  const numbers = new Uint8Array(new Int32Array([7, 9]).buffer), labels = new Uint8Array([0, 1]);
  const single = new Uint8Array(new Float32Array([0, 0, 1.5, -2]).buffer);
  const half = new Uint8Array(new Uint16Array([0, 0, 0x3e00, 0xc000]).buffer);
  for (const asset of [{ codes: single, size: 2 }, { codes: half, size: 2, half: true }]) {
    const real = realCodesOf({ ...asset, indices: numbers, labels });
    assert.equal(real.describe([1.5, 1], ["zero", "one"]), "test image 7 · zero, distance 1.80");
    assert.deepEqual(real.nearest([1.5, -1]), { row: 1, distance: 1 });
  }
});
