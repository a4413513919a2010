// Dots that the processor draws, held against areas of circles and against blending with fractions.

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawDots } from "../../aecore/viewer/js/dots.js";
import { STRIDE } from "../../aecore/viewer/js/paint.js";

const GROUND = [10, 20, 30];

/** @param {{ x: number, y: number, radius: number, color: number[], opacity: number }[]} dots */
function listOf(dots) {
  const buffer = new ArrayBuffer(dots.length * STRIDE), floats = new Float32Array(buffer), bytes = new Uint8Array(buffer);
  dots.forEach(({ x, y, radius, color, opacity }, i) => {
    floats.set([x, y, radius, 0, 0], (i * STRIDE) / 4);
    bytes.set([...color, opacity], i * STRIDE + 20);
  });
  return { floats, bytes };
}

/** @param {Parameters<typeof listOf>[0]} dots @param {number} [size] @param {number} [density] */
function drawn(dots, size = 64, density = 1) {
  const pixels = new Uint8ClampedArray(size * size * 4);
  drawDots(listOf(dots), dots.length, pixels, size, size, density, GROUND);
  /** @param {number} x @param {number} y */
  return { pixels, at: (x, y) => [...pixels.subarray((y * size + x) * 4, (y * size + x) * 4 + 4)] };
}

test("a dot covers the area of its circle, wherever it lies and however dense the pixels are", () => {
  for (const radius of [1.5, 2, 3.25, 7, 12.5]) {
    for (const [x, y] of [[32, 32], [31.4, 32.8], [30.1, 33.6]]) {
      for (const density of [1, 1.5]) {
        const { pixels } = drawn([{ x: x / density, y: y / density, radius: radius / density, color: [210, 20, 30], opacity: 255 }], 64, density);
        let red = 0;
        for (let i = 0; i < pixels.length; i += 4) red += (pixels[i] - GROUND[0]) / 200;
        const area = Math.PI * (Math.round(radius * 4) / 4) ** 2;
        assert.ok(Math.abs(red - area) < 0.03 * area + 0.3, `radius ${radius} at ${x}, ${y}: ${red} for ${area}`);
      }
    }
  }
});

test("its middle has its colour, its surroundings the ground's, and everything is opaque", () => {
  const { at, pixels } = drawn([{ x: 20, y: 40, radius: 5, color: [200, 100, 50], opacity: 255 }]);
  assert.deepEqual(at(20, 40), [200, 100, 50, 255]);
  assert.deepEqual(at(40, 20), [...GROUND, 255], "columns are not rows");
  for (let i = 3; i < pixels.length; i += 4) assert.equal(pixels[i], 255);
});

test("what lies over something lets it through by its opacity, in every channel", () => {
  const under = { x: 30, y: 30, radius: 9, color: [255, 0, 128], opacity: 255 };
  for (const opacity of [0, 1, 64, 127, 128, 200, 254, 255]) {
    const { at } = drawn([under, { x: 30, y: 30, radius: 6, color: [0, 255, 7], opacity }]);
    const share = opacity / 255;
    [255 * (1 - share), 255 * share, 128 + (7 - 128) * share].forEach((value, k) => {
      assert.ok(Math.abs(at(30, 30)[k] - value) <= 2, `opacity ${opacity}: ${at(30, 30)} for ${value} in channel ${k}`);
    });
  }
});

test("dots at the edges and beyond are cut off and stay out of the other side", () => {
  const { at } = drawn([
    { x: 0, y: 32, radius: 4, color: [255, 255, 255], opacity: 255 },
    { x: 70, y: 10, radius: 4, color: [255, 255, 255], opacity: 255 },
    { x: 10, y: -50, radius: 4, color: [255, 255, 255], opacity: 255 },
    { x: 20, y: 66, radius: 4, color: [255, 255, 255], opacity: 255 },
  ]);
  assert.deepEqual(at(0, 32), [255, 255, 255, 255]);
  assert.deepEqual(at(63, 31), [...GROUND, 255]);
  assert.deepEqual(at(0, 10), [...GROUND, 255]);
  assert.deepEqual(at(20, 63), [255, 255, 255, 255]);
  assert.deepEqual(at(20, 0), [...GROUND, 255]);
});

test("pictures of different widths may follow one another", () => {
  const dot = { x: 11, y: 9, radius: 3, color: [1, 2, 3], opacity: 255 };
  for (const size of [20, 33, 20]) assert.deepEqual(drawn([dot], size).at(11, 9), [1, 2, 3, 255]);
});
