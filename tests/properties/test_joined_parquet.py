"""Files joined without decoding read like one file with their rows, by every reader, and are skipped through alike."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_pipeline.errors import FinopsError
from finops_pipeline.publish import joined_parquet
from finops_pipeline.publish.joined_parquet import DamagedPartError, Part, file_crc32, join_parquet

_SCHEMA = pa.schema(
    {
        "month": pa.string(),
        "cost": pa.decimal128(38, 18),
        "day": pa.date32(),
        "tags": pa.map_(pa.string(), pa.string()),
        "hours": pa.list_(pa.struct({"at": pa.timestamp("us"), "n": pa.float64()})),
        "is_idle": pa.bool_(),
    }
)
_TEXT = st.text(max_size=8)
_ROW = st.fixed_dictionaries(
    {
        "month": st.none() | _TEXT,
        "cost": st.none() | st.decimals(Decimal(-(10**19)), Decimal(10**19), places=18),
        "day": st.none() | st.dates(),
        "tags": st.none() | st.dictionaries(_TEXT, st.none() | _TEXT, max_size=3).map(lambda tags: list(tags.items())),
        "hours": st.none()
        | st.lists(st.none() | st.fixed_dictionaries({"at": st.none(), "n": st.none() | st.floats(-1e9, 1e9)})),
        "is_idle": st.none() | st.booleans(),
    }
)
_TABLES = st.lists(st.lists(_ROW, max_size=12), min_size=1, max_size=5)


def write_part(path: Path, rows: list[dict[str, Any]], writer: str) -> Part:
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    if writer == "arrow":
        pq.write_table(table, path, row_group_size=4, store_schema=False)
    else:
        with duckdb.connect() as connection:
            connection.register("part", table)
            connection.execute(f"copy part to '{path}' (format parquet, row_group_size 4)").fetchall()
    return Part(path, file_crc32(path))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(_TABLES, st.sampled_from(["duckdb", "arrow"]))
def test_joined_files_read_like_one_with_all_rows(tmp_path_factory, tables, writer):
    folder = tmp_path_factory.mktemp("joined")
    parts = [write_part(folder / f"{number}", rows, writer) for number, rows in enumerate(tables)]
    joined = join_parquet(parts, folder / "joined.parquet")
    expected = pa.concat_tables(pq.read_table(part.path) for part in parts)
    assert joined.rows == expected.num_rows
    assert joined.sha256 == join_parquet(parts, folder / "again.parquet").sha256
    file = pq.ParquetFile(folder / "joined.parquet")
    assert file.read().equals(expected)
    with duckdb.connect() as connection:
        read = connection.execute(f"select * from read_parquet('{folder / 'joined.parquet'}')").fetchall()
        paths = [str(part.path) for part in parts]
        assert read == connection.execute(f"select * from read_parquet({paths})").fetchall()
    # each group still tells what is in it
    groups = [group for part in parts for group in row_groups(pq.ParquetFile(part.path))]
    assert row_groups(file) == groups


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(_TABLES, st.data())
def test_notes_of_other_joins_leave_no_trace_in_the_bytes(tmp_path_factory, tables, data):
    folder = tmp_path_factory.mktemp("joined")
    parts = [write_part(folder / f"{number}", rows, "duckdb") for number, rows in enumerate(tables)]
    unnoted = [Part(part.path) for part in parts]
    join_parquet(parts, folder / "noted.parquet")
    order = data.draw(st.permutations(range(len(parts))))
    other = join_parquet([parts[number] for number in order], folder / "other.parquet")
    assert other == join_parquet([unnoted[number] for number in order], folder / "unnoted.parquet")
    assert join_parquet(parts, folder / "again.parquet") == join_parquet(unnoted, folder / "unnoted.parquet")


def row_groups(file: pq.ParquetFile) -> list[Any]:
    metadata = file.metadata
    return [
        [
            (column.path_in_schema, column.statistics and column.statistics.to_dict(), column.total_compressed_size)
            for column in map(metadata.row_group(number).column, range(metadata.num_columns))
        ]
        for number in range(metadata.num_row_groups)
    ]


@pytest.fixture
def months(tmp_path) -> list[Part]:
    """Two months of 8,192 rows, four row groups each, with Bloom filters of their pools."""
    parts = []
    for number in range(2):
        path = tmp_path / f"{number}.parquet"
        duckdb.execute(
            f"copy (select {number} * 8192 + i as line, 'pool ' || ({number} * 5 + i % 5) as pool"
            f" from range(8192) as lines (i)) to '{path}' (format parquet, row_group_size 2048)"
        ).fetchall()
        parts.append(Part(path, file_crc32(path)))
    return parts


def test_readers_skip_by_statistics_and_bloom_filters_of_the_joined_file(tmp_path, months):
    path = tmp_path / "joined.parquet"
    assert join_parquet(months, path).rows == 16384
    groups = duckdb.execute(
        f"select row_group_id, bloom_filter_offset from parquet_metadata('{path}') where path_in_schema = 'pool'"
    ).fetchall()
    assert [number for number, _ in groups] == list(range(8))
    assert all(offset for _, offset in groups)
    for pool, expected in (("pool 3", {0, 1, 2, 3}), ("pool 8", {4, 5, 6, 7}), ("pool 33", set())):
        probe = f"select * from parquet_bloom_probe('{path}', 'pool', '{pool}')"
        left = {group for _, group, is_excluded in duckdb.execute(probe).fetchall() if not is_excluded}
        assert expected <= left
        assert len(left) <= len(expected) + 1  # a Bloom filter may be wrong now and then
    found = duckdb.execute(f"select count(*), min(line), max(line) from '{path}' where pool = 'pool 8'").fetchall()
    assert found == [(1638, 8195, 16380)]
    assert duckdb.execute(f"select line from '{path}' where line = 9000").fetchall() == [(9000,)]


@pytest.mark.parametrize("damage", ["a bit turned", "cut off", "emptied", "of another part", "no JSON", "no object"])
def test_a_damaged_note_is_made_anew(tmp_path, months, damage):
    joined = join_parquet(months, tmp_path / "joined.parquet")
    note = months[1].path.with_suffix(".groups")
    content = bytearray(note.read_bytes())
    if damage == "a bit turned":
        content[-3] ^= 4
    whole = {"no JSON": b"{", "no object": b"[]\n", "emptied": b"", "cut off": bytes(content[:-9])}
    other = months[0].path.with_suffix(".groups").read_bytes()
    note.write_bytes(other if damage == "of another part" else whole.get(damage, bytes(content)))
    assert join_parquet(months, tmp_path / "again.parquet") == joined


def test_what_is_noted_is_not_taken_from_the_footer_again(tmp_path, months, monkeypatch):
    joined = join_parquet(months, tmp_path / "joined.parquet")
    monkeypatch.setattr(joined_parquet, "_move", None)
    assert join_parquet(months, tmp_path / "again.parquet") == joined


def test_files_of_other_columns_are_refused(tmp_path, months):
    other = tmp_path / "other.parquet"
    duckdb.execute(f"copy (select 1::bigint as line, 'x' as pool_name) to '{other}' (format parquet)").fetchall()
    with pytest.raises(FinopsError, match="different columns"):
        join_parquet([*months, Part(other)], tmp_path / "joined.parquet")


def test_a_page_index_whose_positions_nobody_moves_is_refused(tmp_path):
    indexed = tmp_path / "indexed.parquet"
    pq.write_table(pa.table({"a": [1, 2, 3]}), indexed, write_page_index=True)
    with pytest.raises(FinopsError, match="page index"):
        join_parquet([Part(indexed), Part(indexed)], tmp_path / "joined.parquet")


@pytest.mark.parametrize("damage", ["cut off", "a bit turned", "emptied", "gone", "no footer"])
def test_a_damaged_part_is_told_by_its_name(tmp_path, months, damage):
    path = months[1].path
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "a bit turned":
        content[len(content) // 3] ^= 4
        path.write_bytes(content)
    elif damage == "no footer":
        path.write_bytes(content[:-8] + b"\xff\xff\xff\x7fPAR1")
    else:
        path.write_bytes(b"" if damage == "emptied" else content[:-100])
    with pytest.raises(DamagedPartError, match=path.name):
        join_parquet(months, tmp_path / "joined.parquet")
