"""A request for a projection, and computing it from codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aecore.data.subset import SPLITS, evenly_spaced
from aecore.errors import UserError
from aecore.latent.codes import Codes
from aecore.latent.projection import SEEDED, OnMove, Progress, check, project
from aecore.latent.projection_store import Projection
from aecore.metrics.projection import quality
from aecore.runs.run import Run

OVER = ("last", "epochs")
MOST_PROJECTED = 60_000
"""The most points of a projection."""


@dataclass(frozen=True)
class ProjectionRequest:
    """The options of a projection; perplexity and iterations are t-SNE's, the seed also UMAP's and PaCMAP's."""

    method: str = "tsne"
    dims: int = 3
    points: int = 3000
    perplexity: float = 30
    iterations: int = 1000
    seed: int = 0
    images: str = "test"
    """Which images: one of `aecore.data.subset.SPLITS`; train are those that the run was trained on."""
    over: str = "last"
    """last: the codes of the network as it is; epochs: those that were kept over its epochs (only with t-SNE; PCA takes
    a moment wherever it is shown), with `points` of their images and `iterations` for the first epoch."""
    repulsion: str = "auto"
    """How t-SNE's is summed: one of `aecore.latent.projection.REPULSION`."""

    def check(self, code_size: int) -> None:
        """Raise `UserError` for a projection that is not possible with codes of that size."""
        if self.images not in SPLITS:
            raise UserError(f"a projection shows images of {' or '.join(SPLITS)}, not '{self.images}'")
        if self.points > MOST_PROJECTED:
            raise UserError(f"a projection has at most {MOST_PROJECTED:,} points, not {self.points:,}")
        if self.over not in OVER:
            raise UserError(f"a projection is over {' or '.join(OVER)}, not '{self.over}'")
        if self.over == "epochs" and (self.method, self.images) != ("tsne", "test"):
            raise UserError(
                "over the epochs only t-SNE of test images is saved; their PCA is computed where it is shown"
            )
        check(code_size, self.points, self.method, self.dims, self.perplexity, self.iterations, self.repulsion)

    @property
    def options(self) -> dict[str, Any]:
        """The options of its method."""
        if self.method in SEEDED:
            return {"seed": self.seed}
        if self.method != "tsne":
            return {}
        given = {} if self.repulsion == "auto" else {"repulsion": self.repulsion}
        return {"perplexity": self.perplexity, "iterations": self.iterations, "seed": self.seed} | given


def code_size(run: Run) -> int:
    """The size of the run's code, as its status records it. Raises `UserError` where it has none."""
    size = run.status().get("code_size")
    if not size:
        raise UserError(f"run {run.id}: its network has no code to project")
    return int(size)


def project_codes(
    codes: Codes,
    request: ProjectionRequest,
    progress: Progress = lambda done, total: None,
    moved: OnMove = lambda points: None,
    projected: Callable[[], object] = lambda: None,
    device: str = "cpu",
) -> Projection:
    """A projection of all of these codes, with its quality.

    `progress` and `moved` are those of `aecore.latent.projection.project`, which also says what is raised; `projected`
    is called before the quality is measured.
    """
    if codes.codes is None:
        raise UserError("there are no codes to project")
    coordinates, made = project(
        codes.codes, request.method, request.dims, device=device, progress=progress, moved=moved, **request.options
    )
    projected()
    shares = {"explained_variance": made.pop("explained_variance")} if "explained_variance" in made else {}
    parameters = request.options | {"corruption": codes.corruption} | made
    found = quality(codes.codes, coordinates, codes.labels) | shares
    return Projection(
        request.method, coordinates, codes.labels, codes.indices, parameters, found, codes.split, codes.weights
    )


def subset_of_codes(codes: Codes, points: int) -> Codes:
    """`points` of the codes, evenly spread; all of them where there are no more."""
    rows = evenly_spaced(len(codes.indices), points)
    chosen = None if codes.codes is None else codes.codes[rows]
    parts = {"labels": codes.labels[rows], "indices": codes.indices[rows], "errors": codes.errors[rows]}
    return replace(codes, codes=chosen, images=None, **parts)
