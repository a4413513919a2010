"""Images from a Parquet file: a column of encoded pictures, as Hugging Face's data sets have it, or of numbers.

`image` is a struct of `bytes` and `path`, or the bytes alone; `label` is a number, whose names may be in the metadata.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aecore.data.custom.limits import check_bytes, one_line
from aecore.data.custom.roles import role_of
from aecore.data.custom.stored import as_user_errors
from aecore.errors import UserError

ROWS = 64
"""Rows that are read at a time."""


class Rows(NamedTuple):
    """The pictures of a file, encoded, and their labels (N,) or None; `names` are those of the classes, if known."""

    pictures: list[bytes]
    labels: np.ndarray | None
    names: tuple[str, ...]
    label: str = ""
    """The name of the column of labels."""


def read_rows(path: Path, text: str) -> Rows:
    """The rows of a Parquet file. Raises `UserError` where no column is one of pictures."""
    with as_user_errors(text, "a Parquet file"):
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            image = _image_column(schema, text)
            labels = _label_columns(schema, image)
            size = sum(
                file.metadata.row_group(group).column(i).total_uncompressed_size
                for group in range(file.metadata.num_row_groups)
                for i in range(file.metadata.num_columns)
                if file.metadata.row_group(group).column(i).path_in_schema.split(".")[0] == image
            )
            check_bytes(text, (size,))
            pictures, values, total = [], [], 0
            for batch in file.iter_batches(ROWS, columns=[image, *labels[:1]]):
                column = batch.column(image)
                encoded = (column.field("bytes") if str(column.type).startswith("struct") else column).to_pylist()
                if any(picture is None for picture in encoded):
                    raise UserError(f"{text}: column {image} holds paths and no pictures: give the pictures' folder")
                total += sum(map(len, encoded))  # one picture many times takes little room in the file
                check_bytes(text, (total,))
                pictures += encoded
                if labels:
                    values += batch.column(labels[0]).to_pylist()
    if not labels:
        return Rows(pictures, None, ())
    if any(value is None for value in values):
        raise UserError(f"{text}: column {labels[0]} has empty cells: fill or remove them")
    return Rows(pictures, np.asarray(values), _class_names(schema, labels[0]), labels[0])


def _image_column(schema: Any, text: str) -> str:
    able = []
    for field in schema:
        kind = str(field.type)
        fields = [field.type.field(i).name for i in range(field.type.num_fields)] if kind.startswith("struct") else []
        if "bytes" in fields or kind in ("binary", "large_binary"):
            able.append(field.name)
    if len(able) > 1:
        able = [name for name in able if role_of(name).kind == "images"] or able
    if len(able) != 1:
        names = ", ".join(f"{field.name} ({str(field.type)[:40]})" for field in list(schema)[:8])
        problem = "no column" if not able else "several columns"
        raise UserError(f"{text} has {problem} of pictures but {names}: expected image {{bytes, path}} and label")
    return able[0]


def _label_columns(schema: Any, image: str) -> list[str]:
    """The columns of labels, the clearest first."""
    able = [
        field.name
        for field in schema
        if field.name != image
        and role_of(field.name).kind == "labels"
        and str(field.type).startswith(("int", "uint", "string", "large_string", "bool", "dictionary"))
    ]
    return sorted(able, key=lambda name: (role_of(name).strange, able.index(name)))


def _class_names(schema: Any, label: str) -> tuple[str, ...]:
    """The names that Hugging Face's metadata give the numbers; none where there are none."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        names = features[label]["names"]
    except (KeyError, ValueError, TypeError):
        return ()
    return tuple(one_line(str(name)) for name in names) if isinstance(names, list) else ()
