// Runs a network that `aecore.models.browser_export` wrote: a list of operations over one Float32Array of weights.
// Maps are channels last. One image at a time, no allocation after the first: made for a hand on a slider.

/** @import { Network, Numbers, Op, OpOf } from "./types.js" */

import { activate, activationOf, between, estimatedLevel, roundHalfToEven, spread } from "./arithmetic.js";

/**
 * A function from the numbers of one image or code to those after the last operation. The result is its own buffer,
 * written over by the next call. Some networks are told the image's class, -1 for any, or the standard deviation of its
 * noise on the [0, 1] scale, which they estimate where it is not known.
 * @param {Op[]} ops
 * @param {Float32Array} weights
 * @returns {Network}
 */
export function createNetwork(ops, weights) {
  const buffers = ops.map((op) => new Float32Array(sizeAfter(op)));
  const earlierOf = (/** @type {Op} */ op, /** @type {any} */ input) =>
    "earlier" in op ? (op.earlier < 0 ? input : buffers[op.earlier]) : null;
  return (input, label = -1, level = null) => {
    /** @type {any} */
    let values = input;
    const told = { label, level };
    ops.forEach((op, i) => {
      const out = buffers[i].length ? buffers[i] : (buffers[i] = new Float32Array(lengthLike(op, values)));
      /** @type {Run<any>} */ (RUN[op.kind])(op, values, out, weights, { told, earlier: earlierOf(op, input) });
      values = out;
    });
    return values;
  };
}

/** @param {Op} op */
function sizeAfter(op) {
  if (op.kind === "linear") return op.outputs;
  if ("to" in op) return op.to[0] * op.to[1] * op.to[2];
  return 0; // as many as come in, known at the first call
}

/**
 * @param {Op} op
 * @param {Numbers} values
 */
function lengthLike(op, values) {
  if (op.kind === "brightest") return 28 * 28;
  if (op.kind === "classes") return values.length + op.count * op.places;
  if (op.kind === "noise") return (values.length / op.channels) * (op.channels + 1);
  if (op.kind === "join") return (values.length / op.channels) * (op.channels + op.others);
  return values.length;
}

/**
 * What the network is told, and the numbers of an earlier operation for those that take them.
 * @typedef {{ told: { label: number, level: number | null }, earlier: Float32Array | null }} More
 */
/**
 * @template {Op} T
 * @typedef {(op: T, x: Float32Array, y: Float32Array, w: Float32Array, more: More) => void} Run
 */
/** @type {{ [K in Op["kind"]]: Run<OpOf<K>> }} */
const RUN = {
  linear({ inputs, outputs, at, bias, activation }, x, y, w) {
    const act = activationOf(activation);
    for (let o = 0, row = at; o < outputs; o += 1, row += inputs) {
      let a = 0, b = 0, c = 0, d = 0, i = 0; // four sums: the processor works on them at the same time
      for (; i + 3 < inputs; i += 4) {
        a += x[i] * w[row + i];
        b += x[i + 1] * w[row + i + 1];
        c += x[i + 2] * w[row + i + 2];
        d += x[i + 3] * w[row + i + 3];
      }
      for (; i < inputs; i += 1) a += x[i] * w[row + i];
      y[o] = act(a + b + (c + d) + w[bias + o]);
    }
  },

  // Every output pixel gathers from its window.
  conv({ from: [height, width, inputs], to: [rows, columns, outputs], kernel, stride, padding, at, bias, activation }, x, y, w) {
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        const out = (r * columns + c) * outputs;
        for (let o = 0; o < outputs; o += 1) y[out + o] = w[bias + o];
        for (let ky = 0; ky < kernel; ky += 1) {
          const row = r * stride - padding + ky;
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < kernel; kx += 1) {
            const column = c * stride - padding + kx;
            if (column < 0 || column >= width) continue;
            spread(x, (row * width + column) * inputs, inputs, y, out, outputs, w, at + (ky * kernel + kx) * inputs * outputs);
          }
        }
      }
    }
    activate(y, activation);
  },

  // Every input pixel adds to the window it came from.
  transposed({ from: [height, width, inputs], to: [rows, columns, outputs], kernel, stride, padding, at, bias, activation }, x, y, w) {
    for (let i = 0; i < y.length; i += outputs) for (let o = 0; o < outputs; o += 1) y[i + o] = w[bias + o];
    for (let r = 0; r < height; r += 1) {
      for (let c = 0; c < width; c += 1) {
        for (let ky = 0; ky < kernel; ky += 1) {
          const row = r * stride - padding + ky;
          if (row < 0 || row >= rows) continue;
          for (let kx = 0; kx < kernel; kx += 1) {
            const column = c * stride - padding + kx;
            if (column < 0 || column >= columns) continue;
            const window = at + (ky * kernel + kx) * inputs * outputs;
            spread(x, (r * width + c) * inputs, inputs, y, (row * columns + column) * outputs, outputs, w, window);
          }
        }
      }
    }
    activate(y, activation);
  },

  // The largest or the mean of a square.
  pool({ from: [, width], to: [rows, columns, channels], size = 2, mean = false }, x, y) {
    for (let r = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1) {
        for (let k = 0; k < channels; k += 1) {
          let most = -Infinity, sum = 0;
          for (let i = 0; i < size * size; i += 1) {
            const row = r * size + Math.floor(i / size), column = c * size + (i % size);
            const value = x[(row * width + column) * channels + k];
            sum += value;
            if (value > most) most = value;
          }
          y[(r * columns + c) * channels + k] = mean ? sum / (size * size) : most;
        }
      }
    }
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
    const act = activationOf(activation);
    for (let i = 0; i < x.length; i += 1) y[i] = act(x[i]);
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
