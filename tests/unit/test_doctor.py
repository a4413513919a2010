"""`aecore doctor`: what the machine has, and which ways were tried on it."""

from __future__ import annotations

import json

import pytest
import torch

from aecore.cli.app import run
from aecore.models import known_ways
from aecore.training.ways import Way


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    monkeypatch.setattr("aecore.models.known_ways.Others.share", lambda self: 0.0)


def test_without_trials_it_says_how_to_make_one(cache, capsys):
    assert run(["doctor"]) == 0
    said = capsys.readouterr()
    assert torch.__version__ in said.out
    assert "aecore doctor --try PRESET" in said.err


def test_what_was_tried_is_shown_and_only_that_of_this_machine(cache, capsys):
    fast, slow = Way(linear="plain"), Way()
    entry = {"way": fast._asdict(), "seconds": {str(fast): 0.0125, str(slow): 0.025}, "network": "one, 1×28×28"}
    here = known_ways.machine(torch.device("cpu"))
    known_ways.keep("a", entry | {"machine": here})
    known_ways.keep("b", entry | {"network": "elsewhere", "machine": here | {"device": "another processor"}})
    known_ways.keep("c", {"nonsense": 1})
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "one, 1×28×28" in said
    assert "12.5" in said
    assert "25.0" in said
    assert "elsewhere" not in said
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["network"] for each in found["ways"]] == ["one, 1×28×28"]
    assert found["machine"]["threads"] == torch.get_num_threads()


def test_projections_are_shown_beside_networks(cache, capsys):
    entry = {"way": "grid", "seconds": {"grid": 0.0125, "exact": 0.025}, "projection": "t-SNE, 5,000 points in 3D"}
    known_ways.keep("a", entry | {"machine": known_ways.machine(torch.device("cpu"))})
    known_ways.keep("b", entry | {"machine": {"device": "another"}, "projection": "elsewhere"})
    assert run(["doctor"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "t-SNE" in line)
    assert line.split()[-4:] == ["grid", "12.5", "exact", "25.0"]
    assert run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["projection"] for each in found["projections"]] == ["t-SNE, 5,000 points in 3D"]
    assert found["ways"] == []


def test_a_network_is_tried_for_real(cache, capsys):
    assert run(["doctor", "--try", "digits-quick", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["ways"]
    assert Way.read(entry["way"])
    assert len(entry["seconds"]) >= 2
    assert min(entry["seconds"].values()) > 0


def test_an_unknown_preset_is_one_line(cache, capsys):
    assert run(["doctor", "--try", "mnist-mpl8"]) == 2
    assert "mnist-mlp8" in capsys.readouterr().err
