"""The compact protocol as others write it: read into values, written back as the same bytes."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.publish.thrift import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    SET,
    STRUCT,
    TRUE,
    UUID,
    read_struct,
    write_struct,
)

_INTEGERS = {
    I16: st.integers(-(2**15), 2**15 - 1),
    I32: st.integers(-(2**31), 2**31 - 1),
    I64: st.integers(-(2**63), 2**63 - 1),
}
_SIMPLE = {
    **_INTEGERS,
    BYTE: st.binary(min_size=1, max_size=1),
    DOUBLE: st.binary(min_size=8, max_size=8),
    UUID: st.binary(min_size=16, max_size=16),
    BINARY: st.binary(max_size=200),
    TRUE: st.booleans(),
}


def structs(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(st.integers(-5, 2**15 - 1), inner, max_size=20)


def fields(depth: int) -> st.SearchStrategy:
    """A field's type and value; lists, sets, maps and structs hold further ones."""
    simple = [st.tuples(st.just(kind), values) for kind, values in _SIMPLE.items() if kind != TRUE]
    truth = st.booleans().map(lambda value: (TRUE if value else FALSE, value))
    if not depth:
        return st.one_of(truth, *simple)
    elements = [st.tuples(st.just(kind), st.lists(values, max_size=20)) for kind, values in _SIMPLE.items()]
    nested = structs(fields(depth - 1))
    elements.append(st.tuples(st.just(STRUCT), st.lists(nested, max_size=3)))
    entries = st.lists(st.tuples(_SIMPLE[BINARY], nested), min_size=1, max_size=3)
    return st.one_of(
        truth,
        *simple,
        *(st.tuples(st.just(LIST), of) for of in elements),
        *(st.tuples(st.just(SET), of) for of in elements),
        st.tuples(st.just(STRUCT), nested),
        entries.map(lambda held: (MAP, (BINARY, STRUCT, held))),
        st.just((MAP, (0, 0, []))),
    )


@settings(max_examples=80, deadline=None)
@given(structs(fields(2)))
def test_any_struct_survives(struct):
    assert read_struct(write_struct(struct)) == struct


def footer(path) -> bytes:
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    return content[-8 - length : -8]


def test_footers_of_two_writers_are_written_back_as_the_same_bytes(tmp_path):
    duckdb.execute(
        f"copy (select i, map([i], [i::varchar]) as tags, [i] as list, i::decimal(38, 18) as cost, i % 2 = 0 as even"
        f" from range(5000) as numbers (i)) to '{tmp_path / 'duckdb'}' (format parquet, row_group_size 2048)"
    ).fetchall()
    table = pa.table({"a": [1, None, 3], "b": ["x", "y", None]})
    pq.write_table(table, tmp_path / "arrow", write_page_index=True, store_schema=True)
    for name in ("duckdb", "arrow"):
        before = footer(tmp_path / name)
        assert write_struct(read_struct(before)) == before


def test_what_was_cut_off_is_refused_and_never_read_beyond_its_end():
    whole = write_struct({1: (I64, 2**40), 2: (LIST, (BINARY, [b"abc", b"d"])), 3: (DOUBLE, b"12345678")})
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="cut off"):
            read_struct(whole[:length])


def test_a_type_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no type 14"):
        read_struct(bytes([0x1E, 0x00]))
