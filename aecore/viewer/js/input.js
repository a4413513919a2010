// Hands on a stage: mouse, touch and keyboard. Moves the owner's camera, and tells what is pointed at, clicked, drawn round.

/** @import { Camera, Cloud, Place, Stage } from "./types.js" */

import { panCamera, placeAt, turnCamera, zoomCamera } from "./camera.js";
import { clamp } from "./numbers.js";

const TURN = 0.0075, CLICK_PX = 5;

/**
 * What the pointers on a stage are doing since the first of them came down.
 * @typedef {object} Gesture
 * @property {"move" | "turn" | "pan" | "box" | "lasso" | "pinch" | "none"} kind
 * @property {number} x
 * @property {number} y
 * @property {number} startX
 * @property {number} startY
 * @property {number} moved pixels so far
 * @property {Place} speed radians a millisecond
 * @property {number} when
 * @property {number} apart pixels between the two fingers of a pinch
 * @property {Place[]} [path] of a selection
 */

/**
 * @param {Cloud} owner
 * @param {Stage} stage
 */
export function listen(owner, stage) {
  const { box } = stage;
  /** @type {Map<number, Place>} */
  const fingers = new Map();
  /** @type {Gesture | null} */
  let gesture = null;
  let armed = false;
  /**
   * @param {MouseEvent} event
   * @returns {Place}
   */
  const local = (event) => {
    const frame = box.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  /** @param {(camera: Camera) => void} move */
  const change = (move) => owner.moveCamera(stage, move);
  /** @type {(across: number, down: number) => void} */
  const pan = (across, down) => change((camera) => panCamera(camera, across, down, stage.width, stage.height));
  /** To the point at (x, y) where there is one: in a hollow cloud one would else pass through the near side.
   * @type {(factor: number, x?: number, y?: number) => void} */
  const zoom = (factor, x = stage.width / 2, y = stage.height / 2) =>
    change((camera) => {
      const row = camera.perspective && factor > 1 ? stage.pick(x, y, 40) : -1, { width, height } = stage;
      const place = row < 0 ? placeAt(camera, x - width / 2, y - height / 2, width, height) : stage.placeOf(row);
      zoomCamera(camera, factor, place);
    });

  /** @param {PointerEvent} event */
  function down(event) {
    if (/** @type {Element} */ (event.target).closest("button, input, select, a")) return;
    const [x, y] = local(event);
    fingers.set(event.pointerId, [x, y]);
    box.setPointerCapture(event.pointerId);
    box.focus({ preventScroll: true });
    armed = true;
    owner.stopSpin();
    if (fingers.size === 2) {
      gesture = begun("pinch", event, pinch());
      stage.drawPath(null);
      owner.hover(stage, -1);
      return;
    }
    const drawing = owner.state.tool !== "move" && event.button === 0;
    const turning = stage.view?.dims === 3 && event.button === 0 && !event.shiftKey;
    gesture = begun(drawing ? owner.state.tool : turning ? "turn" : "pan", event, { x, y });
    if (drawing) gesture.path = [[x, y]];
    if (event.button !== 0) event.preventDefault();
  }

  /**
   * @param {Gesture["kind"]} kind
   * @param {PointerEvent} event
   * @param {{ x: number, y: number, apart?: number }} at
   * @returns {Gesture}
   */
  function begun(kind, event, { x, y, apart = 0 }) {
    return { kind, x, y, startX: x, startY: y, moved: 0, speed: [0, 0], when: event.timeStamp, apart };
  }

  function pinch() {
    const [[ax, ay], [bx, by]] = [...fingers.values()];
    return { apart: Math.hypot(ax - bx, ay - by), x: (ax + bx) / 2, y: (ay + by) / 2 };
  }

  /** @param {PointerEvent} event */
  function move(event) {
    const [x, y] = local(event);
    if (!gesture) {
      if (event.pointerType !== "touch") owner.hover(stage, stage.pick(x, y), [x, y]);
      return;
    }
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, [x, y]);
    if (gesture.kind === "pinch") {
      if (fingers.size < 2) return;
      const next = pinch();
      pan(next.x - gesture.x, next.y - gesture.y);
      if (gesture.apart > 0 && next.apart > 0) zoom(next.apart / gesture.apart, next.x, next.y);
      Object.assign(gesture, next);
      return;
    }
    const across = x - gesture.x, downward = y - gesture.y, passed = Math.max(event.timeStamp - gesture.when, 1);
    Object.assign(gesture, { x, y, when: event.timeStamp, moved: gesture.moved + Math.abs(across) + Math.abs(downward) });
    if (gesture.moved < CLICK_PX) return;
    owner.hover(stage, -1);
    box.classList.add("cl-held");
    if (gesture.kind === "turn") {
      change((camera) => turnCamera(camera, across * TURN, downward * TURN));
      const [turned, tilted] = gesture.speed;
      gesture.speed = [0.6 * turned + (0.4 * across * TURN) / passed, 0.6 * tilted + (0.4 * downward * TURN) / passed];
    } else if (gesture.kind === "pan") {
      pan(across, downward);
    } else if (gesture.kind === "box") {
      const { startX, startY } = gesture;
      gesture.path = [[startX, startY], [x, startY], [x, y], [startX, y]];
      stage.drawPath(gesture.path);
    } else if (gesture.path) {
      gesture.path.push([x, y]);
      stage.drawPath(gesture.path);
    }
  }

  /** @param {PointerEvent} event */
  function up(event) {
    const [x, y] = local(event), ended = gesture;
    fingers.delete(event.pointerId);
    if (fingers.size) {
      gesture = fingers.size === 2 ? begun("pinch", event, pinch()) : { ...begun("none", event, { x, y }), moved: Infinity };
      return;
    }
    gesture = null;
    box.classList.remove("cl-held");
    stage.drawPath(null);
    owner.remember(0);
    if (!ended || event.type === "pointercancel") return;
    if (ended.kind !== "pinch" && ended.moved < CLICK_PX) {
      if (event.button === 0) owner.click(stage, stage.pick(x, y, event.pointerType === "touch" ? 20 : 9));
    } else if (ended.kind === "turn" && event.timeStamp - ended.when < 60) {
      owner.throwCamera(stage, ended.speed);
    } else if (ended.path) {
      owner.select(stage, stage.inside(ended.path));
    }
  }

  /**
   * The wheel belongs to the page until one has taken hold of the cloud; with Ctrl, as a pinch on a touchpad sends, it zooms.
   * @param {WheelEvent} event
   */
  function wheel(event) {
    if (!armed && !event.ctrlKey && !event.metaKey) {
      owner.hint(stage, "Click the cloud to zoom with the wheel");
      return;
    }
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 30 : 1, speed = event.ctrlKey ? 0.01 : 0.0016;
    owner.stopSpin();
    zoom(Math.exp(-clamp(event.deltaY * unit, -240, 240) * speed), ...local(event));
  }

  /** @param {KeyboardEvent} event */
  function keys(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== box || !stage.view) return;
    const flat = stage.view.dims === 2 || event.shiftKey, step = 40;
    /** @type {(across: number, downward: number) => void} */
    const arrow = (across, downward) => {
      owner.stopSpin();
      if (flat) pan(-across * step, -downward * step);
      else change((camera) => turnCamera(camera, across * 0.1, downward * 0.1));
    };
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => arrow(-1, 0),
      ArrowRight: () => arrow(1, 0),
      ArrowUp: () => arrow(0, -1),
      ArrowDown: () => arrow(0, 1),
      "+": () => zoom(1.25),
      "=": () => zoom(1.25),
      "-": () => zoom(0.8),
      r: () => owner.reset(),
      R: () => owner.reset(),
      " ": () => owner.toggleSpin(),
      "[": () => owner.step(stage, -1),
      "]": () => owner.step(stage, 1),
      n: () => owner.toNeighbour(stage),
      Enter: () => {
        if (owner.state.hovered !== null) owner.pin(owner.state.hovered, stage);
      },
      Escape: () => owner.escape(),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  const leave = () => {
    if (!gesture) owner.hover(stage, -1);
  };
  const disarm = () => {
    armed = false;
  };
  /** @param {MouseEvent} event */
  const twice = (event) => {
    const row = stage.pick(...local(event));
    if (row >= 0) owner.flyTo(stage, row, 2.2);
  };
  box.addEventListener("pointerdown", down);
  box.addEventListener("pointermove", move);
  box.addEventListener("pointerup", up);
  box.addEventListener("pointercancel", up);
  box.addEventListener("pointerleave", leave);
  box.addEventListener("keydown", keys);
  box.addEventListener("blur", disarm);
  box.addEventListener("dblclick", twice);
  box.addEventListener("contextmenu", (event) => event.preventDefault());
  box.addEventListener("wheel", wheel, { passive: false });
}
