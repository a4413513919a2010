"""The devices of a machine, and how they are asked for."""

from __future__ import annotations

import pytest

from aecore.devices import Device, choose, choose_for, devices
from aecore.errors import UserError


def test_devices_always_end_with_the_cpu():
    assert devices()[-1].name == "cpu"
    assert choose("cpu") == [devices()[-1]]
    assert choose("auto")[0] == devices()[0]


def test_too_few_devices_are_told_in_a_line(monkeypatch):
    there = (Device("cuda:0", "a GPU"), Device("cuda:1", "a GPU"), Device("cpu", "the CPU"))
    monkeypatch.setattr("aecore.devices.devices", lambda: there)
    assert choose_for("auto", 2) == list(there[:2])
    assert choose_for("cpu", 8) == [there[2]]
    with pytest.raises(UserError, match="4 processes need a GPU each, and 'auto' is 2 GPUs here"):
        choose_for("auto", 4)
    with pytest.raises(UserError, match="'cuda:1' is 1 GPU here"):
        choose_for("cuda:1", 2)
    monkeypatch.setattr("aecore.devices.devices", lambda: (Device("mps", "Apple GPU"), there[2]))
    assert choose_for("auto", 2) == [there[2]]
    with pytest.raises(UserError, match="choose --device cpu"):
        choose_for("mps", 2)
