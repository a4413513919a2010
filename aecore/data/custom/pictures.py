"""The user's images from pictures, wherever they lie: in a folder, a zip archive or a table."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aecore.data.custom.arrays import Found
from aecore.data.custom.decode import Header, Open, UnusableError, deep_values, header_of
from aecore.data.custom.decode_all import Encoded, decode_all, on_all_cores
from aecore.data.custom.duplicates import count_copies
from aecore.data.custom.limits import check_bytes, check_counts, held_out, one_line
from aecore.data.custom.size import Asked, Frame, choose_frame
from aecore.data.custom.splits import Labelled
from aecore.data.custom.understood import Understood, describe_sizes
from aecore.data.custom.values import Range, Scale, choose_scale, describe, joined, range_of
from aecore.data.image_set import Arrays, Progress
from aecore.errors import UserError


class Picture(NamedTuple):
    """A picture by its name in the folder, archive or table."""

    name: str
    open: Open


def read_pictures(
    given: Sequence[Picture],
    plan: Labelled,
    text: str,
    report: Understood,
    asked: Asked,
    progress: Progress,
    keep: Path | None = None,
) -> Found:
    """The images of the pictures; `text` is what messages call their folder, `plan` has a label for each. What is done
    of many is kept in the folder `keep` (`decode_all`).

    All get one size (`size.choose_frame`) and, where they have more than 8 bits, one scale. Grey if every image is,
    else RGB. Raises `UserError` when too few of the files are images.
    """
    headers, problems = _headers(given, progress)
    scale = _deep_scale(given, headers, problems, text, report)
    frame = choose_frame((header.size for header in headers.values()), asked)
    check_bytes(text, (len(headers), frame.height, frame.width, 3))
    made, broken = decode_all(
        [Encoded(*given[i], scale if header.deep else None) for i, header in headers.items()],
        frame,
        lambda done: progress(f"reading {len(headers):,} images", done, len(headers)),
        keep,
    )
    rows = [row for row in range(len(made)) if row not in broken]
    kept = [i for row, i in enumerate(headers) if row not in broken]
    problems |= {i: broken[row] for row, i in enumerate(headers) if row in broken}
    if broken:
        made = made[rows]
    for i in sorted(problems):
        report.leave_out([given[i].name], problems[i])
    because = f"; {one_line(given[min(problems)].name)} {problems[min(problems)]}" if problems else ""
    test = held_out(len(kept)) if plan.test is None else np.array([plan.test[i] for i in kept], bool)
    check_counts(text, int((~test).sum()), int(test.sum()), because)
    if len(problems) > len(kept):
        raise UserError(f"{text}: {len(problems):,} of {len(given):,} files cannot be used{because}")
    used = [headers[i] for i in kept]
    report.size_before, report.size_after = describe_sizes(header.size for header in used), frame.text
    report.size_done = frame.done
    _remark_headers(used, report)
    images = _values_and_channels(made, frame, report)
    labels = np.array([plan.labels[i] for i in kept], np.uint8)
    arrays = Arrays(images[~test], labels[~test], images[test], labels[test])
    report.count_classes(arrays.y_train, arrays.y_test, plan.classes)
    count_copies(arrays, report)
    return Found(arrays, plan.classes, report)


def _headers(given: Sequence[Picture], progress: Progress) -> tuple[dict[int, Header], dict[int, str]]:
    """The header of each picture by its index, without decoding it; and what is wrong with the rest."""
    headers, problems = {}, {}
    with closing(on_all_cores(header_of, [picture.open for picture in given])) as results:
        for i, found in enumerate(results):
            if isinstance(found, UnusableError):
                problems[i] = str(found)
            else:
                headers[i] = found
            if i % 1000 == 0:
                progress(f"looking at {len(given):,} files", i, len(given))
    return headers, problems


def _deep_scale(
    given: Sequence[Picture], headers: dict[int, Header], problems: dict[int, str], text: str, report: Understood
) -> Scale | None:
    """One scale for all pictures with more than 8 bits, from the brightest value of all; None where there are none.

    Pictures that cannot be decoded move to the problems.
    """
    ranges: dict[str, list[Range]] = {}
    deep = [i for i, header in headers.items() if header.deep]
    for i in deep:
        try:
            known = range_of([deep_values(given[i].open)])
        except UnusableError as error:
            problems[i] = str(error)
            del headers[i]
            continue
        if known and not known.finite:
            problems[i] = "holds values that are not numbers (NaN or infinite)"
            del headers[i]
        elif known and known.kind != "f" and known.high > 65535:
            problems[i] = f"holds values up to {known.high:g}: 16 bits, 65535, at most"
            del headers[i]
        elif known:
            ranges.setdefault("f" if known.kind == "f" else "u", []).append(known)
    if not ranges:
        return None
    if len(ranges) > 1:
        raise UserError(f"{text} holds pictures of floats and of 16-bit numbers: give them as two folders")
    whole = joined(next(iter(ranges.values())))
    assert whole is not None  # there is a range
    if whole.kind in "iu":  # Pillow has 16-bit values in a wider type
        whole = whole._replace(kind="u", dtype="uint16")
    scale = choose_scale(whole, f"{text}: its pictures together")
    others = len(headers) - len(next(iter(ranges.values())))
    report.values_before, report.values_done = describe(whole), scale.words
    if others:
        report.values_before += f" in {len(headers) - others:,} pictures, uint8 in {others:,}"
        report.values_done += "; those of uint8 as they are"
    report.remark(scale.remark)
    return scale


def _remark_headers(used: Sequence[Header], report: Understood) -> None:
    for number, what in (
        (sum(header.turned for header in used), "turned upright, as their cameras noted"),
        (sum(header.several for header in used), "of several frames or pages, of which the first is used"),
        (sum(header.clear for header in used), "with a channel of transparency: what is transparent is shown on white"),
    ):
        if number:
            report.remark(f"{number:,} of {len(used):,} pictures {'are' if what[0] != 'w' else 'come'} {what}")


def _values_and_channels(made: np.ndarray, frame: Frame, report: Understood) -> np.ndarray:
    """RGB pictures (N, H, W, 3) as (N, C, H, W): one channel if every pixel of all is grey. Fills in the report."""
    grey = np.array([bool((image == image[..., :1]).all()) for image in made])
    if not report.values_before:
        known = range_of([made])
        assert known is not None  # there are pictures
        scale = choose_scale(known, "")
        report.values_before = describe(known) + ("" if frame.as_is else " once resized")
        report.values_done = scale.words
        report.remark(scale.remark)
        if not scale.as_stored:
            made *= 255
    if grey.all():
        report.channels, report.channels_why = 1, "grey: every pixel of every picture is"
        return made[..., :1].transpose(0, 3, 1, 2)
    number = int(grey.sum())
    report.channels = 3
    report.channels_why = f"RGB; {number:,} of {len(made):,} pictures are grey" if number else "RGB"
    return made.transpose(0, 3, 1, 2)
