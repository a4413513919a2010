"""The browser's networks in node, which needs no browser."""

from __future__ import annotations

import base64
import json
import subprocess

import numpy as np

from aecore.models.browser_export import Network
from tests.helpers.paths import ROOT

SCRIPT = """
import { createNetwork } from "./aecore/viewer/js/network.js";
let text = "";
for await (const part of process.stdin) text += part;
const floats = (told) => new Float32Array(Uint8Array.from(Buffer.from(told, "base64")).buffer);
const found = JSON.parse(text).map(({ ops, weights, inputs }) => {
  const run = createNetwork(ops, floats(weights));
  return inputs.map((input) => Array.from(run(floats(input))));
});
console.log(JSON.stringify(found));
"""


def run_networks(cases: list[tuple[Network, np.ndarray]]) -> list[np.ndarray]:
    """The outputs (N, m) of each network for its inputs (N, n), by the script that browsers run."""
    told = [
        {"ops": made.ops, "weights": _floats(made.weights), "inputs": [_floats(row) for row in rows]}
        for made, rows in cases
    ]
    command = ["node", "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, input=json.dumps(told), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [np.array(rows, np.float32) for rows in json.loads(done.stdout)]


def _floats(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def evaluated(script: str) -> object:
    """What an ES module that runs in the repository prints as JSON."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
