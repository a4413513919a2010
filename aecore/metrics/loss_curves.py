"""What the losses of a run say: it diverged, it overfits, or its test loss is far above its training loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aecore.metrics.remark import Remark

DIVERGED = 1.5
"""A training loss this many times its lowest is rising, not noisy: epoch means of small batches vary by some 20 %."""
OVERFITTED = 1.02
"""A test loss this many times its lowest, while the training loss fell on, is overfitting. Shipped runs end within
1.01 of their lowest."""
GAP = 2.0
"""A test loss this many times the training loss is far above it. The shipped runs end at 1.06 at most."""
VISIBLE = 0.01
"""Differences between losses below this share of the mean image's are too small to speak of."""
GAP_VISIBLE = 0.05
"""And below this share a gap is harmless: the test images are reconstructed nearly as well, whatever the ratio."""
RECENT = 3
"""The lowest of so many epochs is what a curve has come to: one bad epoch is none of its business."""
BLOWN_UP = 10.0
"""Unless the last training loss is so many times the lowest: no noise does that."""


def not_finite(train_loss: float, test_loss: float, epoch: int, lr: float) -> Remark | None:
    """A loss that is NaN or infinite after `epoch`."""
    if math.isfinite(train_loss) and math.isfinite(test_loss):
        return None
    which, loss = ("test", test_loss) if math.isfinite(train_loss) else ("training", train_loss)
    value = "NaN" if math.isnan(loss) else "infinite"
    return Remark(
        "diverged",
        f"the {which} loss became {value} in epoch {epoch}: training diverged; a training.lr of a tenth of the present "
        f"{lr:g} usually cures it",
    )


def curves(
    train: Sequence[float] | np.ndarray,
    test: Sequence[float] | np.ndarray,
    mean_error: float = 0.0,
    useless: str | None = None,
) -> list[Remark]:
    """What the losses of all epochs so far say: diverged, else overfitting, else a gap between training and test.

    `train` and `test` are as long, at least 1, and finite; `mean_error` is the mean image's loss, which says how large
    a difference must be to count. `useless` says what became of a model that answers the same for every image, None
    for any other: it cannot overfit, and if it once did better, it has diverged.
    """
    trained, tested = np.asarray(train, np.float64), np.asarray(test, np.float64)
    least = VISIBLE * mean_error
    now_train, now_test = (float(curve[-RECENT:].min()) for curve in (trained, tested))
    lowest = int(trained.argmin())
    if trained[-1] >= BLOWN_UP * trained[lowest]:
        now_train = float(trained[-1])
    if now_train >= DIVERGED * trained[lowest] and now_train - trained[lowest] > least:
        return [_diverged("training", now_train, float(trained[lowest]), lowest + 1, useless)]
    best = int(tested.argmin())
    if useless is not None:
        rose = now_test >= DIVERGED * tested[best] and now_test - tested[best] > least
        return [_diverged("test", now_test, float(tested[best]), best + 1, useless)] if rose else []
    fell = now_train <= trained[best]
    if fell and now_test >= OVERFITTED * tested[best] and now_test - tested[best] > least:
        return [
            Remark(
                "overfitting",
                f"the test loss has risen to {now_test:.3g}, from {tested[best]:.3g} in epoch {best + 1}, while the "
                f"training loss fell to {now_train:.3g}: overfitting; more training images, fewer epochs or a smaller "
                "model usually help",
                now_test,
                float(tested[best]),
            )
        ]
    if now_test >= GAP * now_train and now_test - now_train > GAP_VISIBLE * mean_error:
        times = f"{now_test / now_train:.1f} times" if now_train else "infinitely many times"
        return [
            Remark(
                "generalisation-gap",
                f"the test loss, {now_test:.3g}, is {times} the training loss, {now_train:.3g}: overfitting, it "
                "knows its training images better than new ones; more of them, dropout or a smaller model usually help",
                now_test,
                now_train,
            )
        ]
    return []


def _diverged(which: str, now: float, lowest: float, epoch: int, useless: str | None) -> Remark:
    left = f", and {useless}" if useless else ""
    return Remark(
        "diverged",
        f"the {which} loss has risen to {now:.3g}, from {lowest:.3g} in epoch {epoch}: training diverged{left}; a "
        "smaller training.lr usually cures it",
        now,
        lowest,
    )
