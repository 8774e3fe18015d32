"""Usage feeds: mirrored files, typed columns, and one bad value refusing its file with file, row, column and value."""

import os
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_writers import Company, write_csv

from finops_pipeline.config import UsageFeed
from finops_pipeline.extract.ledger import read_deliveries
from finops_pipeline.extract.refresh import USAGE_TABLES
from finops_pipeline.extract.usage_files import matching_files
from finops_pipeline.extract.usage_kinds import CONSUMER_COLUMNS, DUCKDB_TYPES, USAGE_KINDS

SAMPLES = {
    "instant": "2026-10-01T00:00:00Z",
    "date": "2026-10-01",
    "quantity": "1.5",
    "number": "-1.5",
    "text": "x",
}
STORED = {"usage_date": "2026-10-01", "bucket": "b", "byte_hours": "1e15"}
PODS = {
    "usage_start": "2026-10-01T00:00:00Z",
    "usage_end": "2026-10-01T01:00:00Z",
    "cluster": "train",
    "workload": "tune",
    "gpu_hours_requested": "0.5",
}


@pytest.fixture
def folder(company: Company) -> Path:
    folder = company.folder / "usage"
    folder.mkdir()
    return folder


@pytest.fixture
def stored(company: Company, folder: Path) -> Path:
    company.add_feed("storage_bytes", f"{folder}/*.csv", name="buckets")
    return folder


@pytest.fixture
def pods(company: Company, folder: Path) -> Path:
    company.add_feed("gpu_hours", f"{folder}/*", name="pods")
    return folder


def test_the_twelve_kinds_have_the_types_landing_knows():
    assert len(USAGE_TABLES) == 12
    assert {column.type for columns in USAGE_KINDS.values() for column in columns} == set(DUCKDB_TYPES)
    for columns in USAGE_KINDS.values():
        names = [column.name for column in columns]
        assert len(names) == len(set(names))
        assert set(CONSUMER_COLUMNS) <= set(names)


@pytest.mark.parametrize("kind", USAGE_TABLES)
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_file_of_every_kind_is_landed_typed_with_every_column(company: Company, folder: Path, kind: str, ending: str):
    company.add_feed(kind, f"{folder}/*")
    row = {column.name: SAMPLES[column.type] for column in USAGE_KINDS[kind]} | {"unknown": "kept"}
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), folder / "a.parquet")
    else:
        write_csv(folder / f"a.{ending}", [row])

    result = company.refresh(kind)

    assert not result.failures
    [landed] = company.landed(result)
    values = {
        "instant": datetime(2026, 10, 1),
        "date": date(2026, 10, 1),
        "quantity": Decimal("1.5"),
        "number": Decimal("-1.5"),
        "text": "x",
    }
    assert landed == {column.name: values[column.type] for column in USAGE_KINDS[kind]} | {
        "unknown": "kept",
        "x_source_name": "feed",
        "x_billing_period": None,
        "x_delivery_id": result.live[0].delivery_id,
        "x_file": f"a.{ending}",
        "x_row": 1,
    }
    declared = pq.read_schema(company.landing / kind / "_declared_columns.parquet")
    part = pq.read_schema(company.landing / result.live[0].files[0].landed)
    assert all(part.field(name).type == declared.field(name).type for name in declared.names)


def test_what_is_missing_is_null(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED | {"team": ""}])

    [row] = company.landed(company.refresh("storage_bytes"))

    assert {row[name] for name in CONSUMER_COLUMNS} == {None}
    assert row["byte_hours"] == Decimal(10) ** 15


def test_column_names_are_matched_in_any_case(company: Company, stored: Path):
    write_csv(stored / "a.csv", [{"Usage_Date": "2026-10-01", "BUCKET": "b", "byte_hours": "1", "Team": "t"}])

    [row] = company.landed(company.refresh("storage_bytes"))

    assert (row["usage_date"], row["bucket"], row["team"]) == (date(2026, 10, 1), "b", "t")


def test_no_unknown_column_takes_the_place_of_a_known_one(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED | {"t_bucket": "other", "t_byte_hours": "x", "bucket_1": "y"}])

    [row] = company.landed(company.refresh("storage_bytes"))

    assert (row["bucket"], row["t_bucket"], row["byte_hours"]) == ("b", "other", Decimal(10) ** 15)


def test_a_second_refresh_opens_no_file_and_a_touched_file_is_not_landed_again(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED])
    company.refresh("storage_bytes")
    again = company.refresh("storage_bytes")
    assert (again.opened, again.landed, len(again.unchanged)) == ([], [], 1)

    os.utime(stored / "a.csv", ns=(1, 1))
    touched, after = company.refresh("storage_bytes"), company.refresh("storage_bytes")

    assert (touched.landed, len(touched.opened)) == ([], 1)
    assert after.opened == []


def test_files_are_mirrored_new_changed_and_vanished(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED])
    write_csv(stored / "b.csv", [STORED, STORED])
    first = company.refresh("storage_bytes")
    write_csv(stored / "b.csv", [STORED | {"bucket": "other"}])
    write_csv(stored / "c.csv", [STORED])
    (stored / "a.csv").unlink()

    second = company.refresh("storage_bytes")

    assert (first.rows, second.rows) == (3, 2)
    assert sorted(row["x_file"] for row in company.landed(second)) == ["b.csv", "c.csv"]
    assert [delivery.variant for delivery in second.removed] == ["a.csv"]
    assert second.gone == ["buckets: 1 rows do not count any more, of a.csv"]
    statuses = sorted((delivery.variant, delivery.status) for delivery in read_deliveries(company.landing))
    assert statuses == [("a.csv", "removed"), ("b.csv", "live"), ("b.csv", "superseded"), ("c.csv", "live")]

    write_csv(stored / "a.csv", [STORED])
    assert company.refresh("storage_bytes").rows == 3


def test_a_feed_without_files_is_not_delivered_yet_and_a_feed_without_folder_is_a_failure(
    company: Company, stored: Path
):
    result = company.refresh("storage_bytes")
    assert (result.not_delivered, result.failures) == (
        [f"buckets: not delivered yet; no file matches {stored}/*.csv"],
        [],
    )

    stored.rmdir()
    [failure] = company.refresh("storage_bytes").failures
    assert str(failure).startswith(f"usage feed buckets: the folder {stored} does not exist")


def test_a_folder_that_held_files_and_is_empty_is_a_failure_and_the_rows_stay(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED])
    company.refresh("storage_bytes")
    (stored / "a.csv").unlink()

    result = company.refresh("storage_bytes")

    assert str(result.failures[0]).startswith(
        f"usage feed buckets: {stored} held files of this feed and is empty. A mounted"
    )
    assert result.rows == 1

    write_csv(stored / "b.csv", [STORED, STORED])
    assert company.refresh("storage_bytes").rows == 2


def test_a_file_that_two_feeds_of_a_kind_read_is_told_until_one_of_them_leaves_it_out(company: Company, stored: Path):
    company.add_feed("storage_bytes", f"{stored}/2026-*.csv", name="again")
    write_csv(stored / "2026-10.csv", [STORED])
    write_csv(stored / "2026-11.csv", [STORED])
    write_csv(stored / "a.csv", [STORED])

    [failure] = company.refresh("storage_bytes").failures

    assert str(failure) == (
        f"usage feeds again and buckets both read {stored}/2026-10.csv and 1 file more; its rows would count twice."
        " Narrow one of the patterns in finops.yaml, or leave one feed out."
    )

    del company.feeds[1]
    result = company.refresh("storage_bytes")
    assert (result.failures, result.rows) == ([], 3)


def test_a_copy_beside_a_file_is_told_until_it_is_gone_and_a_renamed_file_is_none(company: Company, stored: Path):
    rows = [STORED | {"bucket": f"bucket-{number}"} for number in range(10)]
    write_csv(stored / "2026-10.csv", rows)
    company.refresh("storage_bytes")
    copy = write_csv(stored / "2026-10 (1).csv", rows)

    [failure] = company.refresh("storage_bytes").failures

    assert "2026-10.csv and " in str(failure)
    assert "2026-10 (1).csv have the same 10 rows; they would count twice. Remove the copy" in str(failure)

    (stored / "2026-10.csv").unlink()
    result = company.refresh("storage_bytes")
    assert (result.failures, [delivery.manifest for delivery in result.live]) == ([], [str(copy)])


def test_a_file_that_was_compressed_beside_itself_is_told(company: Company, pods: Path):
    write_csv(pods / "a.csv", [PODS])
    write_csv(pods / "a.csv.gz", [PODS])
    write_csv(pods / "b.csv", [PODS])

    [failure] = company.refresh("gpu_hours").failures

    assert f"{pods}/a.csv and {pods}/a.csv.gz have the same 1 rows; they would count twice" in str(failure)


def test_landed_rows_that_somebody_removed_are_landed_anew(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED])
    [before] = company.refresh("storage_bytes").live
    (company.landing / before.files[0].landed).unlink()

    result = company.refresh("storage_bytes")

    assert (result.failures, len(company.landed(result))) == ([], 1)


def test_two_kinds_may_read_one_file(company: Company, folder: Path):
    write_csv(folder / "a.csv", [{"usage_date": "2026-10-01", "service": "s", "quantity": "1"}] * 10)
    company.add_feed("jobs", f"{folder}/*.csv", name="jobs")
    company.add_feed("api_calls", f"{folder}/*.csv", name="calls")

    assert [company.refresh(kind).failures for kind in ("jobs", "api_calls")] == [[], []]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-10-01T00:00:00Z", datetime(2026, 10, 1)),
        ("2026-10-01T02:00:00+02:00", datetime(2026, 10, 1)),
        ("2026-09-30T19:30:00-0430", datetime(2026, 10, 1)),
        ("2026-10-01T00:00:00", datetime(2026, 10, 1)),
        ("2026-10-01 00:00", datetime(2026, 10, 1)),
        ("2026-10-01", datetime(2026, 10, 1)),
        ("2026-10-01T00:00:00.123456Z", datetime(2026, 10, 1, 0, 0, 0, 123456)),
        (" 2026-10-01T00:00:00Z ", datetime(2026, 10, 1)),
    ],
)
def test_instants_are_iso_8601_and_without_offset_they_are_utc(
    company: Company, pods: Path, text: str, instant: datetime
):
    write_csv(pods / "a.csv", [PODS | {"usage_start": text}])

    [row] = company.landed(company.refresh("gpu_hours"))

    assert row["usage_start"] == instant


def test_instants_and_numbers_of_parquet_come_in_their_own_types(company: Company, pods: Path):
    zone = timezone(timedelta(hours=2))
    row = PODS | {
        "usage_start": datetime(2026, 10, 1, 2, tzinfo=zone),
        "usage_end": datetime(2026, 10, 1, 3, tzinfo=zone),
        "gpu_hours_requested": 0.1,
        "gpu_hours_used": 3,
    }
    pq.write_table(pa.Table.from_pylist([row]), pods / "a.parquet")

    [landed] = company.landed(company.refresh("gpu_hours"))

    assert (landed["usage_start"], landed["usage_end"]) == (datetime(2026, 10, 1), datetime(2026, 10, 1, 1))
    assert (landed["gpu_hours_requested"], landed["gpu_hours_used"]) == (Decimal("0.1"), Decimal(3))


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("usage_start", "01.10.2026", "'01.10.2026'; expected an ISO 8601 instant such as 2026-10-01T00:00:00Z"),
        ("usage_start", "2026-10-01T25:00:00Z", "expected an ISO 8601 instant"),
        ("usage_start", "2026-02-30T00:00:00Z", "expected an ISO 8601 instant"),
        ("usage_start", "1790812800", "expected an ISO 8601 instant"),
        ("usage_start", "", "is empty; expected an ISO 8601 instant"),
        ("usage_end", "2026-09-30T23:59:59Z", "expected an instant not before usage_start"),
        ("usage_end", "9999-12-31T00:00:00Z", "expected an instant within ten years of usage_start"),
        ("gpu_hours_requested", "-0.5", "is '-0.5'; expected a number that is not negative"),
        ("gpu_hours_requested", "1e20", "is '1e20'; expected a number that is not negative, below 10^20"),
        ("gpu_hours_requested", "half", "is 'half'; expected a number that is not negative"),
        ("gpu_hours_requested", "1_000", "expected a number that is not negative"),
        ("gpu_hours_requested", "nan", "expected a number that is not negative"),
        ("gpu_hours_requested", "", "is empty; expected a number that is not negative"),
        ("gpu_hours_used", "-1", "is '-1'; expected a number that is not negative"),
        ("gpu_hours_used", "x", "is 'x'; expected a number that is not negative"),
        ("cluster", " ", "is empty; expected a value"),
    ],
)
def test_a_bad_value_refuses_the_file_with_file_row_column_and_value_and_what_it_held_stays(
    company: Company, pods: Path, column: str, value: str, expected: str
):
    good = PODS | {"gpu_hours_used": "0.25"}
    path = write_csv(pods / "2026-10-01.csv", [good])
    write_csv(pods / "2026-10-02.csv", [good, good])
    company.refresh("gpu_hours")
    write_csv(path, [good, good, good | {column: value}, good | {"usage_start": "later and not told"}])

    result = company.refresh("gpu_hours")

    [failure] = result.failures
    assert f"usage feed pods: {path}: row 3: column {column} is" in str(failure)
    assert expected in str(failure)
    assert failure.exit_code == 1
    assert sorted(row["x_file"] for row in company.landed(result)) == ["2026-10-01.csv", *["2026-10-02.csv"] * 2]


def test_tokens_read_from_a_cache_are_among_the_input_tokens(company: Company, folder: Path):
    company.add_feed("tokens", f"{folder}/*.csv")
    day = {"usage_start": "2026-10-01T00:00:00Z", "usage_end": "2026-10-02T00:00:00Z", "model_name": "m"}
    tokens = [("100", ""), ("100", "100"), ("100", "900")]
    write_csv(
        folder / "a.csv", [day | {"input_tokens": read, "cached_input_tokens": cached} for read, cached in tokens]
    )

    [failure] = company.refresh("tokens").failures

    assert "row 3: column cached_input_tokens is '900'; expected at most input_tokens" in str(failure)
    assert "add both where a provider counts them apart" in str(failure)


def test_a_run_in_progress_has_no_end_yet_and_may_have_a_negative_quality(company: Company, folder: Path):
    company.add_feed("training_runs", f"{folder}/*.csv")
    run = {"run_id": "r", "started_at": "2026-10-01T00:00:00Z", "ended_at": "", "model_name": "m", "status": "running"}
    write_csv(folder / "a.csv", [run | {"quality_value": "-0.7"}])

    [row] = company.landed(company.refresh("training_runs"))

    assert (row["ended_at"], row["quality_value"]) == (None, Decimal("-0.7"))


def test_missing_required_columns_are_told_with_those_the_kind_requires(company: Company, stored: Path):
    write_csv(stored / "a.csv", [{"usage_date": "2026-10-01", "team": "x"}])

    [failure] = company.refresh("storage_bytes").failures

    assert str(failure) == (
        f"usage feed buckets: {stored}/a.csv: has no column bucket, byte_hours;"
        " storage_bytes requires usage_date, bucket, byte_hours"
    )


def test_every_refused_file_is_told_and_the_good_ones_are_landed(company: Company, stored: Path):
    write_csv(stored / "a.csv", [STORED | {"byte_hours": "-1"}])
    write_csv(stored / "b.csv", [STORED | {"usage_date": "x"}])
    write_csv(stored / "c.csv", [STORED])

    result = company.refresh("storage_bytes")

    [failure] = result.failures
    assert "a.csv: row 1" in str(failure)
    assert "b.csv: row 1" in str(failure)
    assert result.rows == 1


@pytest.mark.parametrize(("name", "why"), [("a.json", "not read yet"), ("a.csv.gz", "cannot be read")])
def test_a_file_that_is_no_csv_or_parquet_is_refused(company: Company, pods: Path, name: str, why: str):
    (pods / name).write_text("{}")

    [failure] = company.refresh("gpu_hours").failures

    assert name in str(failure)
    assert why in str(failure)


def test_a_header_without_rows_is_landed_empty(company: Company, stored: Path):
    write_csv(stored / "a.csv", [], list(STORED))

    result = company.refresh("storage_bytes")

    assert (result.rows, len(result.live), result.failures) == (0, 1, [])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", ["a.csv"]),
        ("**/*.csv", ["2026/b.csv", "2026/x/c.csv", "a.csv"]),
        ("20*/*.csv", ["2026/b.csv"]),
        ("2026/b.csv", ["2026/b.csv"]),
        ("[ab].csv", ["a.csv"]),
        ("[!b].csv", ["a.csv"]),
        ("?.parquet", ["d.parquet"]),
        ("*", ["a.csv", "d.parquet"]),
        ("a+csv", []),
        ("_tmp.csv", ["_tmp.csv"]),
        ("*/_temporary/b.csv", ["2026/_temporary/b.csv"]),
    ],
)
def test_the_pattern_of_a_feed_is_a_glob(folder: Path, pattern: str, expected: list[str]):
    shown = ("a.csv", "2026/b.csv", "2026/x/c.csv", "d.parquet")
    marks = (".hidden.csv", "_tmp.csv", ".snapshot/daily/a.csv", "2026/_temporary/b.csv", ".ipynb_checkpoints/a.csv")
    for name in (*shown, *marks):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    feed = UsageFeed(name="f", kind="jobs", uri=f"file://{folder}/{pattern}")

    transport, names = matching_files(feed, folder)

    found = [Path(transport.location, name).relative_to(folder).as_posix() for name in names]
    assert found == expected


def test_a_folder_instead_of_files_is_refused_with_the_pattern_to_write(company: Company, folder: Path):
    company.add_feed("jobs", str(folder))

    [failure] = company.refresh("jobs").failures

    assert f"{folder} is a folder; name its files, such as {folder}/*.csv" in str(failure)


def test_files_with_names_that_are_no_path_are_landed_apart(company: Company, stored: Path):
    write_csv(stored / "a b.csv", [STORED])
    write_csv(stored / "a?b.csv", [STORED])
    write_csv(stored / ("x" * 200 + ".csv"), [STORED])

    result = company.refresh("storage_bytes")

    assert result.rows == 3
    assert len({Path(delivery.files[0].landed).parent.parent for delivery in result.live}) == 3
