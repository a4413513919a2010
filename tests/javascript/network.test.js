// The arithmetic of the networks that run in the browser, against values worked out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { toPixels } from "../../aecore/viewer/js/images.js";
import { createNetwork } from "../../aecore/viewer/js/network.js";

/** @param {any[]} ops @param {number[]} weights @param {number[]} input */
const run = (ops, weights, input) => Array.from(createNetwork(ops, Float32Array.from(weights))(input));

/** @param {ArrayLike<number>} actual @param {number[]} expected */
function close(actual, expected, tolerance = 1e-5) {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < tolerance, `${i}: ${actual[i]} is not ${value}`));
}

test("a linear layer of six inputs: four at a time, and two more", () => {
  const linear = { kind: "linear", inputs: 6, outputs: 2, at: 1, bias: 13, activation: "none" };
  const weights = [99, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, -1, 0.5, 10];
  close(run([linear], weights, [1, 1, 1, 1, 1, 2]), [1 + 2 + 3 + 4 + 5 + 12 + 0.5, -2 + 10]);
});

const activations = {
  none: [-2, 3],
  relu: [0, 3],
  "leaky-relu": [-0.02, 3],
  selu: [1.0507009873554805 * 1.6732632423543772 * (Math.exp(-2) - 1), 1.0507009873554805 * 3],
  elu: [Math.exp(-2) - 1, 3],
  gelu: [-0.04550026, 2.99595031], // x Φ(x)
  silu: [-2 / (1 + Math.exp(2)), 3 / (1 + Math.exp(-3))],
  mish: [-2 * Math.tanh(Math.log(1 + Math.exp(-2))), 3 * Math.tanh(Math.log(1 + Math.exp(3)))],
  softplus: [Math.log(1 + Math.exp(-2)), Math.log(1 + Math.exp(3))],
  relu6: [0, 3],
  tanh: [Math.tanh(-2), Math.tanh(3)],
  sigmoid: [1 / (1 + Math.exp(2)), 1 / (1 + Math.exp(-3))],
};
for (const [activation, expected] of Object.entries(activations)) {
  test(`activation ${activation}`, () => {
    const linear = { kind: "linear", inputs: 2, outputs: 2, at: 0, bias: 4, activation };
    close(run([linear], [1, 0, 0, 1, 0, 0], [activation === "leaky-relu" ? -2 : -2, 3]), expected);
  });
}

test("a convolution pads with zeros and adds its bias", () => {
  const conv = { kind: "conv", from: [2, 2, 1], to: [2, 2, 1], kernel: 3, stride: 1, padding: 1, at: 0, bias: 9, activation: "none" };
  // All ones: every output is the sum of the 2 × 2 image.
  close(run([conv], [1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5], [1, 2, 3, 4]), [10.5, 10.5, 10.5, 10.5]);
  // The middle alone is the identity; the one to its right shifts the image to the left.
  close(run([conv], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0], [1, 2, 3, 4]), [1, 2, 3, 4]);
  close(run([conv], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 2, 3, 4]), [2, 0, 4, 0]);
});

test("a convolution with stride 2 over two channels", () => {
  const conv = { kind: "conv", from: [2, 2, 2], to: [1, 1, 2], kernel: 2, stride: 2, padding: 0, at: 0, bias: 16, activation: "relu" };
  // Weights by place, then input, then output: here out 0 adds channel 0, out 1 takes channel 1 negative.
  const weights = [...Array(4)].flatMap(() => [1, 0, 0, -1]);
  close(run([conv], [...weights, 0, 30], [1, 2, 3, 4, 5, 6, 7, 8]), [16, 10]);
});

test("a transposed convolution spreads every pixel over its window", () => {
  const transposed = { kind: "transposed", from: [1, 2, 1], to: [2, 4, 1], kernel: 2, stride: 2, padding: 0, at: 0, bias: 4, activation: "none" };
  close(run([transposed], [1, 2, 3, 4, 0.5], [1, 10]), [1.5, 2.5, 10.5, 20.5, 3.5, 4.5, 30.5, 40.5]);
  const overlapping = { ...transposed, from: [1, 2, 1], to: [1, 3, 1], kernel: 3, stride: 1, padding: 1, bias: 9 };
  // Row 1 of the window alone lies on the image: 4 5 6 around each pixel, the first column cut off.
  close(run([overlapping], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], [1, 10]), [5 + 40, 6 + 50, 60]);
});

test("pooling takes the largest of four by channel", () => {
  const pool = { kind: "pool", from: [2, 4, 2], to: [1, 2, 2] };
  const image = [1, 8, 2, 7, 9, 0, 0, 0, 3, 6, 4, 5, 0, 0, 0, 1];
  close(run([pool], [], image), [4, 8, 9, 1]);
});

test("resizing is bilinear between pixel centres", () => {
  const resize = { kind: "resize", from: [1, 2, 1], to: [1, 4, 1] };
  close(run([resize], [], [0, 4]), [0, 1, 3, 4]);
  const tall = { kind: "resize", from: [2, 1, 1], to: [4, 1, 1] };
  close(run([tall], [], [0, 4]), [0, 1, 3, 4]);
});

test("channels first and last are each other's way back", () => {
  const shape = [2, 1, 3];
  close(run([{ kind: "hwc", shape }], [], [1, 2, 3, 4, 5, 6]), [1, 4, 2, 5, 3, 6]);
  close(run([{ kind: "hwc", shape }, { kind: "chw", shape }], [], [1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]);
});

test("affine, and the brightest channel", () => {
  close(run([{ kind: "affine", scale: 2, shift: -1 }], [], [0, 0.5, 1]), [-1, 0, 1]);
  const image = Array.from({ length: 28 * 28 * 3 }, (_, i) => [0.25, 0.5, 3][i % 3]);
  const bright = run([{ kind: "brightest" }], [], image);
  assert.equal(bright.length, 28 * 28);
  assert.ok(bright.every((value) => value === 1));
});

test("operations follow each other, and a second call writes over the first", () => {
  const linear = { kind: "linear", inputs: 1, outputs: 1, at: 0, bias: 1, activation: "none" };
  const network = createNetwork([/** @type {any} */ (linear), { kind: "affine", scale: 10, shift: 1 }], Float32Array.from([2, 1]));
  const first = network([1]);
  assert.equal(first[0], 31);
  assert.equal(network([2])[0], 51);
  assert.equal(first[0], 51);
});

test("an image becomes pixels, grey or in colour, cut to what a screen has", () => {
  const pixels = new Uint8ClampedArray(8);
  toPixels([0.5, 2], 1, pixels);
  assert.deepEqual([...pixels], [128, 128, 128, 255, 255, 255, 255, 255]);
  toPixels([0, 1, -1, 1, 0.2, 0.4], 3, pixels);
  assert.deepEqual([...pixels], [0, 255, 0, 255, 255, 51, 102, 255]);
});
