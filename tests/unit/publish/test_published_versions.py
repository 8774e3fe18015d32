"""What readers get: whole versions behind one link, in a format older engines read, the same bytes every time."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.checks.results import record_results, results_of
from finops_pipeline.focus import COMPATIBILITY_COLUMNS, COST_AND_USAGE, DUCKDB_TYPES
from finops_pipeline.publish.database import write_database
from finops_pipeline.publish.marts import totals_by_currency, write_manifest, write_tables
from finops_pipeline.publish.tables import MartTable
from finops_pipeline.publish.versions import (
    displace_oldest,
    finish_version,
    published_manifest,
    remove_old_versions,
    start_version,
    version_name,
)

OTHER_COLUMNS = ", ".join(
    f'cast(null as {DUCKDB_TYPES[column.type]}) as "{column.name}"'
    for column in (*COST_AND_USAGE, *COMPATIBILITY_COLUMNS)
    if column.name not in ("ChargePeriodStart", "Tags")
)
NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
MARTS = [
    MartTable("fct_cost_allocations", '"warehouse"."main"."fct_cost_allocations"', ("allocation_id",)),
    MartTable("focus_cost_and_usage", '"warehouse"."main"."focus_cost_and_usage"', ("x_SourceName", "x_ChargeId")),
]


def write_warehouse(path: Path, order: str) -> Path:
    """A warehouse with the same rows, laid down in a given order: what several dbt threads may leave behind."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            create table fct_cost_allocations as
            select md5(i::varchar) as allocation_id, 'EUR' as billing_currency, date '2026-10-01' as charge_date,
                cast('0.123456789012345678' as decimal(38, 18)) as allocated_billed_cost,
                cast(i as decimal(38, 18)) as allocated_effective_cost,
                case when i % 3 = 0 then null else 'team ' || i % 7 end as team
            from range(300000) as numbers (i)
            order by {order}
            """
        )
        connection.execute(
            f"""
            create view focus_cost_and_usage as
            select 'aws' as "x_SourceName", i::varchar as "x_ChargeId", map(['team'], ['a']) as "x_Tags",
                timestamp '2026-10-01 00:00:00' as "ChargePeriodStart", '{{"team": "a"}}' as "Tags", {OTHER_COLUMNS}
            from (select * from range(1000) as numbers (i) order by {order})
            """
        )
    return path


def build_version(folder: Path, warehouse: Path, run_id: str = "a1b2c3d4-0000", threads: int | None = None) -> Path:
    building = start_version(folder / "marts", version_name(NOW, run_id))
    tables = write_tables(building, warehouse, MARTS, folder / "check_results", folder / "parts", threads=threads)
    database = write_database(building, tables)
    write_manifest(building, database, tables, {"run_id": run_id, "totals": totals_by_currency(building)})
    return building


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    return write_warehouse(tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb", "i")


@pytest.fixture
def published(tmp_path, warehouse):
    return finish_version(tmp_path / "marts", build_version(tmp_path, warehouse))


def test_same_rows_give_the_same_bytes_whatever_the_threads_and_the_order_they_were_built_in(tmp_path, warehouse):
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    other = write_warehouse(shuffled / "warehouse.duckdb", "hash(i)")
    digests = set()
    for number, (source, threads) in enumerate([(warehouse, 1), (warehouse, 4), (other, 2)]):
        building = build_version(tmp_path / str(number), source, threads=threads)
        digests.add((building / "fct_cost_allocations.parquet").read_bytes())
    assert len(digests) == 1


def test_rows_stand_in_the_order_of_the_key(published):
    table = f"read_parquet('{published}/fct_cost_allocations.parquet')"
    ids = [row[0] for row in duckdb.sql(f"select allocation_id from {table}").fetchall()]
    assert ids == sorted(ids)


def test_database_holds_the_same_rows_as_the_parquet_files_with_exact_types(published):
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as marts:
        tables = {row[0] for row in marts.execute("select table_name from duckdb_tables()").fetchall()}
        assert tables == {"fct_cost_allocations", "focus_cost_and_usage", "fct_check_results"}
        for table in tables:
            left = f"select * from {table}"
            right = f"select * from read_parquet('{published}/{table}.parquet')"
            assert marts.execute(f"({left} except all {right}) union all ({right} except all {left})").fetchall() == []
        money = marts.execute("select typeof(any_value(allocated_billed_cost)) from fct_cost_allocations").fetchone()
        assert money == ("DECIMAL(38,18)",)


def test_database_is_written_in_the_oldest_stable_format_and_names_no_file(published):
    content = (published / "marts.duckdb").read_bytes()
    # DuckDB's main header: checksum (8 bytes), magic, then the storage version number; 64 is that of v1.0.0.
    assert content[8:12] == b"DUCK"
    assert int.from_bytes(content[12:20], "little") == 64
    assert b".parquet" not in content
    assert os.fspath(published.parent.parent).encode() not in content


def test_queries_of_older_focus_versions_find_their_table_under_any_name_of_the_file(published):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published / 'marts.duckdb'}' as bill (read_only)")
        connection.execute("use bill")
        described = connection.execute("describe focus_data_table").fetchall()
        types = {name: type_ for name, type_, *_ in described}
        [(count, team)] = connection.execute(
            "select count(*), any_value(Tags['team']) from focus_data_table"
        ).fetchall()
        [(definition,)] = connection.execute(
            "select sql from duckdb_views() where view_name = 'focus_data_table'"
        ).fetchall()
    assert (count, team) == (1000, "a")
    assert types["Tags"] == "MAP(VARCHAR, VARCHAR)"
    assert {"ProviderName", "PublisherName", "InvoiceId", "BilledCost"} <= set(types)
    assert not {"InvoiceDetailId", "ServiceProviderName", "AllocatedMethodId", "x_ChargeId"} & set(types)
    assert "/" not in definition


def test_manifest_tells_rows_totals_and_checksums_of_every_file(published):
    manifest = json.loads((published / "manifest.json").read_text())
    assert manifest["tables"]["fct_cost_allocations"]["rows"] == 300_000
    assert manifest["totals"] == [
        {
            "billing_currency": "EUR",
            "billed_cost": "37037.036703703703400000",
            "effective_cost": "44999850000.000000000000000000",
        }
    ]
    files = {path.name for path in published.iterdir()} - {"manifest.json"}
    assert set(manifest["sha256"]) == files
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((published / name).read_bytes()).hexdigest() == digest


def test_link_moves_in_one_step_and_the_version_before_stays_whole(tmp_path, warehouse):
    first = finish_version(tmp_path / "marts", build_version(tmp_path, warehouse, "first000"))
    building = build_version(tmp_path, warehouse, "second00")
    assert published_manifest(tmp_path / "marts")["run_id"] == "first000"
    second = finish_version(tmp_path / "marts", building)
    assert published_manifest(tmp_path / "marts")["run_id"] == "second00"
    assert os.readlink(tmp_path / "marts" / "current") == second.name
    assert (first / "marts.duckdb").exists()


def test_reader_of_the_version_before_is_not_disturbed(tmp_path, warehouse):
    finish_version(tmp_path / "marts", build_version(tmp_path, warehouse, "first000"))
    with duckdb.connect(str(tmp_path / "marts" / "current" / "marts.duckdb"), read_only=True) as reader:
        finish_version(tmp_path / "marts", build_version(tmp_path, warehouse, "second00"))
        assert reader.execute("select count(*) from fct_cost_allocations").fetchone() == (300_000,)


def test_version_that_was_never_finished_is_invisible_and_cleared_by_the_next(tmp_path, warehouse):
    abandoned = build_version(tmp_path, warehouse, "dead0000")
    assert published_manifest(tmp_path / "marts") is None
    start_version(tmp_path / "marts", version_name(NOW, "next0000"))
    assert not abandoned.exists()


def test_newest_five_versions_are_kept(tmp_path):
    marts = tmp_path / "marts"
    names = []
    for number in range(7):
        building = start_version(marts, version_name(NOW.replace(day=number + 1), f"{number:08}"))
        (building / "manifest.json").write_text("{}")
        names.append(finish_version(marts, building).name)
        os.utime(marts / names[-1], ns=(number, number))
    assert remove_old_versions(marts) == names[:2]
    assert sorted(path.name for path in marts.glob("v*")) == names[2:]


def test_the_version_that_the_next_one_displaces_is_out_of_sight_and_cleared(tmp_path):
    marts = tmp_path / "marts"
    for number in range(5):
        assert displace_oldest(marts) is None
        building = start_version(marts, f"v{number}")
        (building / "manifest.json").write_text("{}")
        os.utime(finish_version(marts, building), ns=(number, number))
    displaced = displace_oldest(marts)
    assert displaced is not None
    assert (displaced / "manifest.json").exists()
    assert sorted(path.name for path in marts.glob("v*")) == ["v1", "v2", "v3", "v4"]
    start_version(marts, "v5")  # the run before has died
    assert not displaced.exists()


def test_removed_versions_are_told_by_name_the_displaced_one_too(tmp_path):
    marts = tmp_path / "marts"
    for number in range(4):
        finish_version(marts, start_version(marts, f"v{number}"))
        os.utime(marts / f"v{number}", ns=(number, number))
    assert displace_oldest(marts, keep=3) == marts / ".displaced-v1"
    assert remove_old_versions(marts, keep=2) == ["v0", "v1"]
    assert sorted(path.name for path in marts.iterdir()) == ["current", "v2", "v3"]


def test_current_version_is_kept_even_when_it_is_the_oldest(tmp_path):
    marts = tmp_path / "marts"
    for number in range(7):
        building = start_version(marts, version_name(NOW.replace(day=number + 1), f"{number:08}"))
        (building / "manifest.json").write_text("{}")
        version = finish_version(marts, building)
        os.utime(version, ns=(100 - number, 100 - number))
    remove_old_versions(marts, keep=2)
    assert (marts / "current" / "manifest.json").exists()
    assert len(list(marts.glob("v*"))) == 2


def test_history_of_checks_is_published_with_the_failed_runs(tmp_path, warehouse):
    outcome = CheckOutcome("seen", "wanted", "")
    for run_id in ("failed", "a1b2c3d4-0000"):
        record_results(
            tmp_path / "check_results",
            results_of(outcome, check_name="c", subject="s", severity="warn", run_id=run_id, checked_at=NOW),
        )
    version = finish_version(tmp_path / "marts", build_version(tmp_path, warehouse))
    rows = duckdb.sql(f"select run_id, passed from read_parquet('{version}/fct_check_results.parquet')").fetchall()
    assert rows == [("a1b2c3d4-0000", True), ("failed", True)]
