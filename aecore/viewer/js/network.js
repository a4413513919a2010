// Runs a network that `aecore.models.browser_export` wrote: a list of operations over one Float32Array of weights.
// Maps are channels last. One image at a time, no allocation after the first: made for a hand on a slider.

/** @import { Network, Op, OpOf } from "./types.js" */
/** @import { Products } from "./products.js" */

import { activate, between, estimatedLevel, roundHalfToEven } from "./arithmetic.js";
import { createProducts } from "./products.js";

const SMALLEST = 1e-20;

/**
 * A function from the numbers of one image or code to those after the last operation. The result is its own buffer,
 * written over by the next call. Some networks are told the image's class, -1 for any, or the standard deviation of its
 * noise on the [0, 1] scale, which they estimate where it is not known. The first call prepares everything for inputs of
 * its length; `plain` does without WebAssembly.
 * @param {Op[]} ops
 * @param {Float32Array} weights
 * @param {boolean} [plain]
 * @returns {Network}
 */
export function createNetwork(ops, weights, plain = false) {
  /** @type {Prepared | null} */
  let ready = null;
  return (input, label = -1, level = null) => {
    if (ready?.input.length !== input.length) ready = prepared(ops, weights, input.length, plain);
    const { buffers, more } = ready;
    ready.input.set(input);
    more.told.label = label;
    more.told.level = level;
    let values = ready.input;
    for (let i = 0; i < ops.length; i += 1) {
      const op = ops[i];
      more.earlier = !("earlier" in op) ? null : op.earlier < 0 ? ready.input : buffers[op.earlier];
      /** @type {Run<any>} */ (RUN[op.kind])(op, values, buffers[i], ready.weights, more);
      values = buffers[i];
    }
    return values;
  };
}

/**
 * @typedef {{ input: Float32Array, weights: Float32Array, buffers: Float32Array[], more: More }} Prepared
 */

/**
 * Room for all numbers of a network, the weights in it.
 * @param {Op[]} ops
 * @param {Float32Array} weights
 * @param {number} inputs
 * @param {boolean} plain
 * @returns {Prepared}
 */
function prepared(ops, weights, inputs, plain) {
  /** @type {number[]} */
  const lengths = [];
  for (const op of ops) lengths.push(sizeAfter(op) || lengthLike(op, lengths.at(-1) ?? inputs));
  const all = [weights.length, inputs, ...lengths].reduce((sum, length) => sum + length, 0), products = createProducts(all, plain);
  const own = products.room(weights.length);
  // Weights that have decayed to nothing are zero to every result, and their products are subnormal numbers, which are slow.
  for (let i = 0; i < weights.length; i += 1) own[i] = Math.abs(weights[i]) < SMALLEST ? 0 : weights[i];
  const more = { told: { label: -1, level: null }, earlier: null, products };
  return { input: products.room(inputs), weights: own, buffers: lengths.map((length) => products.room(length)), more };
}

/** @param {Op} op */
function sizeAfter(op) {
  if (op.kind === "linear") return op.outputs;
  if (op.kind === "recall") return op.length;
  if ("to" in op) return op.to[0] * op.to[1] * op.to[2];
  return 0; // it follows from what comes in
}

/**
 * @param {Op} op
 * @param {number} length of what comes in
 */
function lengthLike(op, length) {
  if (op.kind === "brightest") return 28 * 28;
  if (op.kind === "classes") return length + op.count * op.places;
  if (op.kind === "noise") return (length / op.channels) * (op.channels + 1);
  if (op.kind === "join") return (length / op.channels) * (op.channels + op.others);
  return length;
}

/**
 * What the network is told, the numbers of an earlier operation for those that take them, and how products are computed.
 * @typedef {{ told: { label: number, level: number | null }, earlier: Float32Array | null, products: Products }} More
 */
/**
 * @template {Op} T
 * @typedef {(op: T, x: Float32Array, y: Float32Array, w: Float32Array, more: More) => void} Run
 */

/**
 * Every pixel of a map is the bias.
 * @param {Float32Array} w
 * @param {number} bias
 * @param {number} outputs
 * @param {Float32Array} y
 */
function fillWith(w, bias, outputs, y) {
  for (let o = 0; o < outputs; o += 1) y[o] = w[bias + o];
  for (let done = outputs; done < y.length; done *= 2) y.copyWithin(done, 0, Math.min(done, y.length - done));
}

/**
 * Of `count` pixels c the first one, and the one after the last, for which c · stride − padding + kx lies within `width`.
 * @param {number} count
 * @param {number} width
 * @param {number} kx
 * @param {number} stride
 * @param {number} padding
 */
function inside(count, width, kx, stride, padding) {
  const first = Math.max(Math.ceil((padding - kx) / stride), 0);
  return [first, Math.min(Math.floor((width - 1 + padding - kx) / stride) + 1, count)];
}

/** @type {{ [K in Op["kind"]]: Run<OpOf<K>> }} */
const RUN = {
  linear({ inputs, outputs, at, bias, activation }, x, y, w, { products }) {
    products.dots(x, w, at, bias, y, inputs, outputs);
    activate(y, activation);
  },

  // A row of output pixels at a time gathers from the rows of input under its window.
  conv({ from: [height, width, inputs], to: [rows, columns, outputs], kernel, stride, padding, at, bias, activation }, x, y, w, { products }) {
    fillWith(w, bias, outputs, y);
    for (let r = 0; r < rows; r += 1) {
      for (let ky = 0; ky < kernel; ky += 1) {
        const row = r * stride - padding + ky;
        if (row < 0 || row >= height) continue;
        for (let kx = 0; kx < kernel; kx += 1) {
          const [first, end] = inside(columns, width, kx, stride, padding), column = first * stride - padding + kx;
          if (end <= first) continue;
          products.product(
            x, (row * width + column) * inputs, stride * inputs, end - first,
            w, at + (ky * kernel + kx) * inputs * outputs, inputs, outputs,
            y, (r * columns + first) * outputs, outputs,
          );
        }
      }
    }
    activate(y, activation);
  },

  // A row of input pixels at a time adds to the rows of output that it came from.
  transposed({ from: [height, width, inputs], to: [rows, columns, outputs], kernel, stride, padding, at, bias, activation }, x, y, w, { products }) {
    fillWith(w, bias, outputs, y);
    for (let r = 0; r < height; r += 1) {
      for (let ky = 0; ky < kernel; ky += 1) {
        const row = r * stride - padding + ky;
        if (row < 0 || row >= rows) continue;
        for (let kx = 0; kx < kernel; kx += 1) {
          const [first, end] = inside(width, columns, kx, stride, padding), column = first * stride - padding + kx;
          if (end <= first) continue;
          products.product(
            x, (r * width + first) * inputs, inputs, end - first,
            w, at + (ky * kernel + kx) * inputs * outputs, inputs, outputs,
            y, (row * columns + column) * outputs, stride * outputs,
          );
        }
      }
    }
    activate(y, activation);
  },

  // The largest or the mean of a square; what lies outside of the map counts for nothing.
  pool({ from: [height, width], to: [rows, columns, channels], size = 2, mean = false, stride = size, padding = 0 }, x, y) {
    y.fill(mean ? 0 : -Infinity);
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const to = (r * columns + c) * channels, top = r * stride - padding, left = c * stride - padding;
        for (let row = Math.max(top, 0); row < Math.min(top + size, height); row += 1) {
          for (let column = Math.max(left, 0); column < Math.min(left + size, width); column += 1) {
            const at = (row * width + column) * channels;
            if (mean) for (let k = 0; k < channels; k += 1) y[to + k] += x[at + k];
            else for (let k = 0; k < channels; k += 1) if (x[at + k] > y[to + k]) y[to + k] = x[at + k];
          }
        }
      }
    }
    if (mean) for (let i = 0; i < y.length; i += 1) y[i] /= size * size;
  },

  // Every pixel repeated over a square.
  repeat({ from: [, width], to: [rows, columns, channels], size }, x, y) {
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const source = (Math.floor(r / size) * width + Math.floor(c / size)) * channels;
        for (let k = 0; k < channels; k += 1) y[(r * columns + c) * channels + k] = x[source + k];
      }
    }
  },

  // Pixels of one value around the map, or with a negative number taken from its edges.
  frame({ from: [height, width], to: [rows, columns, channels], by, value }, x, y) {
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const row = r - by, column = c - by, inside = row >= 0 && row < height && column >= 0 && column < width;
        for (let k = 0; k < channels; k += 1) {
          y[(r * columns + c) * channels + k] = inside ? x[(row * width + column) * channels + k] : value;
        }
      }
    }
  },

  activate({ activation }, x, y) {
    y.set(x);
    activate(y, activation);
  },

  // x · scale + shift, each channel with its own.
  scale({ at, shift, channels }, x, y, w) {
    for (let i = 0; i < x.length; i += 1) y[i] = x[i] * w[at + (i % channels)] + w[shift + (i % channels)];
  },

  // Bilinear with pixel centres as PyTorch has them (align_corners false).
  resize({ from: [height, width, channels], to: [rows, columns] }, x, y) {
    for (let r = 0; r < rows; r += 1) {
      const [top, bottom, down] = between(r, rows, height);
      for (let c = 0; c < columns; c += 1) {
        const [left, right, across] = between(c, columns, width);
        for (let k = 0; k < channels; k += 1) {
          /** @type {(row: number, column: number) => number} */
          const value = (row, column) => x[(row * width + column) * channels + k];
          const above = value(top, left) * (1 - across) + value(top, right) * across;
          const under = value(bottom, left) * (1 - across) + value(bottom, right) * across;
          y[(r * columns + c) * channels + k] = above * (1 - down) + under * down;
        }
      }
    }
  },

  // An earlier result once more.
  recall(op, x, y, w, { earlier }) {
    y.set(/** @type {Float32Array} */ (earlier));
  },

  multiply(op, x, y, w, { earlier }) {
    const other = /** @type {Float32Array} */ (earlier);
    for (let i = 0; i < x.length; i += 1) y[i] = x[i] * other[i];
  },

  clip({ low, high }, x, y) {
    for (let i = 0; i < x.length; i += 1) y[i] = Math.min(Math.max(x[i], low), high);
  },

  // Negative numbers by a slope, each channel with its own.
  slopes({ at, channels }, x, y, w) {
    for (let i = 0; i < x.length; i += 1) y[i] = x[i] > 0 ? x[i] : w[at + (i % channels)] * x[i];
  },

  // Part of a map.
  crop({ from: [, width, inputs], to: [rows, columns, channels], at: [top, left, first] }, x, y) {
    for (let r = 0, i = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const source = ((top + r) * width + left + c) * inputs + first;
        for (let k = 0; k < channels; k += 1) y[i++] = x[source + k];
      }
    }
  },

  // Each part to mean 0 and variance 1.
  standardise({ parts, epsilon }, x, y) {
    const length = x.length / parts;
    for (let from = 0; from < x.length; from += length) {
      let sum = 0, squares = 0;
      for (let i = from; i < from + length; i += 1) sum += x[i];
      const mean = sum / length;
      for (let i = from; i < from + length; i += 1) squares += (x[i] - mean) ** 2;
      const by = 1 / Math.sqrt(squares / length + epsilon);
      for (let i = from; i < from + length; i += 1) y[i] = (x[i] - mean) * by;
    }
  },

  // Channels become the pixels of a square: those of one colour side by side, or with `outer` false one square of all.
  shuffle({ from: [, width, inputs], to: [rows, columns, channels], size, outer }, x, y) {
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const source = (Math.floor(r / size) * width + Math.floor(c / size)) * inputs, place = (r % size) * size + (c % size);
        for (let k = 0; k < channels; k += 1) {
          y[(r * columns + c) * channels + k] = x[source + (outer ? k * size * size + place : place * channels + k)];
        }
      }
    }
  },

  // A layer's input, added to its output.
  add(op, x, y, w, { earlier }) {
    const other = /** @type {Float32Array} */ (earlier);
    for (let i = 0; i < x.length; i += 1) y[i] = x[i] + other[i];
  },

  // Behind the channels those of an earlier map of the same size.
  join({ channels, others }, x, y, w, { earlier }) {
    const other = /** @type {Float32Array} */ (earlier), places = x.length / channels;
    for (let p = 0, i = 0; p < places; p += 1) {
      for (let k = 0; k < channels; k += 1) y[i++] = x[p * channels + k];
      for (let k = 0; k < others; k += 1) y[i++] = other[p * others + k];
    }
  },

  // Every pixel repeated as often as the new size asks for.
  enlarge({ from: [height, width, channels], to: [rows, columns] }, x, y) {
    for (let r = 0; r < rows; r += 1) {
      const row = Math.floor((r * height) / rows);
      for (let c = 0; c < columns; c += 1) {
        const source = (row * width + Math.floor((c * width) / columns)) * channels;
        for (let k = 0; k < channels; k += 1) y[(r * columns + c) * channels + k] = x[source + k];
      }
    }
  },

  // The standard deviation of the noise as one more channel.
  noise({ channels, width, high }, x, y, w, { told }) {
    const level = (told.level = told.level === null ? estimatedLevel(x, width, channels) : told.level * high);
    for (let p = 0, i = 0; p < x.length / channels; p += 1) {
      for (let k = 0; k < channels; k += 1) y[i++] = x[p * channels + k];
      y[i++] = level;
    }
  },

  // What a network takes for noise, in units of the noise level if it is told that, off the image.
  subtract({ scaled }, x, y, w, { earlier, told: { level } }) {
    const image = /** @type {Float32Array} */ (earlier), by = scaled ? /** @type {number} */ (level) : 1;
    for (let i = 0; i < x.length; i += 1) y[i] = image[i] - by * x[i];
  },

  // Behind the numbers of each place one for each class, 1 for that of the image.
  classes({ count, places, channels }, x, y, w, { told: { label } }) {
    for (let p = 0, i = 0; p < places; p += 1) {
      for (let k = 0; k < channels; k += 1) y[i++] = x[p * channels + k];
      for (let k = 0; k < count; k += 1) y[i++] = k === label ? 1 : 0;
    }
  },

  // Finite scalar quantisation: each channel rounded to its levels, as `aecore.models.quantise` does.
  levels({ levels }, x, y) {
    for (let i = 0; i < x.length; i += 1) {
      const count = levels[i % levels.length], reach = ((count - 1) * (1 - 1e-3)) / 2, offset = count % 2 ? 0 : 0.5;
      const bounded = Math.tanh(x[i] + Math.atanh(offset / reach)) * reach - offset;
      y[i] = roundHalfToEven(bounded) / Math.floor(count / 2);
    }
  },

  // Vector quantisation: the nearest of the codebook's vectors at each place.
  nearest({ at, count, channels }, x, y, w) {
    for (let place = 0; place < x.length; place += channels) {
      let best = Infinity, chosen = at;
      for (let row = at; row < at + count * channels; row += channels) {
        let apart = 0;
        for (let k = 0; k < channels; k += 1) apart += (x[place + k] - w[row + k]) ** 2;
        if (apart < best) [best, chosen] = [apart, row];
      }
      for (let k = 0; k < channels; k += 1) y[place + k] = w[chosen + k];
    }
  },

  // All but the largest numbers become 0.
  largest({ count }, x, y) {
    const order = Array.from(x.keys()).sort((a, b) => x[b] - x[a]);
    y.fill(0);
    for (const i of order.slice(0, count)) y[i] = x[i];
  },

  hwc({ shape: [channels, height, width] }, x, y) {
    const area = height * width;
    for (let k = 0; k < channels; k += 1) for (let i = 0; i < area; i += 1) y[i * channels + k] = x[k * area + i];
  },

  chw({ shape: [channels, height, width] }, x, y) {
    const area = height * width;
    for (let k = 0; k < channels; k += 1) for (let i = 0; i < area; i += 1) y[k * area + i] = x[i * channels + k];
  },

  affine({ scale, shift }, x, y) {
    for (let i = 0; i < x.length; i += 1) y[i] = x[i] * scale + shift;
  },

  // A coloured digit is as bright as its brightest channel.
  brightest(op, x, y) {
    const channels = x.length / y.length;
    for (let i = 0; i < y.length; i += 1) {
      let most = 0;
      for (let k = 0; k < channels; k += 1) most = Math.max(most, x[i * channels + k]);
      y[i] = Math.min(most, 1);
    }
  },
};
