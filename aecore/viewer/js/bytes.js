// Bytes as they arrive from Python, and the numbers in them.

/** @import { Bytes } from "./types.js" */

/** @param {Bytes} part */
export const bytesOf = (part) => (part instanceof Uint8Array ? part : new Uint8Array(part));

/**
 * A typed array over a copy of the bytes: what arrives may start anywhere.
 * @template T
 * @param {new (buffer: ArrayBuffer) => T} kind
 * @param {Bytes} part
 * @returns {T}
 */
export function typed(kind, part) {
  return new kind(bytesOf(part).slice().buffer);
}

/** @param {Bytes} part */
export const floats = (part) => typed(Float32Array, part);

/** @param {string} base64 */
export const fromBase64 = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/**
 * IEEE half precision to single.
 * @param {Bytes} part
 */
export function fromHalves(part) {
  const halves = typed(Uint16Array, part), out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i += 1) {
    const bits = halves[i], sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) out[i] = fraction ? NaN : sign * Infinity;
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
}

/**
 * Coordinates sent as 16 bits a number, with the lowest value and the step of every axis.
 * @param {Bytes} part
 * @param {number} dims
 * @param {number[]} low
 * @param {number[]} step
 */
export function fromSteps(part, dims, low, step) {
  const steps = typed(Uint16Array, part), out = new Float32Array(steps.length);
  for (let i = 0; i < steps.length; i += 1) out[i] = low[i % dims] + steps[i] * step[i % dims];
  return out;
}

/**
 * A message of one piece: the length of a JSON text in four bytes, the text, then a body of bytes that the text
 * speaks of.
 * @param {Bytes} message
 * @returns {{ head: any, body: Uint8Array }}
 */
export function readMessage(message) {
  const bytes = bytesOf(message);
  const begin = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { head: JSON.parse(new TextDecoder().decode(bytes.subarray(4, begin))), body: bytes.subarray(begin) };
}
