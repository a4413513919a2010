// The loss curves alone: the replayer's, with the losses at the epoch that is pointed at.

/** @import { CurveLine, LossData } from "../types.js" */

import { found } from "../../js/dom.js";
import { classColors } from "../../js/theme.js";
import { watchWidth } from "../mount.js";
import { createAxis, epochText } from "../replayer/axis.js";
import { createCurve } from "../replayer/curve.js";
import { lossAt, lossText } from "../replayer/loss.js";

/**
 * @param {ShadowRoot} root
 * @param {LossData} data
 */
export function showLoss(root, { train, test }) {
  const stops = [...new Set([...train.epochs, ...test.epochs])].sort((a, b) => a - b), axis = createAxis(stops);
  const readout = found(root, ".pg-losses"), svg = found(root, ".rp-curve");
  let at = stops.length - 1, width = 0;
  const curve = createCurve(/** @type {any} */ (svg), go);

  /** @param {number} share */
  function go(share) {
    at = axis.nearestStop(share);
    mark();
  }

  function mark() {
    const points = [train, test].map((one) => lossAt(one, stops[at])), epoch = `epoch ${epochText(stops[at])}`;
    const words = [`training ${lossText(points[0])}`, ...(test.epochs.length ? [`test ${lossText(points[1])}`] : [])];
    readout.replaceChildren(...[epoch, ...words].map((text, i) => {
      const part = document.createElement("span");
      [part.textContent, part.className] = [text, i ? `pg-loss pg-loss-${i}` : "pg-epoch"];
      return part;
    }));
    curve.mark(axis.shares[at], points, `Loss curves. At ${epoch}: ${words.join(", ")}`);
  }

  function draw() {
    if (!width) return;
    const colors = classColors(found(root, ".rp"));
    readout.style.setProperty("--pg-line", colors[0]);
    /** @type {CurveLine[]} */
    const lines = [{ color: colors[0], dashed: true, ...train }, { color: colors[0], dashed: false, ...test }];
    curve.draw(axis, lines, width);
    mark();
    found(root, ".rp").dataset.ready = "true";
  }

  watchWidth(found(root, ".rp"), (now) => {
    width = now;
    draw();
  });
  found(root, ".rp").onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    at = Math.min(Math.max(at + step, 0), stops.length - 1);
    mark();
  };
  return draw;
}
