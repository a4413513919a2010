// One or several clouds that share a camera, colours and the pinned point.

/** @import { Cloud, CloudData, Extra, ExtraData, Frame, Host, Parts, Points, Stage, View } from "./types.js" */

import { fromBase64 } from "./bytes.js";
import { cameraText, copyCamera, homeCamera } from "./camera.js";
import { context2d, element, found, partsOf } from "./dom.js";
import { listen } from "./input.js";
import { createLegend } from "./legend.js";
import { createLinked } from "./linked.js";
import { hearFrames } from "./live.js";
import { addMemory } from "./memory.js";
import { clamp } from "./numbers.js";
import { createPanel } from "./panel.js";
import { addPointing } from "./pointing.js";
import { createPoints } from "./points.js";
import { registry } from "./registry.js";
import { createStage } from "./stage.js";
import { addSteering } from "./steering.js";
import { themeOf } from "./theme.js";
import { addTools } from "./tools.js";

const FRAME_MS = 600;

/**
 * @param {HTMLElement} root the element of `cloud.html`
 * @param {Host} host
 * @returns {Cloud}
 */
export function createCloud(root, host) {
  const part = partsOf(root, "cl");
  /** @type {Cloud["state"]} */
  const state = {
    color: "label",
    unit: 0,
    hidden: new Set(),
    only: null,
    hovered: null,
    pinned: null,
    selected: null,
    start: null,
    tool: "move",
    spin: false,
    extraOpen: false,
  };
  const owner = /** @type {Cloud} */ ({
    state,
    host,
    stages: /** @type {Stage[]} */ ([]),
    data: /** @type {CloudData} */ ({ views: [], classes: [] }),
    theme: themeOf(root),
    cameras: { 2: homeCamera(2), 3: homeCamera(3) },
    tweens: { 2: null, 3: null },
  });
  let token = 0;

  owner.redraw = () => owner.stages.forEach((stage) => stage.invalidate());

  // Clouds of the same group in other components turn along, and show the same pinned image.
  owner.share = (act) => {
    for (const other of registry.groups.get(owner.data.group ?? "") ?? []) if (other !== owner) act(other);
  };

  // ---- data ---------------------------------------------------------------------------------

  owner.refresh = () => {
    const first = owner.stages.find(({ points }) => points);
    if (!first) return;
    const active = owner.active?.points && owner.stages.includes(owner.active) ? owner.active : first;
    owner.legend.update(owner.stages.filter(({ points }) => points));
    owner.panel.shown(active);
    owner.linked.update();
    root.dataset.hidden = [...state.hidden].sort((a, b) => a - b).join(" ");
    owner.tools();
    owner.redraw();
    owner.remember();
  };

  /** @param {number} count */
  function build(count) {
    while (owner.stages.length > count) {
      const stage = owner.stages.pop();
      stage?.stopHearing?.();
      stage?.destroy();
      stage?.box.remove();
    }
    while (owner.stages.length < count) {
      const box = element("div", "cl-stage", element("canvas", "cl-gl"), element("canvas", "cl-over"), element("div", "cl-title"), element("div", "cl-progress"));
      Object.assign(box, { tabIndex: 0 });
      box.setAttribute("role", "application");
      part("stages").append(box);
      const stage = createStage(owner, box);
      listen(owner, stage);
      owner.stages.push(stage);
    }
    part("stages").dataset.count = String(count);
  }

  /** @param {CloudData} data */
  async function update(data) {
    const first = !owner.data.key, own = (token += 1);
    if (owner.data.group !== data.group) join(data.group);
    const others = !first && owner.data.images !== data.images, asked = JSON.stringify(data.start ?? {});
    const linkedAnew = !first && asked !== JSON.stringify(owner.data.start ?? {});
    owner.data = data;
    if (others) owner.forget();
    if (linkedAnew) owner.recall(new URLSearchParams(data.start));
    root.style.setProperty("--cl-height", `${data.height ?? 640}px`);
    if (first) {
      const start = new URLSearchParams(Object.entries(data.start ?? {}).filter(([, value]) => value));
      const linked = data.address && location.hash.includes("camera=");
      owner.recall(linked ? location.hash.slice(1) : start.size ? start : (registry.kept.get(data.key ?? "") ?? ""));
    }
    build(data.views.length);
    owner.theme = themeOf(root);
    await Promise.all(data.views.map(async (view, i) => {
      const stage = owner.stages[i], key = JSON.stringify(view), title = found(stage.box, ".cl-title");
      title.textContent = data.views.length > 1 ? view.title : "";
      stage.box.setAttribute("aria-label", `${view.title}: interactive point cloud`);
      if (stage.key !== key) {
        try {
          const parts = await loaded(view), points = await createPoints(view, parts);
          if (own !== token) return; // a later one is under way
          present(stage, view, points, parts);
          stage.key = key;
        } catch (error) {
          title.textContent = "This point cloud could not be loaded.";
          console.error(error);
        }
      } else stage.recolor();
    }));
    if (own !== token) return;
    root.dataset.ready = "true";
    owner.refresh();
  }

  /**
   * The payloads of a view. Of points that are on the move only the first frame says where they stand.
   * @param {View} view
   * @returns {Promise<Parts>}
   */
  async function loaded(view) {
    const asked = { points: view.points, codes: view.codes, atlas: view.atlas, decoder: view.decoder };
    const known = Object.entries(asked).filter(([, asset]) => asset);
    const parts = Object.fromEntries(await Promise.all(known.map(async ([name, asset]) => [name, await host.asset(asset ?? "")])));
    if (view.moving && view.live) parts.points = { ...parts.points, ...(await firstFrame(view.live)) };
    return parts;
  }

  /**
   * @param {string} name
   * @returns {Promise<Frame>}
   */
  const firstFrame = (name) =>
    new Promise((resolve) => {
      const stop = hearFrames(name, (frame) => {
        if (!frame.coordinates) return;
        queueMicrotask(() => {
          stop();
          resolve(frame);
        });
      });
    });

  /**
   * @param {Stage} stage
   * @param {View} view
   * @param {Points} points
   * @param {Parts} parts
   */
  function present(stage, view, points, parts) {
    const before = stage.view, { dims } = view;
    if (before && before.dims !== dims) owner.tweenTo(dims, copyCamera(owner.cameras[dims]), 900, copyCamera(owner.cameraOf(stage)));
    stage.extra = view.extra ? newcomer(view.extra, points) : null;
    if (view.extra && view.extra.stamp !== before?.extra?.stamp) {
      [state.extraOpen, state.pinned, state.selected] = [true, null, null];
      root.dataset.pinned = "";
    }
    stage.show(view, points);
    root.dataset.view = view.id;
    root.dataset.camera = cameraText(owner.cameras[dims], dims);
    stage.stopHearing?.();
    progress(stage, null);
    stage.stopHearing = view.live ? hearFrames(view.live, (frame) => heard(stage, view, parts, frame)) : null;
  }

  /**
   * The next frame of points that are on the move: they go there in about the time until the one after.
   * @param {Stage} stage
   * @param {View} view
   * @param {Parts} parts
   * @param {Frame} frame
   */
  async function heard(stage, view, parts, frame) {
    progress(stage, frame);
    if (!view.moving || !frame.coordinates) return;
    const points = await createPoints(view, { ...parts, points: { ...parts.points, ...frame } });
    if (stage.view === view) stage.show(view, points, FRAME_MS);
  }

  /**
   * @param {Stage} stage
   * @param {Frame | null} frame
   */
  function progress(stage, frame) {
    const bar = found(stage.box, ".cl-progress");
    bar.textContent = frame?.text ?? "";
    bar.style.setProperty("--cl-share", String(clamp(frame?.share ?? 0, 0, 1)));
    stage.box.classList.toggle("cl-running", frame !== null);
  }

  /** @param {string | null | undefined} group */
  function join(group) {
    registry.groups.get(owner.data.group ?? "")?.delete(owner);
    if (!group) return;
    const members = registry.groups.get(group) ?? new Set();
    registry.groups.set(group, members.add(owner));
  }

  function destroy() {
    join(null);
    owner.stopRemembering();
    window.removeEventListener("popstate", owner.arrive);
    build(0);
  }

  owner.panel = createPanel(owner, root);
  owner.linked = createLinked(owner, root);
  owner.legend = createLegend(owner, root, owner.panel);
  addSteering(owner, root);
  addPointing(owner, root);
  addTools(owner, root);
  addMemory(owner, root);
  window.addEventListener("popstate", owner.arrive);
  return Object.assign(owner, { update, destroy });
}

/**
 * An image that is none of the points, at its place among them.
 * @param {ExtraData} extra
 * @param {Points} points
 * @returns {Extra}
 */
function newcomer(extra, points) {
  const { data, width, height, channels } = extra.image, canvas = element("canvas"), pixels = new ImageData(width, height);
  const bytes = fromBase64(data);
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < 3; c += 1) pixels.data[i * 4 + c] = bytes[channels === 1 ? i : c * width * height + i];
    pixels.data[i * 4 + 3] = 255;
  }
  /** @param {HTMLCanvasElement} target */
  const onto = (target) => {
    [target.width, target.height] = [width, height];
    context2d(target).putImageData(pixels, 0, 0);
    return target;
  };
  const code = extra.code ? Float32Array.from(extra.code) : null;
  return { xyz: points.place(extra.place), canvas: onto(canvas), copy: () => onto(element("canvas", "cl-picture")), code, label: extra.label, title: extra.title, note: extra.note };
}
