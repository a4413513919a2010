// Large things come once, then by name: what the browser does not have, its carrier asks for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assets } from "../../aecore/viewer/components/assets/asset.js";
import carrier from "../../dashboard/components/assets/carrier.js";

/** @param {string} name @param {Record<string, unknown> | null} parts @param {string} [at] */
function message(name, parts, at) {
  const head = new TextEncoder().encode(JSON.stringify({ name, parts, blobs: parts ? { weights: [0, 2] } : {}, at }));
  const bytes = new Uint8Array(4 + head.length + (parts ? 2 : 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  if (parts) bytes.set([7, 8], 4 + head.length);
  return bytes;
}

/** @param {string} name @param {Record<string, unknown> | null} parts @param {object} [place] @param {string} [at] */
function carry(name, parts, place = {}, at) {
  /** @type {unknown[][]} */
  const asked = [];
  /** @type {any} */
  const mount = { data: message(name, parts, at), parentElement: place, setTriggerValue: (/** @type {unknown[]} */ ...given) => asked.push(given) };
  return { asked, release: carrier(mount) };
}

test("what came is there, and its name alone asks for nothing", async () => {
  const place = {}, first = carry("sent", { kind: "decoder" }, place);
  assert.deepEqual(first.asked, []);
  const { kind, weights } = await assets.get("sent");
  assert.equal(kind, "decoder");
  assert.deepEqual([...weights], [7, 8]);
  assert.deepEqual(carry("sent", null, place).asked, []);
});

test("a name of which nothing came is asked for, until it comes", async () => {
  const waiting = assets.get("lost"), place = {};
  assert.equal(assets.waits(), false, "nothing here will bring it");
  assert.deepEqual(carry("lost", null, place).asked, [["missing", "lost"]]);
  assert.equal(assets.waits(), true);
  assert.deepEqual(carry("lost", { kind: "codes" }, place).asked, []);
  assert.equal(assets.waits(), false);
  assert.equal((await waiting).kind, "codes");
});

test("what has a carrier on the page stays, however much comes after it", () => {
  const place = {}, names = Array.from({ length: 30 }, (_, i) => `on the page ${i}`);
  const releases = names.map((name) => carry(name, {}, place).release);
  names.forEach((name) => carry(name, null, place)); // at a touch: Streamlit calls the last cleanup alone
  assert.ok(names.every(assets.has), "more than are kept of those without a carrier");
  releases.forEach((release) => release());
  assert.equal(names.filter(assets.has).length < 30, true, "others may now take their place");
  assert.ok(assets.has("on the page 29"));
});

test("what is elsewhere is fetched, relative to the app", async () => {
  /** @type {string[]} */
  const asked = [];
  serve((url) => (asked.push(url), new Response(message("far", { kind: "decoder" }))));
  const { asked: missing } = carry("far", null, {}, "_parcels/1");
  const { kind, weights } = await assets.get("far");
  assert.deepEqual([kind, [...weights]], ["decoder", [7, 8]]);
  assert.deepEqual([asked, missing], [["http://lab.example/base/_parcels/1"], []]);
  carry("far", null, {}, "_parcels/1");
  assert.equal(asked.length, 1, "what is here is not fetched again");
});

/** @type {[string, () => Response | Promise<Response>][]} */
const FAILURES = [
  ["it is gone", () => new Response("Not Found", { status: 404 })],
  ["there is no way to it", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["a proxy answers with a page of its own", () => new Response("<html>Please sign in</html>")],
  ["it is another's", () => new Response(message("another", {}))],
  ["nothing is in it", () => new Response("")],
];
for (const [why, answer] of FAILURES) {
  test(`what cannot be fetched is asked for: ${why}`, async () => {
    serve(answer);
    const name = `lost as ${why}`, { asked } = carry(name, null, {}, "_parcels/2");
    for (let i = 0; i < 100 && !asked.length; i += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(asked, [["missing", name]]);
    carry(name, { kind: "codes" });
    assert.equal((await assets.get(name)).kind, "codes");
  });
}

/** @param {(url: string) => Response | Promise<Response>} answer */
function serve(answer) {
  Object.assign(globalThis, {
    document: { baseURI: "http://lab.example/base/interpolate" },
    fetch: async (/** @type {URL} */ url) => answer(url.href),
  });
}
