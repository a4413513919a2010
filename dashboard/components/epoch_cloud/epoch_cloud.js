// A point cloud that is played and scrubbed over the epochs, with the losses below it. Nothing of it needs the server:
// the places of all epochs are sent once.

/** @import { EpochCloudData } from "../types.js" */
/** @import { ReelData, ReplayData } from "../../../aecore/viewer/components/types.js" */

import { createPlace } from "../../../aecore/viewer/components/address/place.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";
import { watchWidth } from "../../../aecore/viewer/components/mount.js";
import { showPlaying } from "../../../aecore/viewer/components/play_button.js";
import { createAxis, epochText } from "../../../aecore/viewer/components/replayer/axis.js";
import { createCurve } from "../../../aecore/viewer/components/replayer/curve.js";
import { steppingKeys } from "../../../aecore/viewer/components/replayer/keys.js";
import { lossAt } from "../../../aecore/viewer/components/replayer/loss.js";
import { createReadout } from "../../../aecore/viewer/components/replayer/readout.js";
import { createCloud } from "../../../aecore/viewer/js/cloud.js";
import { found, partsOf } from "../../../aecore/viewer/js/dom.js";
import { still } from "../../../aecore/viewer/js/motion.js";
import { clamp, fourFigures } from "../../../aecore/viewer/js/numbers.js";
import { classColors } from "../../../aecore/viewer/js/theme.js";
import { createUnits } from "./units.js";

const STEPS_PER_S = 3;
const REST = 0.3; // the share of a step in which an epoch is seen as it is, before its points go on

/** @param {HTMLElement} root */
export function createEpochCloud(root) {
  const part = partsOf(root, "rp"), own = partsOf(root, "ep");
  /** @type {HTMLInputElement} */
  const slider = part("slider");
  /** @type {HTMLButtonElement} */
  const play = part("play");
  /** @type {HTMLSelectElement} */
  const speed = part("speed");
  const cloud = createCloud(found(root, ".cl"), { asset: (name) => assets.get(name), onChange: () => showPlace() });
  const units = createUnits(own("count"), own("cells"), own("rule"));
  const readout = createReadout(part("readout"));
  const curve = createCurve(part("curve"), (share) => {
    scrubTo(share);
    slider.focus({ preventScroll: true }); // the arrow keys continue from here
  });
  const place = createPlace("epoch");
  /** @type {EpochCloudData | null} */
  let data = null;
  let print = "", axis = createAxis([0]), at = 0, on = 0, width = 0, playing = false;
  let following = true; // stay at the last epoch when later ones arrive
  const last = () => (data ? data.epochs.length - 1 : 0);

  // ---- data ---------------------------------------------------------------------------------

  /** @param {EpochCloudData} asked */
  async function update(asked) {
    const wanted = JSON.stringify(asked);
    if (wanted !== print) {
      const now = following ? null : String(data?.epochs[at]), anew = data === null || asked.visit !== data.visit;
      [print, data] = [wanted, asked];
      axis = createAxis(data.epochs);
      const epoch = anew ? place.arrive(asked.visit, asked.start === null ? null : String(asked.start)) : now;
      at = epoch === null ? last() : axis.nearestStop(axis.toShare(Number(epoch)));
      following = at === last();
      on = 0;
      layOut();
    } else layOut(); // only the theme changed, or nothing
    await cloud.update(asked.cloud);
    travel();
    showPlace();
    root.dataset.ready = "true";
  }

  // ---- drawing ------------------------------------------------------------------------------

  function layOut() {
    if (!data || !width) return;
    const [color] = classColors(own("rest")), { train, test } = data;
    root.style.setProperty("--rp-run-0", color);
    curve.draw(axis, [{ color, dashed: true, ...train }, { color, dashed: false, ...test }], width);
    readout.build(/** @type {ReplayData} */ (/** @type {unknown} */ ({ runs: [run(data)] })));
    units.build(data.units);
    render();
  }

  /**
   * What the readout of Replay takes for a run.
   * @type {(shown: EpochCloudData) => ReelData}
   */
  const run = ({ epochs }) => /** @type {ReelData} */ (/** @type {unknown} */ ({ epochs, digits_read: null }));

  /** All that is said is of the epoch that was reached, also while points are on their way to the next. */
  function render() {
    if (!data) return;
    const epoch = data.epochs[at], text = `epoch ${epochText(epoch)}`;
    const losses = { train: lossAt(data.train, epoch), test: lossAt(data.test, epoch) };
    slider.value = String(axis.shares[at]);
    slider.setAttribute("aria-valuetext", `${text} of ${epochText(data.epochs[last()])}`);
    root.dataset.epoch = String(epoch);
    curve.mark(axis.shares[at], [losses.train, losses.test], `Loss curves. At ${text}: ${readout.spoken([run(data)], [at], [losses])}`);
    readout.show([run(data)], [at], epoch, [losses]);
    units.show(at);
    own("faithful").textContent = data.faithful[at];
    travel();
    if (!on) showPlace();
  }

  function travel() {
    if (!data) return;
    const between = on > 0 && at < last();
    const to = between ? ` → ${epochText(data.epochs[at + 1])}` : "";
    part("epoch").textContent = `epoch ${epochText(data.epochs[at])}${to}`;
    root.dataset.between = between ? "true" : "";
    cloud.stages[0]?.travel(at + on);
  }

  /** Where the pinned image stands, in the projection's own values. */
  function showPlace() {
    const box = own("place"), [stage] = cloud.stages, { pinned } = cloud.state;
    const row = pinned === null || !stage?.points ? -1 : stage.rowOf(pinned);
    box.hidden = row < 0;
    if (row < 0 || on) return;
    const { points, view } = stage, values = points.valuesOf(stage.placeOf(row));
    const names = view.axes ?? ["x", "y", "z"];
    const where = values.map((value, k) => `${names[k]} ${fourFigures(value).replace("-", "−")}`).join(", ");
    box.textContent = `${cloud.panel.title(points, row)}: ${where}`;
  }

  // ---- moving -------------------------------------------------------------------------------

  const moved = () => data && place.moved(following ? null : String(data.epochs[at]));

  /** @param {number} index */
  function go(index) {
    on = 0;
    at = clamp(index, 0, last());
    following = at === last();
    render();
    if (!playing) moved();
  }

  /** @param {number} share */
  function scrubTo(share) {
    stop();
    go(axis.nearestStop(share));
  }

  function start() {
    if (playing || last() < 1) return;
    playing = true;
    if (at === last()) go(0);
    let before = performance.now(), passed = 0;
    /** @param {number} now */
    const tick = (now) => {
      if (!playing) return;
      const step = 1000 / (STEPS_PER_S * Number(speed.value));
      passed += Math.min(now - before, step); // the tab may have been hidden
      before = now;
      if (passed >= step) {
        passed -= step;
        go(at + 1);
      }
      if (at === last()) {
        stop();
        return;
      }
      const way = clamp((passed / step - REST) / (1 - REST), 0, 1);
      on = still() ? 0 : way * way * (3 - 2 * way);
      travel();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    showPlaying(play, playing);
  }

  function stop() {
    if (!playing) return;
    playing = false;
    showPlaying(play, playing);
    go(at);
  }

  // ---- mouse and keyboard -------------------------------------------------------------------

  slider.oninput = () => scrubTo(Number(slider.value));
  play.onclick = () => (playing ? stop() : start());
  steppingKeys(root, {
    ready: () => data !== null,
    at: () => at,
    last,
    move: (index) => {
      stop();
      go(index);
    },
    play: () => play.click(),
    mine: ".cl, select",
  });

  const stopWatching = watchWidth(own("rest"), (now) => {
    width = now;
    layOut();
  });
  showPlaying(play, playing);

  function destroy() {
    playing = false;
    stopWatching();
    place.release();
    cloud.destroy();
  }

  return { update, destroy };
}
