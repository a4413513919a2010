"""What browsers fetch by an address: kept as long as there is room, found by the address alone."""

from __future__ import annotations

import threading

import pytest

from dashboard.server import parcels as module
from dashboard.server.parcels import Parcels, parcels
from tests.unit.test_doors import ask


def test_the_same_name_has_the_same_address_and_is_made_once():
    made: list[str] = []
    kept = Parcels()

    def make(name: str) -> bytes:
        made.append(name)
        return name.encode()

    first = kept.address("one", lambda: make("one"))
    assert kept.address("one", lambda: make("one")) == first
    assert kept.address("two", lambda: make("two")) != first
    assert made == ["one", "two"]
    assert kept.at(f"/lab/{first}") == b"one"
    assert kept.at(f"/lab/{first}x") is None
    assert len(first.rpartition("/")[2]) >= 22, "128 bits"


def test_what_was_asked_for_last_is_kept(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    kept = Parcels()
    first = kept.address("0", lambda: bytes(40))
    places = [kept.address(str(i), lambda: bytes(40)) for i in (1, 2, 3)]
    assert kept.at(first) is None
    assert [kept.at(place) is not None for place in places] == [False, True, True]
    again = kept.address("0", lambda: bytes(40))
    assert again != first
    assert kept.at(again) == bytes(40)
    large = kept.address("large", lambda: bytes(1000))
    assert kept.at(large) == bytes(1000), "the last is kept, however large"
    for i in range(1000):
        kept.address(f"many {i}", lambda: bytes(40))
    assert len(kept._address) < 200


def test_what_is_kept_is_there_while_another_session_asks_for_its_address():
    class Watched(dict):
        """Looks for a parcel from another thread at the moment in which it was taken out."""

        def pop(self, key, *default):
            found = super().pop(key, *default)
            asking.append(threading.Thread(target=lambda: seen.append(kept.at(key))))
            asking[-1].start()
            asking[-1].join(0.05)
            return found

    asking: list[threading.Thread] = []
    seen: list[bytes | None] = []
    kept = Parcels()
    kept.address("one", lambda: b"1")
    kept._kept = Watched(kept._kept)
    kept.address("one", lambda: b"1")
    for thread in asking:
        thread.join()
    assert seen == [b"1"]


@pytest.mark.parametrize("base", ["", "/lab"])
def test_the_server_gives_it_to_who_has_the_address(base):
    content = bytes(range(256)) * 500
    place = parcels.address("a test's own", lambda: content)
    status, headers, body = ask("GET", f"{base}/{place}", accept_encoding="gzip")
    assert (status, body) == (200, content)
    assert headers["content-length"] == str(len(content))
    assert "content-encoding" not in headers
    assert headers["cache-control"].startswith("private")
    assert "content-security-policy" in headers
    for other in (f"{place}x", "_parcels/../secret"):
        assert ask("GET", f"{base}/{other}")[0] == 404
    assert ask("POST", f"{base}/{place}")[0] == 204, "nothing but reading is answered here"
