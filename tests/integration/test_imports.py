"""`python -m benchmarks.imports` in short: networks of others, and what an import makes of them."""

from __future__ import annotations

import pytest

from benchmarks.foreign import CASES, train
from benchmarks.imports import measure

NAMES = (
    "MLP, leaky 0.2",
    "MLP, images padded to 32",
    "VAE, safetensors",
    "MLP, Mish",
    "encoder and decoder in two files",
)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in NAMES], ids=lambda case: case.name)
def test_an_import_computes_what_the_network_does_or_says_that_it_is_undecided(case, tmp_path):
    row = measure(train(case, tmp_path, steps=300))
    assert row.result in ("right", "among three"), row
    if row.verdict == "certain":
        assert row.result == "right"


def test_every_name_is_a_case():
    assert {case.name for case in CASES} >= set(NAMES)
