// A page that is opened as a file, or lies in a frame that holds it, cannot change its address.

import assert from "node:assert/strict";
import { test } from "node:test";

Object.assign(globalThis, {
  origin: "null",
  addEventListener: () => {},
  location: { href: "file:///site/run.html?at=0.3", pathname: "/site/run.html", search: "?at=0.3" },
  history: { state: null, pushState: () => assert.fail("pushed"), replaceState: () => assert.fail("replaced") },
});
const { address } = await import("../../aecore/viewer/components/address/address.js");
const { createPlace } = await import("../../aecore/viewer/components/address/place.js");

test("a position is read from it and kept, and never written", () => {
  const place = createPlace("at");
  assert.deepEqual(address.read("at"), { at: "0.3" });
  assert.equal(place.arrive(0, "0.3"), "0.3");
  place.moved("0.5");
  address.flush();
  assert.equal(place.arrive(0, null), "0.5");
});
