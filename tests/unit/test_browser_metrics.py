"""The browser's scores of images are those of `aecore.metrics.image`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aecore.metrics.image import per_image
from tests.helpers.node import evaluated
from tests.unit.test_javascript import missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 17), (3, 7, 7)])
def test_mse_and_similarity(shape):
    draw = np.random.default_rng(0)
    clean = draw.random((1, *shape))
    other = clean + 0.3 * draw.normal(size=clean.shape)
    right = per_image(clean, other)
    rows = [image[0].transpose(1, 2, 0).reshape(-1).tolist() for image in (clean, other)]
    found = evaluated(
        'import { meanSquare, similarity } from "./aecore/viewer/js/metrics.js";'
        f"const [a, b] = {json.dumps(rows)};"
        f"console.log(JSON.stringify([meanSquare(a, b), similarity(a, b, {list(shape)})]));"
    )
    assert found == pytest.approx([right["mse"][0], right["ssim"][0]], abs=1e-9)
