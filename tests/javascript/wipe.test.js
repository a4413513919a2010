import assert from "node:assert/strict";
import test from "node:test";

import { choiceOf, textOf } from "../../dashboard/components/wiper/choice.js";

const KEYS = ["clean", "noisy", "output"], USUAL = ["noisy", "output"];

test("what stands in the address comes back as it was", () => {
  const choice = { left: "clean", right: "output", at: 0.125 };
  assert.deepEqual(choiceOf(textOf(choice), KEYS, USUAL), choice);
});

test("an address that names no layer, or no place, means the usual", () => {
  const usual = { left: "noisy", right: "output", at: 0.5 };
  for (const text of [null, "", "gone,away,x", ",,", "gone"]) assert.deepEqual(choiceOf(text, KEYS, USUAL), usual);
  assert.deepEqual(choiceOf("clean,gone,7", KEYS, USUAL), { left: "clean", right: "output", at: 1 });
});
