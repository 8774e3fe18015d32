"""Azure deliveries made of any files, as the tests of this folder need them."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from export_writers import AZURE_ROW, AzureExport, csv_bytes


def costs(*amounts: str, **more: str) -> list[dict[str, str]]:
    return [AZURE_ROW | {"Cost": amount} | more for amount in amounts]


def run_id(number: int) -> str:
    return f"11111111-aaaa-4bbb-8ccc-{number:012}"


def deliver_files(export: AzureExport, period: str, files: dict[str, bytes], **more: Any) -> Path:
    """A run of these files, sizes told and rows not; returns its manifest."""
    path = export.deliver(period, **more)
    blobs = []
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
        key = (path.parent / name).relative_to(export.container).as_posix()
        blobs.append({"blobName": key, "byteCount": len(content)})
    manifest = json.loads(path.read_text()) | {"blobs": blobs, "blobCount": len(blobs), "dataRowCount": None}
    path.write_text(json.dumps(manifest))
    return path


def change(path: Path, **more: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | more))


def part_of(manifest: Path) -> Path:
    [part] = manifest.parent.glob("part*")
    return part


def gzipped(rows: list[dict[str, str]]) -> bytes:
    return gzip.compress(csv_bytes(rows), mtime=0)


def parquet(rows: list[dict[str, Any]], compression: str, **types: pa.DataType) -> bytes:
    table = pa.Table.from_pylist(rows)
    for name, type_ in types.items():
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(type_))
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression=compression)
    return buffer.getvalue()
