// Products by WebAssembly and by plain loops, against sums in double precision over made numbers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createNetwork } from "../../aecore/viewer/js/network.js";
import { createProducts } from "../../aecore/viewer/js/products.js";
import { moduleBytes } from "../../aecore/viewer/js/wasm.js";

let seed = 1;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5;
/** @param {number} length */
const numbers = (length) => Float32Array.from({ length }, random);

/** @param {ArrayLike<number>} found @param {ArrayLike<number>} expected @param {string} what */
function near(found, expected, what) {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < expected.length; i += 1) assert.ok(Math.abs(found[i] - expected[i]) < 1e-5, `${what} ${i}: ${found[i]}, not ${expected[i]}`);
}

/** @param {boolean} plain @param {...Float32Array} values */
function placed(plain, ...values) {
  const products = createProducts(values.reduce((sum, one) => sum + one.length, 0), plain);
  return { products, rooms: values.map((one) => { const room = products.room(one.length); room.set(one); return room; }) };
}

test("this machine has WebAssembly with four numbers an instruction: what follows tests it", () => {
  assert.ok(WebAssembly.validate(moduleBytes()));
  assert.notEqual(createProducts(1).product, createProducts(1, true).product);
});

for (const plain of [false, true]) {
  const way = plain ? "plain loops" : "WebAssembly";

  test(`${way}: y += x · w for sizes around the tiles, rows apart, nothing beside them touched`, () => {
    for (const m of [1, 2, 3, 4, 5, 9]) for (const k of [1, 3, 8]) for (const n of [1, 2, 3, 4, 7, 8, 9, 12, 15, 16, 23]) {
      const xStep = k + 2, yStep = n + 3;
      const { products, rooms: [x, w, y] } = placed(plain, numbers(1 + m * xStep), numbers(2 + k * n), numbers(3 + m * yStep));
      const expected = Array.from(y);
      for (let i = 0; i < m; i += 1) for (let o = 0; o < n; o += 1) for (let j = 0; j < k; j += 1) expected[3 + i * yStep + o] += x[1 + i * xStep + j] * w[2 + j * n + o];
      products.product(x, 1, xStep, m, w, 2, k, n, y, 3, yStep);
      near(y, expected, `${m} × ${k} × ${n}`);
    }
  });

  test(`${way}: dot products for sizes around four`, () => {
    for (const inputs of [1, 3, 4, 5, 8, 31]) for (const outputs of [1, 2, 4, 5, 7, 12]) {
      const { products, rooms: [x, w, y] } = placed(plain, numbers(inputs), numbers(5 + inputs * outputs + outputs), numbers(outputs));
      const bias = 5 + inputs * outputs;
      const expected = Array.from({ length: outputs }, (_, o) => w[bias + o] + x.reduce((sum, value, i) => sum + value * w[5 + o * inputs + i], 0));
      products.dots(x, w, 5, bias, y, inputs, outputs);
      near(y, expected, `${inputs} to ${outputs}`);
    }
  });

  test(`${way}: convolutions of every stride and padding, and their transposes`, () => {
    for (const kernel of [1, 2, 3, 5]) for (const stride of [1, 2, 3]) for (const padding of [0, 1, 2, 4]) {
      const [height, width, inputs, outputs] = [6, 7, 3, 5];
      const rows = Math.floor((height + 2 * padding - kernel) / stride) + 1, columns = Math.floor((width + 2 * padding - kernel) / stride) + 1;
      const weights = numbers(kernel * kernel * inputs * outputs + outputs), bias = weights.length - outputs;
      const small = [rows, columns, outputs], large = [height, width, inputs];
      /** Calls with every pair of pixels that the window joins. @param {(low: number, high: number, place: number) => void} call */
      const joined = (call) => {
        for (let r = 0; r < rows; r += 1) for (let c = 0; c < columns; c += 1) for (let ky = 0; ky < kernel; ky += 1) for (let kx = 0; kx < kernel; kx += 1) {
          const row = r * stride - padding + ky, column = c * stride - padding + kx;
          if (row >= 0 && row < height && column >= 0 && column < width) call(r * columns + c, row * width + column, ky * kernel + kx);
        }
      };
      const what = `kernel ${kernel}, stride ${stride}, padding ${padding}`;
      const base = { kernel, stride, padding, at: 0, activation: "none" };
      const x = numbers(height * width * inputs), y = Array.from({ length: rows * columns * outputs }, (_, i) => weights[bias + (i % outputs)]);
      joined((low, high, place) => {
        for (let i = 0; i < inputs; i += 1) for (let o = 0; o < outputs; o += 1) y[low * outputs + o] += x[high * inputs + i] * weights[(place * inputs + i) * outputs + o];
      });
      near(createNetwork([/** @type {any} */ ({ ...base, kind: "conv", from: large, to: small, bias })], weights, plain)(x), y, what);

      const back = numbers(kernel * kernel * inputs * outputs + inputs), start = back.length - inputs;
      const from = numbers(rows * columns * outputs), to = Array.from({ length: height * width * inputs }, (_, i) => back[start + (i % inputs)]);
      joined((low, high, place) => {
        for (let o = 0; o < outputs; o += 1) for (let i = 0; i < inputs; i += 1) to[high * inputs + i] += from[low * outputs + o] * back[(place * outputs + o) * inputs + i];
      });
      near(createNetwork([/** @type {any} */ ({ ...base, kind: "transposed", from: small, to: large, bias: start })], back, plain)(from), to, `transposed, ${what}`);
    }
  });
}
