"""An imported run's page: the verdict, the networks that come nearest, and choosing another of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from aecore.inference import load_model
from aecore.interop import import_checkpoint
from aecore.runs.store import Store
from tests.helpers.pages import page, texts


@pytest.fixture
def undecided(store, tmp_path):
    """Digits 8×8, trained for a moment with a ReLU that a slope of 0.01 below zero hardly changes."""
    from aecore import data

    images = torch.from_numpy(np.array(data.load("digits").x_train)).float().flatten(1) / 255
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 8), nn.Linear(8, 40), nn.ReLU(), nn.Linear(40, 64)
    )
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(300):
        batch = images[torch.randint(0, len(images), (64,))]
        loss = (torch.sigmoid(model(batch)) - batch).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = tmp_path / "mine.pth"
    torch.save(model.state_dict(), path)
    return import_checkpoint(path, data_name="digits").run


def test_a_person_chooses_another_reading(undecided):
    app = page("train", run=undecided.id)
    assert "Images do not decide between the networks that the file's shapes allow." in texts(app)
    assert [button.label for button in app.button].count("Import this one") == 2
    listed = undecided.status()["imported"]["candidates"]
    app.button(key=f"candidate-{undecided.id}-1").click().run(timeout=60)
    assert not app.exception
    (other,) = [run for run in Store.default().runs() if run.id != undecided.id]
    assert other.status()["imported"]["chosen_from"] == undecided.id
    assert other.experiment().title.endswith("(2)")
    measured = other.evaluation()[0]["metrics"]["mse"]
    assert measured == pytest.approx(listed[1]["mse"], rel=1e-4), "all 297 test images were those of the search"
    first, second = load_model(undecided), load_model(other)
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
