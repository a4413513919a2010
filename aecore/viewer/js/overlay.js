// What is drawn over the points of a cloud: rings, lines to neighbours, a newcomer, axes, a selection under way.

/** @import { Camera, Cloud, Extra, Place, Screen, Stage } from "./types.js" */

import { cameraAxes } from "./camera.js";
import { toCss } from "./theme.js";

/**
 * Where the points stand, who looks from where, and the polygon that is being drawn.
 * @typedef {object} Shown
 * @property {Screen} screen
 * @property {Camera} seen
 * @property {Place[] | null} path
 * @property {(row: number) => number} radiusOf
 * @property {(place: number[]) => Place} at
 */

/**
 * @param {CanvasRenderingContext2D} g
 * @param {Cloud} owner
 * @param {Stage} stage
 * @param {Shown} shown
 */
export function paintOver(g, owner, stage, { screen, seen, path, radiusOf, at }) {
  const { density, rowOf } = stage, { theme, state } = owner;
  g.setTransform(density, 0, 0, density, 0, 0);
  const text = toCss(theme.text), accent = toCss(theme.accent);
  /** @type {(row: number, extra: number, color: string, line: number) => void} */
  const ring = (row, extra, color, line) => {
    if (row < 0 || screen.scale[row] === 0) return;
    g.beginPath();
    g.arc(screen.x[row], screen.y[row], Math.max(radiusOf(row), extra) + 3, 0, 2 * Math.PI);
    [g.strokeStyle, g.lineWidth] = [color, line];
    g.stroke();
  };
  const centre = owner.centreIn(stage, at);
  if (centre) {
    g.globalAlpha = 0.45;
    for (const row of owner.neighboursIn(stage)) {
      g.beginPath();
      g.moveTo(...centre);
      g.lineTo(screen.x[row], screen.y[row]);
      [g.strokeStyle, g.lineWidth] = [text, 1];
      g.stroke();
    }
    g.globalAlpha = 1;
  }
  if (state.pinned !== null) ring(rowOf(state.pinned), 17, text, 2);
  if (state.hovered !== null && state.hovered !== state.pinned) ring(rowOf(state.hovered), 6, text, 1.5);
  if (stage.extra) paintExtra(g, stage.extra, at(stage.extra.xyz), accent, toCss(theme.ground));
  if (stage.view.axes) paintAxes(g, stage, seen, stage.view.axes, text);
  if (path) {
    g.beginPath();
    path.forEach(([x, y], i) => (i ? g.lineTo(x, y) : g.moveTo(x, y)));
    g.closePath();
    [g.strokeStyle, g.fillStyle, g.lineWidth] = [accent, accent, 1.5];
    g.globalAlpha = 0.12;
    g.fill();
    g.globalAlpha = 1;
    g.stroke();
  }
}

/**
 * An image that is not one of the points, at its place: a pin with the image in it.
 * @param {CanvasRenderingContext2D} g
 * @param {Extra} extra
 * @param {Place} at
 * @param {string} accent
 * @param {string} ground
 */
function paintExtra(g, { canvas: picture }, [x, y], accent, ground) {
  const side = 34;
  g.save();
  g.translate(x, y);
  g.beginPath();
  g.moveTo(0, 0);
  for (const [a, b] of [[-5, -12], [5, -12]]) g.lineTo(a, b);
  g.closePath();
  g.fillStyle = accent;
  g.fill();
  g.beginPath();
  g.roundRect(-side / 2 - 3, -side - 15, side + 6, side + 6, 5);
  g.fill();
  g.imageSmoothingEnabled = false;
  if (picture) g.drawImage(picture, -side / 2, -side - 12, side, side);
  g.beginPath();
  g.arc(0, 0, 3.5, 0, 2 * Math.PI);
  [g.fillStyle, g.strokeStyle, g.lineWidth] = [accent, ground, 1.5];
  g.fill();
  g.stroke();
  g.restore();
}

/**
 * Which way the axes of the drawing point, small, in the corner; only where they mean something.
 * @param {CanvasRenderingContext2D} g
 * @param {Stage} stage
 * @param {Camera} seen
 * @param {string[]} axes
 * @param {string} text
 */
function paintAxes(g, stage, seen, axes, text) {
  const rows = cameraAxes(seen), [x, y, length] = [50, stage.height - 46, 28];
  g.font = `11px ${getComputedStyle(stage.box).fontFamily}`;
  g.textBaseline = "middle";
  [g.strokeStyle, g.fillStyle, g.lineWidth, g.globalAlpha] = [text, text, 1, 0.6];
  axes.forEach((name, k) => {
    const across = rows[k] * length, up = rows[3 + k] * length;
    g.beginPath();
    g.moveTo(x, y);
    g.lineTo(x + across, y - up);
    g.stroke();
    const way = Math.hypot(across, up);
    if (way < 7) return; // it points at the eye
    g.textAlign = across < -4 ? "right" : across > 4 ? "left" : "center";
    const tight = g.textAlign === "right" && g.measureText(name).width > x + across - 6;
    if (tight) g.textAlign = "left";
    g.fillText(name, x + across + (across / way) * 6, y - up - (up / way) * 9);
  });
  g.globalAlpha = 1;
}
