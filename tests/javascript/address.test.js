// What components write into the address, beside what Streamlit writes.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { fromAddress, toAddress } from "../../dashboard/charts/plotly/linked.js";

const ORIGIN = "http://localhost";
/** @type {string[]} */
let entries = [];
/** @type {() => void} */
let goBack = () => {};

// The parts of a browser that the address needs.
Object.assign(globalThis, {
  addEventListener: (/** @type {string} */ _, /** @type {() => void} */ act) => (goBack = act),
  location: {
    get href() { return entries[entries.length - 1]; },
    get pathname() { return new URL(this.href).pathname; },
    get search() { return new URL(this.href).search; },
  },
  history: {
    state: null,
    pushState: (/** @type {any} */ _, /** @type {string} */ __, /** @type {any} */ url) => entries.push(new URL(url, ORIGIN).href),
    replaceState: (/** @type {any} */ _, /** @type {string} */ __, /** @type {any} */ url) => (entries[entries.length - 1] = new URL(url, ORIGIN).href),
  },
});
entries = [`${ORIGIN}/first`];
const { address } = await import("../../aecore/viewer/components/address/address.js");
const { createPlace } = await import("../../aecore/viewer/components/address/place.js");

const query = (entry = entries.length - 1) => new URL(entries[entry]).search;
let pages = 0;
beforeEach(() => {
  entries = [`${ORIGIN}/page${(pages += 1)}?run=a`];
});

test("a position waits until nothing moves, and is in place of the one before", () => {
  const place = createPlace("at");
  assert.equal(place.arrive(1, null), null);
  place.moved("0.1");
  place.moved("0.2");
  assert.equal(query(), "?run=a");
  address.flush();
  assert.equal(query(), "?run=a&at=0.2");
  place.moved(null);
  address.flush();
  assert.equal(query(), "?run=a");
  assert.equal(entries.length, 1);
});

test("what Streamlit writes keeps it, and the entry that is left has it too", () => {
  const place = createPlace("at");
  place.arrive(1, "0.3");
  place.moved("0.4");
  history.pushState({}, "", `${location.pathname}?run=a&path=arc&at=0.3`);
  assert.deepEqual([query(0), query(1)], ["?run=a&at=0.4", "?run=a&path=arc&at=0.4"]);
  history.pushState({}, "", `${location.pathname}?run=a&path=arc&at=0.3`);
  assert.equal(entries.length, 2, "nothing new");
  history.pushState({}, "", "/other?run=a");
  assert.equal(query(), "?run=a", "another page's");
});

test("a component that is mounted again in the same visit goes on where it was, and a new visit begins as it is told", () => {
  const place = createPlace("at");
  place.arrive(1, "0.3");
  place.moved("0.9");
  place.release();
  assert.equal(createPlace("at").arrive(1, "0.3"), "0.9");
  assert.equal(createPlace("at").arrive(2, "0.5"), "0.5");
});

test("a chart of another run begins whole; after Back the address counts", () => {
  assert.equal(address.claim("curves", "run a"), "address");
  address.write("curves", { "curves.x": "1_5" });
  address.flush();
  assert.equal(address.claim("curves", "run a"), "same");
  assert.equal(address.claim("curves", "run b"), "other");
  address.flush();
  assert.equal(query(), "?run=a");
  entries[0] += "&curves.x=2_3";
  goBack();
  assert.equal(address.claim("curves", "run a"), "address");
  assert.deepEqual(address.read("curves"), { "curves.x": "2_3" });
});

test("a chart that is drawn anew before its entry is added leaves the zoom in the entry before", () => {
  address.claim("curves", "run a");
  address.write("curves", { "curves.x": "1_5" });
  address.flush();
  assert.equal(address.claim("curves", "run b"), "other");
  history.pushState({}, "", `${location.pathname}?run=b&curves.x=1_5`);
  assert.deepEqual([query(0), query(1)], ["?run=a&curves.x=1_5", "?run=b"]);
});

test("an entry that was added for the next view loses what a chart left in it", () => {
  address.claim("curves", "run a");
  address.write("curves", { "curves.x": "1_5" });
  history.pushState({}, "", `${location.pathname}?run=b`);
  assert.equal(query(), "?run=b&curves.x=1_5");
  address.release("curves");
  assert.deepEqual([query(0), query(1)], ["?run=a&curves.x=1_5", "?run=b"]);
});

test("a chart's view as parameters and back", () => {
  const layout = { meta: { log: ["yaxis"] }, xaxis: { type: "linear" }, yaxis: { type: "log" }, yaxis2: {} };
  const view = { ranges: { xaxis: [1.5, 20], yaxis: [-2, -1], yaxis2: [0, 3] }, hidden: ["test loss", "a, b 5%"], log: null };
  const texts = toAddress("curves", layout, view);
  assert.deepEqual(texts, { "curves.x": "1.5_20", "curves.y": "0.01_0.1", "curves.y2": "0_3", "curves.hide": "test loss,a%2C b 5%25" });
  assert.deepEqual(fromAddress("curves", layout, texts), view);
  const linear = toAddress("curves", layout, { ranges: { yaxis: [0.1, 0.5] }, hidden: [], log: false });
  assert.deepEqual(linear, { "curves.y": "0.1_0.5", "curves.log": "0" });
  assert.deepEqual(fromAddress("curves", layout, linear).ranges, { yaxis: [0.1, 0.5] });
});

test("what an address cannot mean is left out", () => {
  const layout = { meta: { log: [] }, xaxis: {}, yaxis: { type: "log" } };
  const texts = { "c.x": "1", "c.y": "-1_5", "c.z": "1_2", "c.xaxis": "1_2", "c.log": "0", "c.hide": "%E0%A4%A" };
  assert.deepEqual(fromAddress("c", layout, texts), { ranges: {}, hidden: ["%E0%A4%A"], log: null });
});
