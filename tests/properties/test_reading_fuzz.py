"""Anything may come from outside: readers take it or refuse it by name, and no money is lost or doubled.

Manifests are read through a transport in memory, data files by the readers that landing uses.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract import aws_data_exports, aws_legacy_cur, azure_cost_exports
from finops_pipeline.extract.amounts import aws_components, gcp_components, raw_totals
from finops_pipeline.extract.declared import declared_columns
from finops_pipeline.extract.deliveries import Offer, Total
from finops_pipeline.extract.landed_types import settled
from finops_pipeline.extract.landing import address_values, copy_rows
from finops_pipeline.extract.reading import CSV, PARQUET, json_lines, relation
from finops_pipeline.extract.transport.named_keys import resolve_in_bucket, resolve_named_key
from finops_pipeline.extract.transport.protocol import Stat, content_etag

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def cases(count: int) -> settings:
    """So many cases, however busy the machine is."""
    return settings(max_examples=count, deadline=None, suppress_health_check=_SLOW_IS_FINE)


class Memory:
    """An export in memory: the transport without a disk."""

    def __init__(self, files: dict[str, bytes], folders: tuple[str, ...]):
        self.files, self.parents, self.opened = files, folders, []
        self.location, self.folder_name, self.readable = "memory", folders[-1], []

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[str]:
        start = f"{prefix}/" if prefix else ""
        found = (key for key in sorted(self.files) if key.startswith(start))
        yield from (key for key in found if recursive or "/" not in key[len(start) :])

    def folders(self, prefix: str = "") -> Iterator[str]:
        start = f"{prefix}/" if prefix else ""
        inside = (key[len(start) :] for key in self.files if key.startswith(start))
        yield from sorted({start + key.split("/")[0] for key in inside if "/" in key})

    def stat(self, key: str) -> Stat | None:
        content = self.files.get(key)
        return None if content is None else Stat(len(content), content_etag(content))

    def read_bytes(self, key: str) -> bytes:
        return self.files[key]

    def resolve(self, name: str) -> str:
        return resolve_named_key(name, self.parents)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
pieces = st.sampled_from(["..", ".", "", "/", "\\", "s3://", "https://", "\x00", "etc", "a b", "ä", "%2e%2e", " ", ":"])


def damaged(manifest: dict[str, Any], good_names: list[str]) -> st.SearchStrategy[bytes]:
    """A manifest with parts of it replaced by anything, names taken apart, or bytes cut off."""
    names = st.sampled_from(good_names)
    odd_names = st.builds(lambda good, piece, at: good[:at] + piece + good[at:], names, pieces, st.integers(0, 80))
    values = names | odd_names | anything | st.lists(names | odd_names | anything, max_size=4)
    changed = st.builds(
        lambda keys, replacements: _replaced(manifest, keys, replacements),
        st.lists(st.sampled_from(sorted(_paths(manifest))), max_size=3),
        st.lists(values, min_size=3, max_size=3),
    )
    texts = changed.map(lambda content: json.dumps(content).encode())
    return texts | st.builds(lambda text, end: text[:end], texts, st.integers(0, 400)) | st.binary(max_size=40)


def _paths(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield tuple(str(part) for part in at)
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _paths(inner, (*at, key))


def _replaced(manifest: Any, paths: list[tuple[str, ...]], replacements: list[Any]) -> Any:
    copy = json.loads(json.dumps(manifest))
    for path, replacement in zip(paths, replacements, strict=False):
        # An earlier replacement may have taken the place away, or made something else of it.
        with suppress(KeyError, IndexError, TypeError, ValueError):
            place = copy
            for part in path[:-1]:
                place = place[int(part)] if isinstance(place, list) else place[part]
            place[int(path[-1]) if isinstance(place, list) else path[-1]] = replacement
    return copy


CUR2_NAMES = [f"s3://bkt/pre/exp/data/BILLING_PERIOD=2026-10/exp-0000{part}.snappy.parquet" for part in (1, 2)]
CUR2 = {"executionId": "e", "dataFiles": CUR2_NAMES, "columns": [{"name": "a", "type": "string"}]}
CUR1_NAMES = [f"pre/exp/20261001-20261101/assembly/exp-{part}.csv.gz" for part in (1, 2)]
CUR1 = {
    "assemblyId": "assembly",
    "reportKeys": CUR1_NAMES,
    "compression": "GZIP",
    "bucket": "bkt",
    "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
}
AZURE_NAMES = [f"pre/exp/20261001-20261031/202610190400/run/part_{part}_0001.csv" for part in (1, 2)]
AZURE = {
    "manifestVersion": "2024-04-01",
    "byteCount": 2,
    "blobCount": 2,
    "dataRowCount": 2,
    "exportConfig": {"exportName": "exp", "type": "ActualCost"},
    "deliveryConfig": {"fileFormat": "Csv", "partitionData": True},
    "runInfo": {
        "runId": "run",
        "submittedTime": "2026-10-19T04:00:00.1234567Z",
        "startDate": "2026-10-01T00:00:00",
        "endDate": "2026-10-31T00:00:00Z",
    },
    "blobs": [{"blobName": name, "byteCount": 1, "dataRowCount": 1} for name in AZURE_NAMES],
}
READERS = {
    "cur2": ("metadata/BILLING_PERIOD=2026-10/exp-Manifest.json", aws_data_exports.list_offers, "aws"),
    "cur1": ("20261001-20261101/exp-Manifest.json", aws_legacy_cur.list_offers, "aws"),
    "azure": ("20261001-20261031/202610190400/run/manifest.json", azure_cost_exports.list_offers, "azure"),
}


def offers(reader: str, content: bytes) -> list[Offer | DeliveryError]:
    key, list_offers, provider = READERS[reader]
    dataset = "cost_details" if provider == "azure" else reader
    source = Source(name="payer", provider=provider, dataset=dataset, uri="file:///x")  # pyright: ignore[reportArgumentType]
    memory = Memory({key: content}, ("bkt", "pre", "exp"))
    return list(list_offers(memory, source))  # pyright: ignore[reportArgumentType]


def require_plain(found: list[Offer | DeliveryError]) -> None:
    for offer in found:
        assert isinstance(offer, Offer | DeliveryError)
        for file in offer.files if isinstance(offer, Offer) else ():
            segments = file.key.split("/")
            assert not {"", ".", ".."} & set(segments)
            assert "\\" not in file.key
            assert "://" not in file.key
        if isinstance(offer, Offer):
            # The same file twice would count its money twice.
            assert len({file.key for file in offer.files}) == len(offer.files)


@pytest.mark.parametrize("reader", READERS)
def test_an_undamaged_manifest_is_taken(reader: str):
    manifest = {"cur2": CUR2, "cur1": CUR1, "azure": AZURE}[reader]
    [offer] = offers(reader, json.dumps(manifest).encode())
    assert isinstance(offer, Offer), offer
    assert len(offer.files) == 2


@cases(350)
@given(damaged(CUR2, CUR2_NAMES))
def test_any_manifest_of_a_data_export_is_taken_or_refused_by_name(content: bytes):
    require_plain(offers("cur2", content))


@cases(350)
@given(damaged(CUR1, CUR1_NAMES))
def test_any_manifest_of_a_legacy_report_is_taken_or_refused_by_name(content: bytes):
    require_plain(offers("cur1", content))


@cases(350)
@given(damaged(AZURE, AZURE_NAMES))
def test_any_manifest_of_an_azure_run_is_taken_or_refused_by_name(content: bytes):
    require_plain(offers("azure", content))


@cases(900)
@given(st.lists(pieces | st.sampled_from(["bkt", "pre", "exp", "data", "x.csv"]), max_size=8), st.booleans())
def test_any_name_leads_below_the_exports_folder_or_is_refused(parts: list[str], joined: bool):
    name = ("/" if joined else "").join(parts)
    for resolve in (
        lambda: resolve_named_key(name, ("bkt", "pre", "exp")),
        lambda: resolve_in_bucket(name, "s3", ("bkt", "pre", "exp")),
    ):
        try:
            key = resolve()
        except DeliveryError:
            continue
        assert not {"", ".", ".."} & set(key.split("/"))
        assert (Path("/b/p/e") / key).resolve().is_relative_to("/b/p/e")


def written(amount: Decimal, form: int) -> str:
    """One number in the notations that exports use."""
    plain = f"{amount:f}"
    return [plain, f"{amount:E}", f"{amount:e}", plain + ("0" if "." in plain else ".0"), f" {plain} "][form % 5]


amounts = st.builds(
    lambda digits, scale: Decimal(f"{digits}E-{scale}"), st.integers(-(10**30), 10**30), st.integers(12, 37)
) | st.integers(-(10**9), 10**9).map(Decimal)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
lines = st.lists(st.tuples(amounts, st.integers(0, 4), texts, texts), max_size=12)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as made:
        made.execute("set TimeZone = 'UTC'")
        yield made


def landed_totals(connection: duckdb.DuckDBPyConnection, path: Path, table: str) -> tuple[int, tuple[Total, ...]]:
    """As landing does it: read, settle types, copy, sum."""
    formats = (PARQUET, CSV, json_lines("gcp_detailed"))
    found = settled(relation(connection, path, path.name, formats), declared_columns(table))
    part = path.with_name("part.parquet")
    count = copy_rows(connection, found, address_values("s", "2026-10", "d", path.name), part)
    components = gcp_components if table.startswith("gcp") else aws_components
    return count, raw_totals(connection, [part], components, False)


def exactly(totals: tuple[Total, ...], basis: str = "billed") -> Decimal:
    with localcontext(prec=100):
        return sum((total.exact for total in totals if total.cost_basis == basis), Decimal(0))


def csv_content(rows: list[tuple[Decimal, int, str, str]], bom: bool) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(
        ["lineItem/LineItemType", "lineItem/CurrencyCode", "lineItem/UnblendedCost", "a", "resourceTags/user:x"]
    )
    writer.writerows(["Usage", "USD", written(amount, form), first, second] for amount, form, first, second in rows)
    return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()


@cases(120)
@given(rows=lines, bom=st.booleans(), zipped=st.booleans())
def test_any_csv_is_landed_with_every_row_and_every_digit(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[Any], bom: bool, zipped: bool
):
    path = tmp_path / ("a.csv.gz" if zipped else "a.csv")
    content = csv_content(rows, bom)
    path.write_bytes(gzip.compress(content, mtime=0) if zipped else content)

    count, totals = landed_totals(connection, path, "aws_cur1")

    with localcontext(prec=100):
        assert (count, exactly(totals)) == (len(rows), sum((row[0] for row in rows), Decimal(0)))


@cases(100)
@given(rows=lines.filter(bool), at=st.floats(0, 1), damage=st.sampled_from(["cut", "flip", "garbage"]), data=st.data())
def test_a_damaged_gzip_never_lands_less_or_more_than_was_written(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[Any], at: float, damage: str, data: st.DataObject
):
    whole = gzip.compress(csv_content(rows, False), mtime=0)
    place = min(int(at * len(whole)), len(whole) - 1)
    content = {
        "cut": whole[:place],
        "flip": whole[:place] + bytes([whole[place] ^ 1 << data.draw(st.integers(0, 7))]) + whole[place + 1 :],
        "garbage": whole + data.draw(st.binary(min_size=1, max_size=20)),
    }[damage]
    (tmp_path / "a.csv.gz").write_bytes(content)
    try:
        count, totals = landed_totals(connection, tmp_path / "a.csv.gz", "aws_cur1")
    except DeliveryError:
        return
    # Bits that carry nothing (the time in the header) may change; the money may not.
    with localcontext(prec=100):
        assert (count, exactly(totals)) == (len(rows), sum((row[0] for row in rows), Decimal(0)))


@cases(100)
@given(content=st.binary(max_size=300) | st.text('ab",\n\r\\\ufeff1e', max_size=120).map(str.encode))
def test_any_bytes_as_csv_are_read_or_refused_by_name(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes
):
    (tmp_path / "a.csv").write_bytes(content)
    with suppress(DeliveryError):
        landed_totals(connection, tmp_path / "a.csv", "aws_cur1")


hostile_texts = texts | st.sampled_from(
    ['"cost": 5', '\\"cost\\": 5', '{"amount": -1e9}', "': 7", "null", '"a":1,"b":2']
)


@cases(80)
@given(
    st.lists(st.tuples(amounts, st.lists(amounts, max_size=3), hostile_texts, hostile_texts), min_size=1, max_size=8)
)
def test_any_json_line_is_landed_with_every_digit(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[Any]
):
    """Numbers stand in the text as the table's dump writes them; the tags and names around them are anything."""

    def line(amount: Decimal, credits: list[Decimal], first: str, second: str) -> str:
        given = ", ".join(f'{{"name": {json.dumps(first)}, "amount": {credit:E}}}' for credit in credits)
        labels = json.dumps([{"key": second, "value": first}])
        return (
            f'{{"currency": "USD", "cost": {amount:E}, "credits": [{given}], "labels": {labels},'
            f' "invoice": {{"month": "202610"}}, "unknown": {json.dumps(second)}}}\n'
        )

    (tmp_path / "a.jsonl").write_text("".join(line(*row) for row in rows), encoding="utf-8")

    count, totals = landed_totals(connection, tmp_path / "a.jsonl", "gcp_detailed")

    with localcontext(prec=100):
        expected = sum((amount + sum(credits, Decimal(0)) for amount, credits, *_ in rows), Decimal(0))
    assert (count, exactly(totals)) == (len(rows), expected)
