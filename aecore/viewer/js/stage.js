// One cloud on the screen: its canvas, its movements, and what is drawn over it. What it shares with the clouds beside
// it (camera, colours, hidden classes, the pinned point) it asks of its owner.

/** @import { Cloud, Painter, Place, Screen, Stage } from "./types.js" */

import { HOMES, pixelsPerUnit } from "./camera.js";
import { colorPoints } from "./colors.js";
import { context2d, partsOf } from "./dom.js";
import { createDots } from "./dots.js";
import { ease, still } from "./motion.js";
import { clamp } from "./numbers.js";
import { paintOver } from "./overlay.js";
import { STRIDE, createPainter, createPlainPainter } from "./paint.js";
import { alongTrack } from "./points.js";
import { projectPoints, sortByDepth, within } from "./projection.js";
import { toCss } from "./theme.js";

const MORPH_MS = 900, CARD_AT = 7, IMAGE_AT = 10.5, LARGEST = 30;
// From so many points on, and if frames take so long, the processor is tried at drawing the dots instead of WebGL.
const MANY = 5000, SLOW_MS = 40, FRAMES_TRIED = 5;

/** The median: a single frame may take long for another reason. @param {number[]} times */
const median = (times) => times.slice().sort((a, b) => a - b)[times.length >> 1];

/**
 * @param {Cloud} owner
 * @param {HTMLElement} box
 * @returns {Stage}
 */
export function createStage(owner, box) {
  const part = partsOf(box, "cl");
  /** @type {HTMLCanvasElement} */
  const over = part("over");
  const overContext = context2d(over);
  /** @type {HTMLCanvasElement} */
  let canvas = part("gl");
  const stage = /** @type {Stage} */ (/** @type {unknown} */ ({ box, view: null, points: null, width: 0, height: 0 }));
  let painter = /** @type {Painter} */ (createPainter(canvas, invalidate));
  if (!painter) {
    const plain = /** @type {HTMLCanvasElement} */ (canvas.cloneNode()); // it keeps the first kind of context that it was asked for
    canvas.replaceWith(plain);
    canvas = plain;
    painter = createPlainPainter(canvas);
  }
  box.dataset.painter = painter.kind;
  let xyz = new Float32Array(0), order = new Uint32Array(0), keep = new Uint8Array(0);
  /** @type {{ from: Float32Array, to: Float32Array, since?: number, duration: number } | null} */
  let morph = null;
  /** @type {Screen} */
  let screen = { x: [], y: [], depth: [], scale: [] };
  /** @type {Place[] | null} */
  let path = null;
  let home = 1, last = 0, frame = 0, frames = 0, pace = 16, visible = true, wasMoving = false;
  // Who draws the dots: the milliseconds of its last frames while something moved.
  const [byPainter, byProcessor] = /** @type {[number[], number[]]} */ ([[], []]);
  const drawDots = createDots(overContext);
  let drawnBy = byPainter;

  // ---- what is shown ------------------------------------------------------------------------

  /** Show points; those that were here before move to their new places. @type {Stage["show"]} */
  function show(view, points, duration = MORPH_MS) {
    if (stage.time !== undefined) alongTrack(points, stage.time);
    const before = stage.points, from = new Float32Array(points.xyz);
    if (before && before !== points) {
      for (let i = 0; i < points.count; i += 1) {
        const row = before.rowOf.get(points.indices[i]);
        if (row !== undefined) from.set(xyz.subarray(row * 3, row * 3 + 3), i * 3);
      }
    } else if (!before) {
      for (let i = 0; i < from.length; i += 1) from[i] *= 0.55; // it unfolds when it is first seen
    }
    [stage.view, stage.points] = [view, points];
    const room = () => new Float32Array(points.count);
    screen = { x: room(), y: room(), depth: room(), scale: room() };
    [order, keep] = [new Uint32Array(points.count), new Uint8Array(points.count)];
    morph = still() || before === points ? null : { from, to: points.xyz, duration };
    xyz = morph ? new Float32Array(from) : new Float32Array(points.xyz);
    painter.setAtlas(points.atlas);
    recolor();
  }

  /** Let points that have a track stand where they are at that time, now and when others are shown. @type {Stage["travel"]} */
  function travel(time) {
    stage.time = time;
    if (!stage.points?.track) return;
    alongTrack(stage.points, time);
    if (!morph) xyz.set(stage.points.xyz); // else they are on their way there
    invalidate();
  }

  function recolor() {
    if (!stage.points) return;
    stage.colored = colorPoints(stage.points, owner.state.color, owner.theme);
    invalidate();
  }

  const camera = () => owner.cameraOf(stage);
  /** @param {number} index */
  const rowOf = (index) => stage.points?.rowOf.get(index) ?? -1;

  // ---- drawing ------------------------------------------------------------------------------

  function invalidate() {
    frame ||= requestAnimationFrame(render);
  }

  function resize() {
    const { clientWidth: width, clientHeight: height } = box, density = Math.min(devicePixelRatio || 1, 2);
    if (!width || !height) return false;
    [stage.width, stage.height, stage.density] = [width, height, density];
    for (const layer of [canvas, over]) {
      const [w, h] = [Math.round(width * density), Math.round(height * density)];
      if (layer.width !== w || layer.height !== h) [layer.width, layer.height] = [w, h];
    }
    return true;
  }

  /** @param {number} now */
  function render(now) {
    frame = 0;
    if (!stage.points || !visible || !box.isConnected || !resize()) return;
    const passed = now - last;
    last = now;
    if (wasMoving && !stage.view.live) drawnBy.push(passed); // a job's points wait on purpose (below)
    if (drawnBy.length > FRAMES_TRIED) drawnBy.shift();
    let moving = owner.advance(stage, Math.min(passed, 50), now);
    if (morph) {
      morph.since ??= now;
      const share = clamp((now - morph.since) / morph.duration, 0, 1), part = morph.duration === MORPH_MS ? ease(share) : share;
      for (let i = 0; i < xyz.length; i += 1) xyz[i] = morph.from[i] + (morph.to[i] - morph.from[i]) * part;
      if (share === 1) morph = null;
      moving = true;
    }
    wasMoving = moving;
    paint();
    frames += 1;
    box.dataset.frames = String(frames);
    pace += (Math.min(passed, 200) - pace) * 0.1;
    // Where every frame is hard work, the points that a job moves must not take the job's own processor from it.
    if (moving && stage.view.live && pace > 28) setTimeout(invalidate, 150);
    else if (moving) invalidate();
  }

  function paint() {
    const { points, width, height, density, colored } = stage, { count } = points;
    const seen = camera();
    projectPoints(seen, xyz, count, width, height, screen);
    for (let i = 0; i < count; i += 1) keep[i] = owner.state.hidden.has(points.labels[i]) ? 0 : 1;
    const many = sortByDepth(screen, keep, count, order);
    home = pixelsPerUnit(HOMES[stage.view.dims], width, height);
    const extra = emphasised();
    const list = painter.list(many + extra.length);
    let length = 0, pictures = 0;
    const only = owner.state.only, selected = owner.state.selected, pictured = painter.hasAtlas();
    /** @type {(i: number, radius: number, opacity: number, image: number) => void} */
    const push = (i, radius, opacity, image) => {
      const at = (length * STRIDE) / 4, byte = length * STRIDE + 20, { floats, bytes } = list;
      floats[at] = screen.x[i];
      floats[at + 1] = screen.y[i];
      floats[at + 2] = radius;
      floats[at + 3] = image;
      floats[at + 4] = points.tile ? points.tile[i] : 0;
      for (let k = 0; k < 3; k += 1) bytes[byte + k] = colored.colors[i * 3 + k];
      bytes[byte + 3] = opacity * 255;
      length += 1;
    };
    for (let n = 0; n < many; n += 1) {
      const i = order[n], radius = radiusOf(i);
      if (screen.x[i] < -radius || screen.x[i] > width + radius || screen.y[i] < -radius || screen.y[i] > height + radius) continue;
      const fog = seen.perspective * clamp((screen.depth[i] - seen.distance + 1) / 2, 0, 1);
      const close = 1 - seen.perspective * (1 - clamp((screen.depth[i] - 0.05) / 0.12, 0, 1)); // what is at the eye hides all else
      let opacity = (0.92 - 0.55 * fog) * close;
      const shaded = (only !== null && points.labels[i] !== only) || (selected && !selected.has(points.indices[i]));
      if (shaded) opacity *= 0.13;
      const image = pictured && points.tile && points.tile[i] >= 0 && !shaded ? clamp((radius - CARD_AT) / (IMAGE_AT - CARD_AT), 0, 1) : 0;
      if (image > 0) pictures += 1;
      push(i, radius, opacity, image);
    }
    const dots = length;
    for (const { row, radius } of extra) {
      if (screen.scale[row] > 0) push(row, Math.max(radiusOf(row), radius), 1, pictured && points.tile && points.tile[row] >= 0 ? 1 : 0);
    }
    const slow = byPainter.length === FRAMES_TRIED && median(byPainter) > SLOW_MS;
    const faster = byProcessor.length < FRAMES_TRIED || median(byProcessor) < median(byPainter);
    const next = count >= MANY && !pictures && slow && faster ? byProcessor : byPainter;
    if (next === byProcessor) drawDots(list, dots, length, points.atlas, density, owner.theme.ground);
    else {
      overContext.setTransform(density, 0, 0, density, 0, 0);
      overContext.clearRect(0, 0, width, height);
    }
    if (next === byPainter || drawnBy === byPainter) painter.draw(next === byProcessor ? 0 : length, width, height, density, owner.theme);
    if (next !== drawnBy) box.dataset.painter = next === byProcessor ? "dots" : painter.kind;
    drawnBy = next;
    paintOver(overContext, owner, stage, { screen, seen, path, radiusOf, at });
  }

  /**
   * In pixels; grows as one comes near, in a flat drawing a little more slowly than the distances.
   * @param {number} i
   */
  function radiusOf(i) {
    const { points, width, height } = stage, base = clamp(Math.sqrt((width * height) / points.count) * 0.16, 1.5, 4);
    const near = screen.scale[i] / home;
    return Math.min(base * (stage.view.dims === 3 ? near : near ** 0.92), Math.min(LARGEST, painter.largest / stage.density));
  }

  // What is drawn once more on top: neighbours of the pinned point, the pinned point, the one under the pointer.
  function emphasised() {
    const list = owner.neighboursIn(stage).map((row) => ({ row, radius: 9 }));
    for (const [index, radius] of /** @type {[number | null, number][]} */ ([[owner.state.pinned, 14], [owner.state.hovered, 6]])) {
      const row = index === null ? -1 : rowOf(index);
      if (row >= 0) list.push({ row, radius });
    }
    return list;
  }

  // ---- places on the screen -----------------------------------------------------------------

  /**
   * Where a point of the drawing's own frame stands now.
   * @param {number[]} place
   * @returns {Place}
   */
  function at(place) {
    const one = { x: [0], y: [0], depth: [0], scale: [0] };
    projectPoints(camera(), place, 1, stage.width, stage.height, one);
    return [one.x[0], one.y[0]];
  }

  /**
   * The visible point at (x, y): the nearest on the screen, of those about as near the one in front; -1 for none.
   * @type {Stage["pick"]}
   */
  function pick(x, y, reach = 9) {
    if (!stage.points) return -1;
    let best = -1, least = Infinity, front = Infinity;
    for (let i = 0; i < stage.points.count; i += 1) {
      if (!keep[i] || screen.scale[i] === 0) continue;
      if (owner.state.only !== null && stage.points.labels[i] !== owner.state.only) continue;
      const away = Math.hypot(screen.x[i] - x, screen.y[i] - y), radius = radiusOf(i);
      if (away > Math.max(radius, reach)) continue;
      const apart = Math.max(away - radius, 0); // within a large image all places are alike
      if (apart < least - 1.5 || (apart < least + 1.5 && screen.depth[i] < front)) [best, least, front] = [i, apart, screen.depth[i]];
    }
    return best;
  }

  /** Test images whose points lie within a polygon on the screen. @type {Stage["inside"]} */
  function inside(polygon) {
    const found = [];
    for (let i = 0; i < stage.points.count; i += 1) {
      if (keep[i] && screen.scale[i] > 0 && within(polygon, screen.x[i], screen.y[i])) found.push(stage.points.indices[i]);
    }
    return found;
  }

  // The picture as it is, on the theme's ground.
  function snapshot() {
    paint();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const g = context2d(copy);
    g.fillStyle = toCss(owner.theme.ground);
    g.fillRect(0, 0, copy.width, copy.height);
    for (const layer of [canvas, over]) g.drawImage(layer, 0, 0);
    return copy;
  }

  // Nothing is drawn out of sight: a page may have several clouds below one another.
  const watching = new IntersectionObserver((entries) => {
    visible = entries[entries.length - 1].isIntersecting;
    if (visible) invalidate();
  });
  watching.observe(box);
  const observer = new ResizeObserver(invalidate);
  observer.observe(box);
  function destroy() {
    watching.disconnect();
    observer.disconnect();
    cancelAnimationFrame(frame);
    painter.destroy();
  }

  /** @type {Stage["screenOf"]} */
  const screenOf = (row) => ({ x: screen.x[row], y: screen.y[row], radius: radiusOf(row), shown: screen.scale[row] > 0 });
  /** @type {Stage["placeOf"]} */
  const placeOf = (row) => Array.from(stage.points.xyz.subarray(row * 3, row * 3 + 3));
  /** @type {Stage["drawPath"]} */
  const drawPath = (next) => {
    path = next;
    invalidate();
  };
  return Object.assign(stage, { show, travel, recolor, invalidate, pick, inside, snapshot, destroy, rowOf, screenOf, placeOf, drawPath });
}
