// Where one looks from, and how that moves: flights, turning by itself, a throw, and clouds that turn along.

/** @import { Cloud, Dims, Place } from "./types.js" */

import { DIMS, FARTHEST, NEAREST, betweenCameras, cameraText, copyCamera, homeCamera, turnCamera } from "./camera.js";
import { ease, still } from "./motion.js";
import { clamp } from "./numbers.js";

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 */
export function addSteering(owner, root) {
  const { state, cameras, tweens } = owner;
  let advanced = -1, wasMoving = false;
  /** @type {Place} */
  let speed = [0, 0]; // of a throw, radians a millisecond

  owner.cameraOf = (stage) => tweens[stage.view.dims]?.now ?? cameras[stage.view.dims];

  // Called by every stage before it draws: moves on what moves by itself, once a frame. Tells whether anything does.
  owner.advance = (stage, passed, now) => {
    if (now === advanced) return wasMoving;
    advanced = now;
    wasMoving = false;
    for (const dims of DIMS) {
      const tween = tweens[dims];
      if (!tween) continue;
      tween.since ??= now;
      const share = clamp((now - tween.since) / tween.duration, 0, 1);
      tween.now = betweenCameras(tween.from, tween.to, ease(share));
      if (share === 1) [cameras[dims], tweens[dims]] = [tween.to, null];
      wasMoving = true;
      moved(dims);
    }
    if (state.spin || Math.hypot(...speed) > 2e-5) {
      if (state.spin) cameras[3].yaw -= passed * 0.00022;
      turnCamera(cameras[3], speed[0] * passed, speed[1] * passed);
      speed = [speed[0] * Math.exp(-passed / 180), speed[1] * Math.exp(-passed / 180)];
      wasMoving = true;
      moved(3);
    }
    if (wasMoving) owner.redraw();
    return wasMoving;
  };

  owner.moveCamera = (stage, move) => {
    const { dims } = stage.view;
    const tween = tweens[dims];
    if (tween) [cameras[dims], tweens[dims]] = [tween.now, null];
    speed = [0, 0];
    move(cameras[dims]);
    moved(dims);
    owner.redraw();
  };

  owner.throwCamera = (stage, velocity) => {
    if (still() || stage.view.dims !== 3) return;
    speed = velocity;
    owner.redraw();
  };

  owner.tweenTo = (dims, to, duration = 550, from = copyCamera(tweens[dims]?.now ?? cameras[dims])) => {
    speed = [0, 0];
    if (still()) {
      [cameras[dims], tweens[dims]] = [to, null];
      moved(dims);
    } else tweens[dims] = { from, to, now: from, duration };
    owner.redraw();
  };

  owner.flyTo = (stage, row, nearer = 1) => {
    const to = copyCamera(cameras[stage.view.dims]);
    to.target = stage.placeOf(row);
    to.distance = clamp(to.distance / nearer, NEAREST, FARTHEST);
    owner.tweenTo(stage.view.dims, to);
  };

  owner.reset = () => {
    owner.stopSpin();
    for (const dims of DIMS) owner.tweenTo(dims, homeCamera(dims));
  };
  owner.stopSpin = () => {
    if (state.spin) owner.toggleSpin();
  };
  owner.toggleSpin = () => {
    if (!owner.stages.some(({ view }) => view?.dims === 3)) return;
    state.spin = !state.spin;
    owner.tools();
    owner.redraw();
  };

  /** @param {Dims} dims */
  function moved(dims) {
    root.dataset.camera = cameraText(tweens[dims]?.now ?? cameras[dims], dims);
    owner.share((other) => other.followCamera(dims, tweens[dims]?.now ?? cameras[dims]));
    owner.remember();
  }
  owner.followCamera = (dims, camera) => {
    [cameras[dims], tweens[dims]] = [copyCamera(camera), null];
    [speed, state.spin] = [[0, 0], false];
    root.dataset.camera = cameraText(camera, dims);
    owner.redraw();
    owner.remember();
  };
}
