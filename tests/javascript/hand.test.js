// The view by hand as a whole, on the parts of a page that it needs: of which images its numbers are, and that it goes on.

import assert from "node:assert/strict";
import { test } from "node:test";

class Node {
  /** @param {string} name */
  constructor(name) {
    Object.assign(this, { name, style: { setProperty() {} }, dataset: {}, attributes: {}, children: [], textContent: "", hidden: false });
    this.classList = { toggle() {}, add() {}, remove() {} };
  }
  setAttribute(name, value) { this.attributes[name] = value; }
  append(...nodes) { this.children.push(...nodes); }
  replaceChildren(...nodes) { this.children = nodes; }
  querySelector(selector) { return (this.parts ??= {})[selector] ??= new Node(selector); }
  getBoundingClientRect() { return { width: 400 }; }
  getContext() { return { createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }), putImageData() {} }; }
  all(name) { return this.children.flatMap((node) => (node instanceof Node ? [...(node.name === name ? [node] : []), ...node.all(name)] : [])); }
  get caption() { return this.querySelector("caption"); }
  get tHead() { return this.querySelector("thead"); }
  get tBodies() { return [this.querySelector("tbody")]; }
}
Object.assign(globalThis, {
  document: { createElement: (name) => new Node(name), createElementNS: (_, name) => new Node(name), querySelector: () => null },
  window: { devicePixelRatio: 1 },
  addEventListener() {},
  location: { href: "http://localhost/restore", pathname: "/restore", search: "" },
  history: { state: null, pushState() {}, replaceState() {} },
  getComputedStyle: () => ({ getPropertyValue: () => "#112233" }),
  requestAnimationFrame: (draw) => setTimeout(draw),
  ResizeObserver: class {
    constructor(changed) { this.changed = changed; }
    observe() { this.changed([{ contentRect: { width: 800 } }]); }
    disconnect() {}
  },
});
const { createRestorer } = await import("../../aecore/viewer/components/restorer/restorer.js");
const { assets } = await import("../../aecore/viewer/components/assets/asset.js");
assets.put("identity", { header: { ops: [] }, weights: new Uint8Array(0) });

/** So many images, each brighter than the one before. */
function data(count, side, first = "gaussian", level = 0.2) {
  const pixels = Buffer.alloc(count * side * side);
  for (let i = 0; i < count; i += 1) pixels.fill(40 + 2 * i, i * side * side, (i + 1) * side * side);
  const numbers = Array.from({ length: count }, (_, i) => i), kinds = ["gaussian", "masking", "square"];
  return {
    encoder: "identity", decoder: "identity", reader: null, codes: null, images: pixels.toString("base64"), numbers, names: numbers.map(String),
    labels: numbers, shape: [1, side, side], kinds: kinds.map((kind) => ({ kind, title: kind, name: kind, low: 0, high: kind === "square" ? 8 : 0.6, step: kind === "square" ? 1 : 0.01, usual: level })),
    first, trained: null, trained_words: "", span: 1, clamp: false, may_win: true, strengths: null, error_scale: 1, note: "", place: null, visit: 1,
  };
}

let visits = 1;

/** @param {() => unknown} holds */
async function until(holds) {
  for (let i = 0; i < 400; i += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("it never holds");
}

function opened() {
  const root = new Node("root");
  return { root, restorer: createRestorer(/** @type {any} */ (root)), part: (name) => root.querySelector(`.rs-${name}`) };
}

test("fewer images that come while others are restored are restored too", async () => {
  const { root, restorer, part } = opened();
  await restorer.update(data(63, 64));
  await new Promise((resolve) => setTimeout(resolve, 12)); // some of them are
  assert.equal(root.dataset.ready, undefined);
  await restorer.update(data(3, 64));
  await until(() => root.dataset.ready);
  assert.match(part("means").caption.textContent, /^Mean over the 3 images shown/);
  restorer.destroy();
});

for (const [kind, level] of /** @type {[string, number][]} */ ([["masking", 0.2], ["masking", 0.23], ["gaussian", 0.2], ["gaussian", 0.08]])) {
  test(`the dots lie on their lines, which say of which images they are: ${kind} of ${level}`, async () => {
    for (const [count, words] of /** @type {[number, string][]} */ ([[9, "the 9 images shown"], [40, "the first 14 of the 40 images shown"]])) {
      const { root, restorer, part } = opened(), curve = part("curve");
      await restorer.update(data(count, 12, kind, level));
      const line = () => curve.all("polyline").find((node) => node.attributes.class === "input")?.attributes.points.split(" ").map((text) => text.split(",").map(Number)) ?? [];
      await until(() => root.dataset.ready && (line().at(-1)?.[0] ?? 0) > 391);
      assert.equal(curve.all("text")[0].textContent, `PSNR in dB, ${words}`);
      const dot = curve.all("circle").find((node) => node.attributes.class === "input"), [x, y] = [dot.attributes.cx, dot.attributes.cy].map(Number);
      assert.equal(dot.style.display, "");
      const after = line().findIndex(([at]) => at >= x), [[x0, y0], [x1, y1]] = [line()[after - 1], line()[after]];
      const on = y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
      assert.ok(Math.abs(y - on) < 0.8, `${y} px, the line is at ${on} px`);
      restorer.destroy();
    }
  });
}

test("a link to half a pixel means a whole number of them, and one beyond the slider its end", async () => {
  for (const [place, ready] of [["square:2.4:1", "square:2:1"], ["square:99", "square:8:0"], ["gaussian:9", "gaussian:0.6:0"], ["x:1", "gaussian:0.2:0"]]) {
    const { root, restorer } = opened();
    await restorer.update({ ...data(2, 12), place, visit: (visits += 1) });
    await until(() => root.dataset.ready);
    assert.equal(root.dataset.ready, ready);
    restorer.destroy();
  }
});
