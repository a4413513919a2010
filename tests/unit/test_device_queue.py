"""The queue for devices: in order, all or none, and a dead process holds up nobody."""

from __future__ import annotations

import json
import threading

from aecore.devices import Device
from aecore.jobs import device_queue
from aecore.runs.process import this_process


def test_a_dead_workers_ticket_does_not_hold_up_the_line(tmp_path):
    cpu = [Device("cpu", "the CPU")]
    folder = tmp_path / "queue" / this_process()["host"]
    folder.mkdir(parents=True)
    ghost = this_process() | {"pid": 2**22 + 1}
    (folder / "cpu.00000000000000000001.ghost.ticket").write_text(json.dumps(ghost))
    with device_queue.hold(tmp_path, cpu, "living", lambda: False) as held:
        assert held == cpu
    assert list(folder.glob("*.ticket")) == []


def test_waiting_ends_when_asked_to(tmp_path):
    cpu = [Device("cpu", "the CPU")]
    stop = threading.Event()
    with device_queue.hold(tmp_path, cpu, "first", stop.is_set):
        told = []
        threading.Timer(0.5, stop.set).start()
        with device_queue.hold(tmp_path, cpu, "second", stop.is_set, told.append) as held:
            assert held == []
        assert told == [1]


def test_all_devices_or_none(tmp_path):
    three = [Device(f"cuda:{number}", "a GPU") for number in range(3)]
    told = []
    with device_queue.hold(tmp_path, three, "one", lambda: False) as held:
        assert held == three[:1]
        with device_queue.hold(tmp_path, three, "two", lambda: False, count=2) as both:
            assert both == three[1:]
        with device_queue.hold(tmp_path, three, "three", lambda: bool(told), told.append, count=3) as none:
            assert none == []
        assert told == [1]
        with device_queue.hold(tmp_path, three, "two again", lambda: False, count=2) as both:
            assert both == three[1:]
