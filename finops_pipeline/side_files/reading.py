"""Small YAML files beside `finops.yaml`: read with every fault told at once, landed as small tables that dbt reads."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from finops_pipeline.config_yaml import KeyPath, Problem, explain, read_yaml
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.faults import what_is_wrong

_Checked = TypeVar("_Checked", bound=BaseModel)


class SideFileModel(BaseModel):
    """A part of a side file: nothing unknown, nothing converted on the quiet, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def load_side_file(path: Path, model: type[_Checked], *, lists: Sequence[str]) -> _Checked:
    """Read a YAML file into its model; `lists` are its top-level lists.

    Raises:
        ConfigurationError: missing, not YAML, or not what the model allows; every fault with its key and line.
    """
    document = read_yaml(path)
    # a file or list whose every line is a comment says nothing, which is not wrong
    value = {} if document.value is None else document.value
    if isinstance(value, dict):
        value = {key: _as_tuple(item) if key in lists else item for key, item in value.items()}
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = [Problem(_place(item, value), what_is_wrong(item, model)) for item in error.errors()]
        raise ConfigurationError(explain(path, problems, document)) from error


def as_written(value: Any) -> Any:
    """For a validator of amounts: a whole number may stand bare, a fraction needs quotes, as YAML makes it a float."""
    if isinstance(value, float):
        raise ValueError(f"is {value}: write it in quotes, so that no digit is lost")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def write_side_table(path: Path, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    """Land rows as one Parquet file, replaced in one step and only when its content changed."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    partial.write_bytes(content)
    partial.replace(path)


def _as_tuple(item: Any) -> Any:
    return tuple(item or ()) if item is None or isinstance(item, list) else item


def _place(item: Any, value: Any) -> KeyPath:
    """Where a fault stands in the file: without the names of a union's members, which the file has not got."""
    place: list[int | str] = []
    *_, missing = item["loc"] if item["type"] == "missing" and item["loc"] else (None,)
    for part in item["loc"]:
        if isinstance(value, dict) and part not in value and part != missing:
            continue
        place.append(part)
        try:
            value = value[part]
        except (LookupError, TypeError):
            value = None
    return tuple(place)
