// What the operations of a network are made of: activations, rounding.

/** @import { Activation } from "./types.js" */

const SELU_SCALE = 1.0507009873554805, SELU_ALPHA = 1.6732632423543772;

/** @type {Record<string, (x: number) => number>} */
const ACTIVATE = {
  none: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  "leaky-relu": (x) => (x > 0 ? x : 0.01 * x),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * (Math.exp(x) - 1)),
  elu: (x) => (x > 0 ? x : Math.exp(x) - 1),
  gelu,
  silu: (x) => x / (1 + Math.exp(-x)),
  mish: (x) => x * Math.tanh(softplus(x)),
  softplus,
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  exp: Math.exp,
};

/** @param {number} x */
function gelu(x) {
  return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
}

/** @param {number} x */
function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * @param {Activation} written
 * @returns {(x: number) => number}
 */
export function activationOf(written) {
  const [name, slope] = written.split(":");
  if (!slope) return ACTIVATE[name];
  const leak = Number(slope);
  return (x) => (x > 0 ? x : leak * x);
}

/**
 * Abramowitz and Stegun 7.1.26, off by at most 1.5e-7.
 * @param {number} x
 */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

/**
 * The noise of an image by the median of its finest diagonal differences, as `aecore.models.condition` estimates it.
 * @param {Float32Array} x
 * @param {number} width
 * @param {number} channels
 */
export function estimatedLevel(x, width, channels) {
  const found = [], line = width * channels;
  for (let at = 0; at + line + channels < x.length; at += 1) {
    if (at % line >= line - channels) continue;
    found.push(Math.abs(x[at] - x[at + line] - x[at + channels] + x[at + line + channels]) / 2);
  }
  found.sort((a, b) => a - b);
  return found[Math.floor((found.length - 1) / 2)] / 0.6745;
}

/**
 * As PyTorch rounds.
 * @param {number} x
 */
export function roundHalfToEven(x) {
  const low = Math.floor(x), rest = x - low;
  if (rest === 0.5) return low % 2 ? low + 1 : low;
  return rest < 0.5 ? low : low + 1;
}

/**
 * The usual ones in loops of their own: one loop that calls whichever function it is given takes several times as long.
 * @param {Float32Array} values
 * @param {Activation} name
 */
export function activate(values, name) {
  const count = values.length;
  if (name === "none") return;
  // Half of x + |x| is exactly x or 0 of finite numbers, and takes an eighth of the time of a branch that no processor can
  // foresee; of what has overflown it is NaN.
  if (name === "relu") for (let i = 0; i < count; i += 1) values[i] = 0.5 * (values[i] + Math.abs(values[i]));
  else if (name === "selu" || name === "elu") {
    const [scale, alpha] = name === "selu" ? [SELU_SCALE, SELU_ALPHA] : [1, 1];
    for (let i = 0; i < count; i += 1) values[i] = scale * (values[i] > 0 ? values[i] : alpha * (Math.exp(values[i]) - 1));
  } else if (name === "gelu") for (let i = 0; i < count; i += 1) values[i] = gelu(values[i]);
  else {
    const act = activationOf(name);
    for (let i = 0; i < count; i += 1) values[i] = act(values[i]);
  }
}

/**
 * The two pixels of a row of `from` between which pixel `i` of a row of `to` lies, and the share of the second.
 * @param {number} i
 * @param {number} to
 * @param {number} from
 */
export function between(i, to, from) {
  const place = Math.max((i + 0.5) * (from / to) - 0.5, 0), low = Math.min(Math.floor(place), from - 1);
  return [low, Math.min(low + 1, from - 1), place - low];
}
