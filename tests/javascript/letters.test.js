import assert from "node:assert/strict";
import test from "node:test";

import { letter } from "../../aecore/viewer/components/run_letters.js";

test("runs are named A to Z, then AA and so on, as in the tables", () => {
  assert.deepEqual([0, 9, 25, 26, 27, 51, 52, 701, 702].map(letter), ["A", "J", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
});
