// The player: the current epoch, and everything that changes it. Scrubbing needs no server.

/** @import { CurveLine, Reel, ReplayData } from "../types.js" */

import { partsOf } from "../../js/dom.js";
import { clamp } from "../../js/numbers.js";
import { classColors } from "../../js/theme.js";
import { createPlace } from "../address/place.js";
import { watchWidth } from "../mount.js";
import { perFrame } from "../pace.js";
import { showPlaying } from "../play_button.js";
import { createAxis, epochText } from "./axis.js";
import { createCurve } from "./curve.js";
import { steppingKeys } from "./keys.js";
import { createLarge } from "./large.js";
import { lossAt, rowAt } from "./loss.js";
import { createReadout } from "./readout.js";
import { unpack } from "./reel.js";
import { createSheet } from "./sheet.js";

const STEPS_PER_S = 6;

/** @param {HTMLElement} root */
export function createPlayer(root) {
  const part = partsOf(root, "rp");
  /** @type {HTMLInputElement} */
  const slider = part("slider");
  /** @type {HTMLButtonElement} */
  const play = part("play");
  /** @type {HTMLInputElement} */
  const difference = part("difference");
  /** @type {HTMLSelectElement} */
  const speed = part("speed");
  /** @type {ReplayData | null} */
  let data = null;
  /** @type {ReplayData | null} */
  let next = null; // latest request
  let print = "";
  /** @type {Reel[]} */
  let reels = [];
  /** @type {number[]} */
  let stops = []; // every epoch for which a run has a row
  let axis = createAxis([0]);
  let at = 0, width = 0, playing = false;
  let following = true; // stay at the last epoch when later ones arrive
  /** @type {{ run: number, image: number } | null} */
  let enlarged = null;
  const places = { epoch: createPlace("epoch"), difference: createPlace("difference") };

  const last = () => stops.length - 1;
  const moved = () => places.epoch.moved(following ? null : String(stops[at]));

  // ---- data ---------------------------------------------------------------------------------

  /** @param {ReplayData} asked */
  function update(asked) {
    const wanted = JSON.stringify(asked, (key, value) => (key === "atlas" ? undefined : value));
    if (wanted === print) return layOut(); // only the theme changed, or nothing
    [print, next] = [wanted, asked];
    const coming = asked.runs.map((run) => reels.find((reel) => reel.stamp === run.stamp) ?? unpack(run));
    Promise.all(coming).then(
      (ready) => {
        if (next === asked) adopt(asked, ready);
      },
      () => (part("sheet").textContent = "This browser could not decode the images."),
    );
  }

  /**
   * @param {ReplayData} shown
   * @param {Reel[]} ready
   */
  function adopt(shown, ready) {
    const before = stops[at], asked = data === null || shown.visit !== data.visit;
    [data, reels] = [shown, ready];
    stops = [...new Set(shown.runs.flatMap((run) => run.epochs))].sort((a, b) => a - b);
    axis = createAxis(stops);
    const start = asked ? places.epoch.arrive(shown.visit, shown.start === null ? null : String(shown.start)) : null;
    if (asked) following = start === null;
    if (asked) difference.checked = places.difference.arrive(shown.visit, shown.difference ? "1" : null) !== null;
    at = following ? last() : rowAt(stops, asked ? Number(start) : before);
    following = at === last();
    slider.disabled = play.disabled = stops.length < 2;
    if (enlarged && !(enlarged.image < (shown.runs[enlarged.run]?.count ?? 0))) close();
    if (!asked) moved();
    layOut();
  }

  // ---- drawing ------------------------------------------------------------------------------

  // Build everything that depends on the width, the data or the theme, then draw.
  function layOut() {
    if (!data || !width) return;
    const colors = classColors(root);
    data.runs.forEach((_, run) => root.style.setProperty(`--rp-run-${run}`, colors[run % colors.length]));
    part("sheet").hidden = enlarged !== null;
    part("large").hidden = enlarged === null;
    if (enlarged) large.arrange(data, width, difference.checked, enlarged);
    else sheet.arrange(data, width, difference.checked);
    curve.draw(axis, curveLines(data, colors), width);
    root.classList.toggle("rp-two", data.runs.length > 1);
    readout.build(data);
    render(true);
    root.dataset.ready = "true";
  }

  /**
   * Colour distinguishes runs, dashes distinguish training from test.
   * @param {ReplayData} shown
   * @param {string[]} colors
   * @returns {CurveLine[]}
   */
  function curveLines(shown, colors) {
    return shown.runs.flatMap(({ train, test }, run) => [
      { color: colors[run % colors.length], dashed: true, ...train },
      { color: colors[run % colors.length], dashed: false, ...test },
    ]);
  }

  function render(all = false) {
    if (!data) return;
    const { runs } = data, epoch = stops[at], rows = runs.map((run) => rowAt(run.epochs, epoch));
    if (enlarged) large.draw(data, reels, rows);
    else sheet.draw(data, reels, rows, all);
    const losses = runs.map((run, i) => ({
      train: lossAt(run.train, run.epochs[rows[i]]),
      test: lossAt(run.test, run.epochs[rows[i]]),
    }));
    const text = `epoch ${epochText(epoch)}`;
    slider.value = String(axis.shares[at]);
    slider.setAttribute("aria-valuetext", `${text} of ${epochText(stops[last()])}`);
    part("epoch").textContent = text;
    root.dataset.epoch = String(epoch);
    const points = losses.flatMap(({ train, test }) => [train, test]);
    curve.mark(axis.shares[at], points, `Loss curves. At ${text}: ${readout.spoken(runs, rows, losses)}`);
    readout.show(runs, rows, epoch, losses);
  }

  const renderSoon = perFrame(render);

  // ---- moving -------------------------------------------------------------------------------

  /** @param {number} index */
  function go(index) {
    const to = clamp(index, 0, last());
    if (!data) return;
    if (to === at) {
      slider.value = String(axis.shares[at]); // the thumb snaps to a row
      return;
    }
    at = to;
    following = at === last();
    renderSoon();
    if (!playing) moved();
  }

  /** @param {number} share */
  function scrubTo(share) {
    stop();
    go(axis.nearestStop(share));
  }

  function start() {
    if (playing || stops.length < 2) return;
    playing = true;
    if (at === last()) go(0);
    let since = performance.now();
    /** @param {number} now */
    const tick = (now) => {
      if (!playing) return;
      const step = 1000 / (STEPS_PER_S * Number(speed.value));
      if (now - since > 1000 + step) since = now - step; // the tab was hidden
      for (; now - since >= step && at < last(); since += step) go(at + 1);
      if (at === last()) stop();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    showPlaying(play, playing);
  }

  function stop() {
    if (!playing) return;
    playing = false;
    showPlaying(play, playing);
    moved();
  }

  // ---- the enlarged image -------------------------------------------------------------------

  /**
   * @param {number} run
   * @param {number} image
   */
  function open(run, image) {
    enlarged = { run, image };
    layOut();
    part("close").focus({ preventScroll: true });
  }

  /** @param {number} step */
  function turn(step) {
    if (!data || !enlarged) return;
    const { run, image } = enlarged, { count } = data.runs[run];
    enlarged = { run, image: (image + step + count) % count };
    layOut();
  }

  function close() {
    const image = enlarged?.image;
    enlarged = null;
    layOut();
    if (image !== undefined) sheet.focus(image);
  }

  // ---- touch, mouse, keyboard ---------------------------------------------------------------

  const readout = createReadout(part("readout"));
  const sheet = createSheet(part("sheet"), open);
  const large = createLarge(part("large"));
  const curve = createCurve(part("curve"), (share) => {
    scrubTo(share);
    slider.focus({ preventScroll: true }); // the arrow keys continue from here
  });
  slider.oninput = () => scrubTo(Number(slider.value));
  play.onclick = () => (playing ? stop() : start());
  difference.onchange = () => {
    places.difference.moved(difference.checked ? "1" : null);
    layOut();
  };
  part("before").onclick = () => turn(-1);
  part("after").onclick = () => turn(1);
  part("close").onclick = close;

  steppingKeys(root, {
    ready: () => data !== null,
    at: () => at,
    last,
    move: (index) => {
      stop();
      go(index);
    },
    play: () => play.click(),
    more: {
      Escape: () => {
        if (enlarged) close();
      },
    },
  });

  const stopWatching = watchWidth(root, (now) => {
    width = now;
    layOut();
  });
  showPlaying(play, playing);

  function destroy() {
    stopWatching();
    for (const place of Object.values(places)) place.release();
    playing = false;
  }

  return { update, destroy };
}
