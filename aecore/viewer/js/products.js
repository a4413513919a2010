// Room for a network's numbers, and the products over them: by WebAssembly where the browser has its SIMD instructions,
// else by plain loops, which are also what the others are tested against.

import { moduleBytes } from "./wasm.js";

/**
 * Arrays given to `product` and `dots` are of `room`.
 * @typedef {{
 *   room: (length: number) => Float32Array,
 *   product: (x: Float32Array, xAt: number, xStep: number, m: number, w: Float32Array, wAt: number, k: number, n: number,
 *     y: Float32Array, yAt: number, yStep: number) => void,
 *   dots: (x: Float32Array, w: Float32Array, at: number, bias: number, y: Float32Array, inputs: number, outputs: number) => void,
 * }} Products
 */

/** @type {WebAssembly.Module | null | undefined} */
let compiled;

/** The module, null where the browser cannot run it. */
function compiledModule() {
  if (compiled !== undefined) return compiled;
  try {
    compiled = new WebAssembly.Module(moduleBytes());
  } catch {
    compiled = null; // no WebAssembly, none with SIMD, or a page that forbids it
  }
  return compiled;
}

/**
 * For `floats` numbers in all.
 * @param {number} floats
 * @param {boolean} [plain] without WebAssembly
 * @returns {Products}
 */
export function createProducts(floats, plain = false) {
  const found = plain ? null : compiledModule();
  if (!found) return PLAIN;
  try {
    return fast(found, floats);
  } catch {
    return PLAIN; // no memory for it in one piece
  }
}

/** @type {Products} */
const PLAIN = {
  room: (length) => new Float32Array(length),

  // What is zero, as after a ReLU, costs nothing.
  product(x, xAt, xStep, m, w, wAt, k, n, y, yAt, yStep) {
    for (let row = 0, from = xAt, out = yAt; row < m; row += 1, from += xStep, out += yStep) {
      for (let i = 0; i < k; i += 1) {
        const value = x[from + i];
        if (value === 0) continue;
        const at = wAt + i * n;
        for (let o = 0; o < n; o += 1) y[out + o] += value * w[at + o];
      }
    }
  },

  // Four sums: the processor works on them at the same time.
  dots(x, w, at, bias, y, inputs, outputs) {
    for (let o = 0, row = at; o < outputs; o += 1, row += inputs) {
      let a = 0, b = 0, c = 0, d = 0, i = 0;
      for (; i + 3 < inputs; i += 4) {
        a += x[i] * w[row + i];
        b += x[i + 1] * w[row + i + 1];
        c += x[i + 2] * w[row + i + 2];
        d += x[i + 3] * w[row + i + 3];
      }
      for (; i < inputs; i += 1) a += x[i] * w[row + i];
      y[o] = a + b + (c + d) + w[bias + o];
    }
  },
};

/**
 * @param {WebAssembly.Module} module
 * @param {number} floats
 * @returns {Products}
 */
function fast(module, floats) {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * floats) / 65536) + 1 });
  const { product, dots } = /** @type {Record<string, Function>} */ (new WebAssembly.Instance(module, { js: { memory } }).exports);
  let used = 0;
  return {
    room(length) {
      const found = new Float32Array(memory.buffer, used, length);
      used += 4 * length;
      return found;
    },
    product(x, xAt, xStep, m, w, wAt, k, n, y, yAt, yStep) {
      product(x.byteOffset + 4 * xAt, 4 * xStep, m, w.byteOffset + 4 * wAt, k, n, y.byteOffset + 4 * yAt, 4 * yStep);
    },
    dots(x, w, at, bias, y, inputs, outputs) {
      dots(x.byteOffset, w.byteOffset + 4 * at, w.byteOffset + 4 * bias, y.byteOffset, inputs, outputs);
    },
  };
}
