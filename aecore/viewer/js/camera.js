// Where one looks from. One kind of camera serves both drawings: it turns about a target, and its lens goes from
// parallel rays (a flat drawing) to perspective, so that going from 2D to 3D is one smooth movement.

/** @import { Camera, Dims } from "./types.js" */

import { clamp } from "./numbers.js";

/** Pixels of the smaller side that a length of 1 at distance 1 takes, halved. */
export const LENS = 1.7;
export const NEAREST = 0.06;
export const FARTHEST = 12;
const STEEPEST = Math.PI / 2 - 0.01;

export const DIMS = /** @type {Dims[]} */ ([2, 3]);

/** @type {Record<Dims, Camera>} */
export const HOMES = {
  2: { yaw: 0, pitch: 0, distance: 1.95, target: [0, 0, 0], perspective: 0 },
  3: { yaw: 0.62, pitch: 0.32, distance: 1.95, target: [0, 0, 0], perspective: 1 },
};

/** @param {Dims} dims */
export const homeCamera = (dims) => copyCamera(HOMES[dims]);

/**
 * @param {Camera} camera
 * @returns {Camera}
 */
export const copyCamera = (camera) => ({ ...camera, target: [...camera.target] });

/**
 * Right, up and towards the eye, as rows.
 * @param {{ yaw: number, pitch: number }} camera
 */
export function cameraAxes({ yaw, pitch }) {
  const cy = Math.cos(yaw), sy = Math.sin(yaw), cp = Math.cos(pitch), sp = Math.sin(pitch);
  return [cy, 0, -sy, sy * sp, cp, cy * sp, sy * cp, -sp, cy * cp];
}

/**
 * Pixels that a length of 1 at the target takes.
 * @param {Camera} camera
 * @param {number} width
 * @param {number} height
 */
export function pixelsPerUnit(camera, width, height) {
  return (LENS * Math.min(width, height)) / 2 / camera.distance;
}

/**
 * @param {Camera} camera
 * @param {number} across radians
 * @param {number} down radians
 */
export function turnCamera(camera, across, down) {
  camera.yaw -= across;
  camera.pitch = clamp(camera.pitch + down, -STEEPEST, STEEPEST);
}

/**
 * Move what is looked at, by pixels on the screen.
 * @param {Camera} camera
 * @param {number} across
 * @param {number} down
 * @param {number} width
 * @param {number} height
 */
export function panCamera(camera, across, down, width, height) {
  const axes = cameraAxes(camera), unit = pixelsPerUnit(camera, width, height);
  for (let k = 0; k < 3; k += 1) {
    camera.target[k] = clamp(camera.target[k] + (-across * axes[k] + down * axes[3 + k]) / unit, -2.5, 2.5);
  }
}

/**
 * The place in the plane of the target that is seen at (x, y), pixels from the middle.
 * @param {Camera} camera
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export function placeAt(camera, x, y, width, height) {
  const axes = cameraAxes(camera), unit = pixelsPerUnit(camera, width, height);
  return camera.target.map((value, k) => value + (x * axes[k] - y * axes[3 + k]) / unit);
}

/**
 * Come nearer by `factor` > 1 to a place, which stays where it is on the screen.
 * @param {Camera} camera
 * @param {number} factor
 * @param {number[]} place
 */
export function zoomCamera(camera, factor, place) {
  const distance = clamp(camera.distance / factor, NEAREST, FARTHEST), share = 1 - distance / camera.distance;
  camera.distance = distance;
  camera.target = camera.target.map((value, k) => clamp(value + (place[k] - value) * share, -2.5, 2.5));
}

/**
 * The camera `share` of the way from one to another, the shorter way round.
 * @param {Camera} from
 * @param {Camera} to
 * @param {number} share
 * @returns {Camera}
 */
export function betweenCameras(from, to, share) {
  /** @type {(a: number, b: number) => number} */
  const mix = (a, b) => a + (b - a) * share;
  const around = Math.atan2(Math.sin(to.yaw - from.yaw), Math.cos(to.yaw - from.yaw));
  return {
    yaw: from.yaw + around * share,
    pitch: mix(from.pitch, to.pitch),
    distance: Math.exp(mix(Math.log(from.distance), Math.log(to.distance))),
    target: from.target.map((value, k) => mix(value, to.target[k])),
    perspective: mix(from.perspective, to.perspective),
  };
}

/**
 * A camera as a short text for the address.
 * @param {Camera} camera
 * @param {Dims} dims
 */
export function cameraText(camera, dims) {
  /** @param {number} value */
  const short = (value) => String(Number(value.toFixed(3)));
  const { yaw, pitch, distance, target } = camera;
  const turned = Math.atan2(Math.sin(yaw), Math.cos(yaw));
  const numbers = dims === 3 ? [turned, pitch, distance, ...target] : [distance, target[0], target[1]];
  return [`${dims}d`, ...numbers.map(short)].join(",");
}

/**
 * The camera that such a text stands for; null for what is none.
 * @param {string | null} text
 * @returns {{ dims: Dims, camera: Camera } | null}
 */
export function cameraFromText(text) {
  const [kind, ...rest] = String(text ?? "").split(",");
  const numbers = rest.map(Number), dims = kind === "2d" ? 2 : kind === "3d" ? 3 : null;
  if (!dims || numbers.length !== (dims === 3 ? 6 : 3) || !rest.every(Boolean) || !numbers.every(Number.isFinite)) return null;
  const camera = homeCamera(dims);
  /** @param {number[]} values */
  const place = (values) => values.map((value) => clamp(value, -2.5, 2.5));
  if (dims === 3) {
    [camera.yaw, camera.pitch, camera.distance] = numbers;
    camera.pitch = clamp(camera.pitch, -STEEPEST, STEEPEST);
    camera.target = place(numbers.slice(3));
  } else {
    camera.distance = numbers[0];
    camera.target = [...place(numbers.slice(1)), 0];
  }
  camera.distance = clamp(camera.distance, NEAREST, FARTHEST);
  return { dims, camera };
}
