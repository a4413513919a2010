"""The columns of the table of runs: what stands in them, how, and which are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from aecore.format import duration
from aecore.metrics.measure_names import MEASURES, Named
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary
from aecore.sweeps import labels
from dashboard.cache.measures import values
from dashboard.widgets import remarks, run_selection

NAME, ID = "Name", "Run"
STAR = "★"
CHOICE, _CHOSEN = "columns", "overview-columns"

_METRICS: dict[str, tuple[str, str]] = {
    "MSE, clean": ("test_mse", "{:.5f}"),
    "PSNR, clean": ("test_psnr_db", "{:.2f} dB"),
    "SSIM, clean": ("test_ssim", "{:.3f}"),
    "MSE, own noise": ("noisy_mse", "{:.5f}"),
    "PSNR, own noise": ("noisy_psnr_db", "{:.2f} dB"),
    "SSIM, own noise": ("noisy_ssim", "{:.3f}"),
}
"""The heading says on what was measured: field and format."""

_MEASURES: dict[str, Named] = {named.title: named for named in MEASURES}
"""What `aecore measure` found: read only where such a column is shown."""

_VALUES: dict[str, Callable[[RunSummary], Any]] = {
    "Group": lambda row: row.group,
    "Owner": lambda row: row.owner,
    "Remarks": lambda row: row.mark,  # near the name, where a phone shows it too
    "Data": lambda row: row.data,
    "Code": lambda row: row.code_size,
    "Noise": lambda row: noise_of(row),
    "State": lambda row: row.state,
    "Epochs": lambda row: row.progress.replace("/", " / "),
    **{heading: partial(lambda field, row: metric_of(row, field), field) for heading, (field, _) in _METRICS.items()},
    **{named.title: partial(lambda name, row: measure_of(row, name), named.name) for named in MEASURES},
    "Loss": lambda row: sparkline(row.losses),
    "Date": lambda row: date_of(row),
    "Duration": lambda row: row.seconds,
    "Device": lambda row: row.device,
    "Learning rate": lambda row: row.lr,
    "Seed": lambda row: row.seed,
    "Parameters": lambda row: row.parameters,
    ID: lambda row: row.id,
}
"""The columns after the name, in their order."""
_USUAL = ("Data", "Code", "State", "Epochs", "MSE, clean", "PSNR, clean", "SSIM, clean", "Loss", "Date")


def chooser(rows: Sequence[RunSummary]) -> list[str]:
    """A popover to choose the columns; returns them in their order. The choice stands in the address."""
    usual = usual_columns(rows)
    with st.popover("Columns", icon=":material/view_column:", type="tertiary", key="choose-columns"):
        # Beside the widget, as the usual columns change with the runs.
        kept = st.session_state.get(_CHOSEN)
        st.session_state[CHOICE] = usual if kept is None else kept
        chosen = st.pills(
            "Columns",
            list(_VALUES),
            selection_mode="multi",
            key=CHOICE,
            on_change=_choose,
            label_visibility="collapsed",
            width=360,
        )
    return [NAME, *(heading for heading in _VALUES if heading in chosen)]


def _choose() -> None:
    st.session_state[_CHOSEN] = st.session_state[CHOICE]


def slug(heading: str) -> str:
    """A heading as an address has it: `mse-clean`."""
    return heading.lower().replace(", ", "-").replace(" ", "-")


def chosen_as_text(chosen: Sequence[str] | None) -> str:
    """Columns for the address; empty for the usual ones."""
    return "" if chosen is None else ",".join(map(slug, chosen)) or "none"


def chosen_from(text: str) -> list[str]:
    """The columns that an address names, without those that there are not."""
    named = text.split(",")
    return [heading for heading in _VALUES if slug(heading) in named]


def usual_columns(rows: Sequence[RunSummary]) -> list[str]:
    """The columns that are shown until others are chosen: those that say something about these runs."""
    usual = set(_USUAL)
    usual |= {heading for heading in ("Group", "Owner", "Remarks") if any(map(_VALUES[heading], rows))}
    if not any(row.tested_on == "none" for row in rows):
        usual |= {heading for heading in _METRICS if any(_VALUES[heading](row) is not None for row in rows)}
    return [heading for heading in _VALUES if heading in usual]


def frame(rows: Sequence[RunSummary], winners: Mapping[str, frozenset[str]], columns: Sequence[str]) -> Any:
    """A row for each run with these columns and its id. The best values of an image set have a star, which leaves
    their order by value alone."""
    wanted = [heading for heading in _VALUES if heading in columns or heading == ID]
    table = pd.DataFrame(
        {NAME: [row.title for row in rows]} | {heading: [_VALUES[heading](row) for row in rows] for heading in wanted}
    )
    # The theme of this visitor; names look like the links that they are.
    styled = table.style.set_properties(subset=[NAME], color=st.get_option(f"theme.{_scheme()}.linkColor"))
    if "Date" in wanted:
        table["Date"] = pd.to_datetime(table["Date"], utc=True)
    for heading in wanted:
        if heading in _METRICS:
            field, form = _METRICS[heading]
            table[heading] = table[heading].astype(float)
            starred = [place for place, row in enumerate(rows) if row.id in winners.get(field, ())]
            styled = styled.format(form, subset=[heading], na_rep="–")
            styled = styled.format(f"{STAR} {form}", subset=(starred, [heading]))
        elif heading in _MEASURES:
            table[heading] = table[heading].astype(float)
            styled = styled.format(_MEASURES[heading].format, subset=[heading], na_rep="–")
        elif heading == "Duration":
            styled = styled.format(duration, subset=[heading], na_rep="–")
    return styled


def _scheme() -> str:
    """The colours that the browser shows: `light` or `dark`."""
    return "dark" if st.context.theme.type == "dark" else "light"


def config(table: str) -> dict[str, Any]:
    """How the columns look; a click on a name in the table of that key opens the run."""
    column = st.column_config
    clean, noisy = "on clean test images", "on test images with the corruption of the run's training"
    on = {heading: clean if heading.endswith("clean") else noisy for heading in _METRICS}
    star = f" {STAR} is the best run of an image set."
    return {
        NAME: column.ButtonColumn(
            help="Click a name to open the run.",
            type="tertiary",
            alignment="left",
            on_click=run_selection.name_clicked,
            key=run_selection.name_key(table),
        ),
        "Data": column.TextColumn(width=108),
        "Remarks": column.TextColumn(width=96, help=remarks.HELP),
        **{
            heading: column.NumberColumn(
                help=f"Mean {on[heading]}{', [0, 1] scale' if 'MSE' in heading else ''}."
                + (star if heading.endswith("clean") else "")
            )
            for heading in _METRICS
        },
        **{
            heading: column.NumberColumn(
                help=f"{named.meaning} The page Measure has its interval and what to hold it against."
            )
            for heading, named in _MEASURES.items()
        },
        "Noise": column.TextColumn(help="Corruption of the training images"),
        "Loss": column.LineChartColumn(help="Training loss, log scale", width="small"),
        "Date": column.DatetimeColumn(
            help="When it was submitted", format="YYYY-MM-DD HH:mm", width=124, timezone=st.context.timezone
        ),
        "Duration": column.NumberColumn(help="Training time, without evaluation"),
        "Learning rate": column.NumberColumn(format="plain"),
        "Seed": column.NumberColumn(format="plain"),
        **{heading: column.NumberColumn(format="localized") for heading in ("Code", "Parameters")},
    }


def metric_of(row: RunSummary, field: str) -> float | None:
    """A metric for its column: those on clean images only where they are that."""
    return getattr(row, field) if row.tested_on == "none" or not field.startswith("test_") else None


def measure_of(row: RunSummary, name: str) -> float | None:
    """A measure of a run for its column."""
    run = Store.default().listed(row.id)
    return None if run is None else values(run).get(name)


def noise_of(row: RunSummary) -> str:
    """The corruption of the training images in words; empty where it is unknown."""
    return labels.corruption(row.noise) if row.noise else ""


def date_of(row: RunSummary) -> datetime | None:
    try:
        return datetime.fromisoformat(row.submitted)
    except ValueError:
        return None


def sparkline(losses: tuple[float, ...], points: int = 60) -> list[float]:
    """At most `points` values; on a logarithmic scale, late epochs show too."""
    step = max(1, len(losses) // points)
    return [math.log10(loss) for loss in losses[::step] if loss > 0]
