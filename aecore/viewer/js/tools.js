// The row of tools over the clouds: what a drag does, turning by itself, the way back, a picture.

/** @import { Cloud } from "./types.js" */

import { button, context2d, element, partsOf } from "./dom.js";

const ICONS = {
  turn: "M7 11.5V5.6a1.4 1.4 0 0 1 2.8 0V10m0-1V4.4a1.4 1.4 0 0 1 2.8 0V10m0-4.2a1.4 1.4 0 0 1 2.8 0V11m0-2.4a1.4 1.4 0 0 1 2.8 0V14c0 4-2.4 6.5-6 6.5-3.2 0-4.6-1.6-6.2-4.6L5 13.200a1.400 1.400 0 0 1 2.300-1.500",
  box: "M4 4h4M10.500 4h3M16 4h4v4M20 10.500v3M20 16v4h-4M13.500 20h-3M8 20H4v-4M4 13.500v-3M4 8V4",
  lasso: "M12 4.500c5 0 8.500 2.300 8.500 5.500s-3.500 5.500-8.500 5.500-8.500-2.300-8.500-5.500S7 4.500 12 4.500M7 14.700c-1.500.8-2 2-1.200 3s2.600.6 2.800-.6-1-2-2-2M8 18c.8 1.500.5 2.500-.5 3",
  spin: "M20 12a8 8 0 1 1-2.600-5.900M20 3v4.500h-4.500",
  reset: "M4 11 12 4l8 7M6.500 9.500V20h11V9.500",
  photo: "M4 8h3l1.500-2.500h7L17 8h3v11H4zM12 10a3.200 3.200 0 1 0 0 6.400 3.200 3.200 0 0 0 0-6.400",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
};

/** @typedef {[icon: keyof typeof ICONS, name: string, act: () => void, pressed?: boolean]} Tool */

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 */
export function addTools(owner, root) {
  const part = partsOf(root, "cl"), { state } = owner;
  let hintTimer = 0;

  owner.choose = (tool) => {
    state.tool = tool;
    owner.tools();
  };
  owner.tools = () => {
    const turning = owner.stages.some(({ view }) => view?.dims === 3);
    const list = /** @type {Tool[]} */ ([
      ["turn", turning ? "Turn" : "Move", () => owner.choose("move"), state.tool === "move"],
      ["box", "Select a box", () => owner.choose("box"), state.tool === "box"],
      ["lasso", "Select by lasso", () => owner.choose("lasso"), state.tool === "lasso"],
      turning && ["spin", "Rotate automatically", owner.toggleSpin, state.spin],
      ["reset", "Reset the view", owner.reset],
      ["photo", "Save as an image", photograph],
      document.fullscreenEnabled && ["full", "Full screen", fullscreen],
    ].filter(Boolean));
    const bar = part("tools"), key = list.map(([icon]) => icon).join();
    if (bar.dataset.key !== key) {
      bar.dataset.key = key;
      bar.replaceChildren(...list.map(([icon, , act]) => {
        const one = button("cl-tool", "", act);
        one.dataset.tool = icon;
        one.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[icon]}"></path></svg>`;
        return one;
      }));
    }
    list.forEach(([, name, act, pressed], i) => {
      const one = /** @type {HTMLButtonElement} */ (bar.children[i]);
      one.onclick = act;
      one.title = name;
      one.setAttribute("aria-label", name);
      if (pressed !== undefined) one.setAttribute("aria-pressed", String(pressed));
    });
    root.classList.toggle("cl-drawing", state.tool !== "move");
    root.dataset.spin = String(state.spin);
  };

  function photograph() {
    const shots = owner.stages.filter(({ points }) => points).map((stage) => stage.snapshot());
    const sheet = element("canvas"), wide = Math.min(shots.length, 3);
    sheet.width = Math.max(...shots.map(({ width }) => width)) * wide;
    sheet.height = Math.max(...shots.map(({ height }) => height)) * Math.ceil(shots.length / wide);
    shots.forEach((shot, i) => context2d(sheet).drawImage(shot, (i % wide) * shot.width, Math.floor(i / wide) * shot.height));
    sheet.toBlob((blob) => {
      if (!blob) return;
      const link = Object.assign(element("a"), { href: URL.createObjectURL(blob), download: `${owner.data.file ?? "latent-space"}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }

  function fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else root.requestFullscreen();
  }

  owner.hint = (stage, text) => {
    const box = part("hint");
    box.textContent = text;
    box.hidden = false;
    clearTimeout(hintTimer);
    hintTimer = setTimeout(() => (box.hidden = true), 1600);
  };
}
