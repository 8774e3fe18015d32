"""Large marts are published by month: what is as it was is taken over, and nothing tells from one made anew."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from finops_pipeline.publish import database as database_module
from finops_pipeline.publish import months as months_module
from finops_pipeline.publish.bill_months import months_of_the_bill
from finops_pipeline.publish.database import write_database
from finops_pipeline.publish.marts import write_manifest, write_tables
from finops_pipeline.publish.tables import MartTable, PublishedTable
from finops_pipeline.publish.versions import displace_oldest, finish_version, remove_old_versions, start_version

LEDGER = MartTable("ledger", '"warehouse"."main"."ledger"', ("billing_period", "id"), month="billing_period")
DAYS = MartTable("days", '"warehouse"."main"."days"', ("charge_date", "id"), month="charge_date")
SMALL = MartTable("small", '"warehouse"."main"."small"', ("id",), month="billing_period")
MARTS = (LEDGER, DAYS, SMALL)


class Home:
    """A warehouse of three marts and what has been published of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        self.told: list[str] = []

    def build(self) -> "Home":
        """Write the warehouse."""
        self.folder.mkdir()
        self.change(
            """
            create table ledger as
            select case when i % 40 < 39 then '2026-' || lpad((1 + i % 10)::varchar, 2, '0') end as billing_period,
                md5(i::varchar) as id, (i / 7)::decimal(38, 18) as cost,
                map([case when i % 3 = 0 then 'team' else 'owner' end], [i::varchar]) as tags
            from range(40000) as rows (i)
            """,
            "create table days as select date '2026-01-01' + (i % 300)::integer as charge_date, i as id, cost"
            " from (select i, (i * 3)::decimal(38, 18) as cost from range(30000) as rows (i))",
            "create table small as select '2026-01' as billing_period, 1 as id",
        )
        return self

    def change(self, *statements: str) -> None:
        with duckdb.connect(str(self.warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)

    def publish(self, keep: int = 9, **options) -> Path:
        self.told = []
        marts = self.folder / "marts"
        newest = max((int(path.name[1:]) for path in marts.glob("v*")), default=0)
        building = start_version(marts, f"v{newest + 1}")
        tables = write_tables(
            building,
            self.warehouse,
            MARTS,
            self.folder / "checks",
            self.folder / "parts",
            tell=self.told.append,
            **options,
        )
        before = None if options.get("rebuild") else marts / "current"
        database = write_database(building, tables, before, displace_oldest(marts, keep), tell=self.told.append)
        write_manifest(building, database, tables, {})
        version = finish_version(marts, building)
        remove_old_versions(marts, keep)
        return version

    def written(self, mart: str = "ledger") -> list[str]:
        """The months of a mart that the last run wrote."""
        return [text.rpartition(" ")[2] for text in self.told if text.startswith(f"{mart}: writing")]

    def from_nothing(self, tmp_path: Path) -> dict[str, bytes]:
        """The Parquet files of a run that has nothing to take over."""
        building = tmp_path / "anew"
        building.mkdir(parents=True)
        write_tables(building, self.warehouse, MARTS, self.folder / "checks", tmp_path / "no-parts")
        return parquet_files(building)


def parquet_files(version: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in version.glob("*.parquet")}


def assert_database_holds_the_files(version: Path) -> None:
    with duckdb.connect(str(version / "marts.duckdb"), read_only=True) as marts:
        names = {name for (name,) in marts.execute("select table_name from duckdb_tables()").fetchall()}
        assert names == {path.stem for path in version.glob("*.parquet")}
        for name in names:
            of_file = f"select * from read_parquet('{version / name}.parquet')"
            either = f"(from {name} except all {of_file}) union all ({of_file} except all from {name})"
            assert marts.execute(either).fetchall() == []


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Home:
    """A home after its first run. Read only."""
    home = Home(tmp_path_factory.mktemp("first") / "home").build()
    home.publish()
    return home


@pytest.fixture
def published(first, tmp_path) -> Home:
    shutil.copytree(first.folder, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def test_a_first_run_writes_every_month_in_order_and_those_without_one_last(first, tmp_path):
    version = (first.folder / "marts" / "current").resolve()
    assert first.written() == [f"2026-{month:02}" for month in range(1, 10)] + ["2026-10", "month"]
    assert first.written("small") == []
    months = duckdb.execute(f"select billing_period from '{version}/ledger.parquet'").fetchall()
    assert [month for (month,) in months] == sorted((month for (month,) in months), key=lambda month: month or "z")
    assert_database_holds_the_files(version)
    assert parquet_files(version) == first.from_nothing(tmp_path)


CHANGES: dict[str, tuple[str, list[str], list[str]]] = {
    "nothing": ("select 1", [], []),
    "one row of a closed month": (
        "update ledger set cost = cost + 1 where id = (select min(id) from ledger where billing_period = '2026-03')",
        ["2026-03"],
        [],
    ),
    "a month is gone": ("delete from ledger where billing_period = '2026-05'", [], []),
    "a month is new": (
        "insert into ledger select '2026-11', id || 'n', cost, tags from ledger where billing_period = '2026-02'",
        ["2026-11"],
        [],
    ),
    "what has no month": ("update ledger set tags = map() where billing_period is null", ["month"], []),
    "a row moved to another month": (
        "update ledger set billing_period = '2026-09' where id = md5('7')",
        ["2026-08", "2026-09"],
        [],
    ),
    "two rows swapped their costs": (
        "update ledger set cost = case id when md5('0') then 10 / 7.0 else 0 end where id in (md5('0'), md5('10'))",
        ["2026-01"],
        [],
    ),
    "a day": ("update days set cost = 0 where charge_date = '2026-06-30'", [], ["2026-06"]),
    "the last day of a year": ("update days set charge_date = '2025-12-31' where id = 0", [], ["2025-12", "2026-01"]),
    "the small one": ("insert into small select '2026-02', 2", [], []),
    "a column": (
        "alter table ledger add column note varchar",
        [f"2026-{month:02}" for month in range(1, 10)] + ["2026-10", "month"],
        [],
    ),
}


@pytest.mark.parametrize(("change", "of_ledger", "of_days"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changed_is_written_and_the_bytes_are_those_of_a_run_from_nothing(
    published, tmp_path, change, of_ledger, of_days
):
    published.change(change)
    version = published.publish()
    assert published.written() == of_ledger
    assert published.written("days") == of_days
    assert parquet_files(version) == published.from_nothing(tmp_path)
    assert_database_holds_the_files(version)


def test_a_mart_that_becomes_short_is_written_whole_and_leaves_no_files_behind(published, tmp_path):
    published.change("delete from ledger where billing_period > '2026-02'")
    version = published.publish()
    assert [path.name for path in (published.folder / "parts" / "ledger").iterdir()] == ["months.json"]
    assert parquet_files(version) == published.from_nothing(tmp_path)
    assert_database_holds_the_files(version)


def test_rows_that_were_there_once_leave_no_trace_in_the_bytes(published, tmp_path):
    """The engine remembers that a column had a null, and would write it as one that may have some."""
    published.change(
        "insert into days values (null, null, null), (date '2026-01-01', null, null)",
        "delete from days where cost is null",
        "insert into small values (null, null)",
        "delete from small where id is null",
    )
    assert parquet_files(published.publish()) == Home(tmp_path / "fresh").build().from_nothing(tmp_path)


def test_kept_files_are_those_of_the_newest_version_alone(published):
    folder = published.folder / "parts" / "ledger"
    (folder / ".writing-2026-01-x-0.parquet").write_bytes(b"half")
    before = {path.name for path in folder.glob("2026-03-*")}
    published.change("update ledger set cost = 1 where billing_period = '2026-03'")
    published.publish()
    assert not before & {path.name for path in folder.iterdir()}
    # each month's file with its note, and the index
    assert len(list(folder.iterdir())) == 2 * 11 + 1
    assert not list(folder.glob(".*"))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def turn_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [Path.unlink, cut_off, turn_a_bit, lambda path: path.write_bytes(b"")])
def test_a_damaged_month_is_written_anew(published, tmp_path, damage: Callable[[Path], object]):
    (part,) = (published.folder / "parts" / "ledger").glob("2026-04-*.parquet")
    sound = part.read_bytes()
    damage(part)
    version = published.publish()
    assert part.read_bytes() == sound
    assert parquet_files(version) == published.from_nothing(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": "2026-01"}]'])
def test_an_index_that_says_nothing_has_every_month_written(published, text):
    (published.folder / "parts" / "ledger" / "months.json").write_text(text)
    published.publish()
    assert len(published.written()) == 11


def test_rebuilding_takes_nothing_over(published, tmp_path):
    version = published.publish(rebuild=True)
    assert len(published.written()) == 11
    assert parquet_files(version) == published.from_nothing(tmp_path)


def test_a_version_before_is_read_and_never_changed(published):
    before = (published.folder / "marts" / "current").resolve()
    content = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in before.iterdir()}
    published.change("update ledger set cost = 1 where billing_period = '2026-03'")
    assert published.publish() != before
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in before.iterdir()} == content
    assert sorted(path.name for path in (published.folder / "marts").iterdir()) == ["current", "v1", "v2"]


@pytest.fixture
def made_anew(monkeypatch) -> list[str]:
    """The tables that `marts.duckdb` was given whole."""
    tables: list[str] = []
    create = database_module._create

    def told(connection, building, name):
        tables.append(name)
        create(connection, building, name)

    monkeypatch.setattr(database_module, "_create", told)
    return tables


def test_the_database_takes_over_what_is_as_it_was(published, made_anew):
    published.change(
        "update ledger set cost = 1 where billing_period = '2026-03'", "insert into small select '2026-02', 2"
    )
    assert_database_holds_the_files(published.publish())
    assert made_anew == ["small"]


def test_the_database_is_taken_over_where_the_kernel_copies_no_ranges(published, made_anew, monkeypatch):
    def not_between_these(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", not_between_these, raising=False)
    published.change("update ledger set cost = 1 where billing_period = '2026-03'")
    assert_database_holds_the_files(published.publish())
    assert not {"days", "ledger"} & set(made_anew)


def test_the_database_is_made_anew_where_much_is_new(published, made_anew):
    published.change("update ledger set cost = cost + 1")
    assert_database_holds_the_files(published.publish())
    assert {"days", "ledger"} <= set(made_anew)


@pytest.mark.parametrize("what", ["gone", "damaged", "of another engine", "without a manifest"])
def test_the_database_is_made_anew_where_the_one_before_is_no_start(published, made_anew, what):
    before = published.folder / "marts" / "current"
    if what == "gone":
        (before / "marts.duckdb").unlink()
    elif what == "damaged":
        turn_a_bit(before / "marts.duckdb")
    elif what == "without a manifest":
        (before / "manifest.json").unlink()
    else:
        manifest = json.loads((before / "manifest.json").read_text())
        manifest["database"]["duckdb"] = "1.4.0"
        (before / "manifest.json").write_text(json.dumps(manifest))
    assert_database_holds_the_files(published.publish())
    assert {"days", "ledger"} <= set(made_anew)


def test_a_database_that_was_moved_is_known_by_its_checksum(published, made_anew):
    os.utime(published.folder / "marts" / "current" / "marts.duckdb", (1, 1))
    assert_database_holds_the_files(published.publish())
    assert not {"days", "ledger"} & set(made_anew)


@pytest.fixture
def full(published) -> Home:
    """A home with as many versions as are kept, two; each has another October."""
    published.change("update ledger set cost = 1 where billing_period = '2026-10'")
    published.publish(keep=2)
    published.change("update ledger set cost = 2 where billing_period = '2026-10'")
    return published


@pytest.fixture
def copied(monkeypatch) -> list[str]:
    """The versions whose `marts.duckdb` was copied."""
    versions: list[str] = []
    copy = database_module._copy_by_the_kernel

    def told(source, target):
        versions.append(source.parent.resolve().name)
        copy(source, target)

    monkeypatch.setattr(database_module, "_copy_by_the_kernel", told)
    return versions


def test_the_database_that_a_new_version_displaces_is_continued_and_none_is_copied(full, made_anew, copied):
    file = (full.folder / "marts" / "v1" / "marts.duckdb").stat().st_ino
    version = full.publish(keep=2)
    assert (version / "marts.duckdb").stat().st_ino == file
    assert (made_anew, copied) == ([], [])
    assert_database_holds_the_files(version)
    assert sorted(path.name for path in (full.folder / "marts").iterdir()) == ["current", "v2", "v3"]


def test_every_morning_continues_the_database_of_the_version_that_it_displaces(full, made_anew, copied):
    sizes = [os.path.getsize(full.publish(keep=2) / "marts.duckdb")]
    for day in range(8):
        full.change(f"update ledger set cost = cost + {day + 1} where billing_period = '2026-10'")
        version = full.publish(keep=2)
        sizes.append(os.path.getsize(version / "marts.duckdb"))
        assert_database_holds_the_files(version)
    assert (made_anew, copied) == ([], [])
    assert max(sizes) < sizes[0] * 1.5


@contextmanager
def read_by_another_process(path: Path) -> Iterator[Callable[[str], str]]:
    """Another process has the file open; asked a query, it answers with the first value."""
    program = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print('open', flush=True)\n"
        "for query in sys.stdin:\n"
        "    print(connection.execute(query).fetchone()[0], flush=True)\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"

        def ask(query: str) -> str:
            reader.stdin.write(f"{query}\n")
            reader.stdin.flush()
            return reader.stdout.readline().strip()

        yield ask
    finally:
        reader.kill()
        reader.wait(timeout=30)


def test_a_displaced_database_that_somebody_reads_stays_what_it_is(full, made_anew, copied):
    query = "select sum(cost)::varchar from ledger where billing_period = '2026-10'"
    with read_by_another_process(full.folder / "marts" / "v1" / "marts.duckdb") as ask:
        before = ask(query)
        version = full.publish(keep=2)
        assert ask(query) == before
    assert (made_anew, copied) == ([], ["v2"])
    assert_database_holds_the_files(version)
    assert [text for text in full.told if "lock" in text]


def test_a_displaced_database_with_a_second_name_stays_what_it_is(full, copied, tmp_path):
    kept = tmp_path / "kept.duckdb"
    os.link(full.folder / "marts" / "v1" / "marts.duckdb", kept)
    content = kept.read_bytes()
    assert_database_holds_the_files(full.publish(keep=2))
    assert copied == ["v2"]
    assert kept.read_bytes() == content


@pytest.mark.parametrize("what", ["gone", "damaged", "of another engine", "without a manifest", "of long ago"])
def test_the_current_database_is_copied_where_the_displaced_one_is_no_start(full, made_anew, copied, what):
    displaced = full.folder / "marts" / "v1"
    manifest = json.loads((displaced / "manifest.json").read_text())
    if what == "gone":
        (displaced / "marts.duckdb").unlink()
    elif what == "damaged":
        turn_a_bit(displaced / "marts.duckdb")
    elif what == "without a manifest":
        (displaced / "manifest.json").unlink()
    elif what == "of another engine":
        manifest["database"]["duckdb"] = "1.4.0"
    else:
        manifest["tables"]["ledger"]["months"]["2026-09"] = "another digest"
    if what in ("of another engine", "of long ago"):
        (displaced / "manifest.json").write_text(json.dumps(manifest))
    assert_database_holds_the_files(full.publish(keep=2))
    assert (made_anew, copied) == ([], ["v2"])


def test_the_database_does_not_grow_by_what_is_replaced_every_day(published, made_anew, monkeypatch):
    sizes = [os.path.getsize(published.folder / "marts" / "current" / "marts.duckdb")]
    for day in range(8):
        published.change(f"update ledger set cost = cost + {day + 1} where billing_period = '2026-10'")
        sizes.append(os.path.getsize(published.publish() / "marts.duckdb"))
    assert max(sizes) < sizes[0] * 1.5
    assert made_anew == []
    monkeypatch.setattr(database_module, "_MOST_FREE", -1.0)
    published.change("update ledger set cost = cost + 1 where billing_period = '2026-10'")
    assert_database_holds_the_files(published.publish())
    assert {"days", "ledger"} <= set(made_anew)


def test_a_long_month_is_sorted_in_slices_of_whole_days_and_reads_the_same(tmp_path, monkeypatch):
    mart = MartTable("bill", '"warehouse"."main"."bill"', ("month", "source", "day", "id"), "month", ("source", "day"))
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            """
            create table bill as
            select '2026-0' || (1 + i // 20000) as month, ['aws', 'it''s', null][1 + i % 3] as source, hash(i) as id,
                case when i % 50 > 0 then date '2026-01-01' + (i % 29)::integer end as day
            from range(40000) as rows (i)
            """
        )

    def lines(name: str) -> tuple[list[tuple], PublishedTable]:
        (tmp_path / name).mkdir()
        tables = write_tables(tmp_path / name, warehouse, [mart], tmp_path / "checks", tmp_path / f"{name}-parts")
        return duckdb.execute(f"select * from '{tmp_path / name}/bill.parquet'").fetchall(), tables["bill"]

    whole, _ = lines("whole")
    monkeypatch.setattr(months_module, "SLICED_ABOVE_ROWS", 1000)
    sliced, table = lines("sliced")
    assert sliced == whole
    assert table.months is not None
    assert len(table.months.files["2026-01"]) > 20


@pytest.fixture
def bill(tmp_path):
    """What a warehouse knows of its bill's months."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(
            """
            create table int_charge_totals_by_day as
            select ['2026-09', '2026-10'][1 + i % 2] as billing_period, 1 as charges, i::decimal(38, 18) as billed_cost,
                i::decimal(38, 18) as effective_cost, strptime(billing_period, '%Y-%m')::date as charge_date
            from range(10) as rows (i);
            create table int_charges_matched_to_rules as
            select billing_period, billed_cost::varchar as alike_id, 'pool' as pool_id
            from int_charge_totals_by_day;
            create table months_mapped as
            select unnest(['aws', 'gcp', 'aws', 'gcp']) as source_name, unnest(['a', 'b', 'c', 'd']) as made_from,
                unnest(['2026-09', '2026-09', '2026-10', '2026-10']) as billing_period;
            create table int_month_inputs as
            select 'rates of 2026-' || lpad(i::varchar, 2, '0') as input, 'rates' as digest,
                ['2026-' || lpad(i::varchar, 2, '0')] as months
            from range(1, 13) as rows (i);
            create table fct_prepayment_balances as select 1 as prepayment limit 0;
            """
        )
        yield connection


INPUTS = {"code": "1", "exchange rates": "2", "deliveries": "3", "usage feeds": "4", "open month": "2026-10"}


def origins(connection: duckdb.DuckDBPyConnection, inputs: dict[str, str] | None = None) -> dict[str, str | None]:
    months = months_of_the_bill(connection, inputs or INPUTS)
    assert months is not None
    assert [month.rows for month in months] == [5] * len(months)
    return {month.name: month.made_from for month in months}


OF_OCTOBER = {
    "its delivery": "update months_mapped set made_from = 'e' where made_from = 'd'",
    "its costs": "update int_charge_totals_by_day set effective_cost = 0 where billed_cost = 1",
    "its exchange rates": "update int_month_inputs set digest = 'others' where months[1] = '2026-10'",
    "a pool": "update int_charges_matched_to_rules set pool_id = 'other' where alike_id like '3.%'",
}


@pytest.mark.parametrize("change", OF_OCTOBER.values(), ids=OF_OCTOBER.keys())
def test_a_month_of_the_bill_is_another_when_what_it_is_made_from_is(bill, change):
    before = origins(bill)
    bill.execute(change)
    after = origins(bill)
    assert after["2026-09"] == before["2026-09"] is not None
    assert after["2026-10"] != before["2026-10"]


@pytest.mark.parametrize(("part", "counts"), [("code", True), ("configuration", True), ("deliveries", False)])
def test_code_and_configuration_count_for_every_month_and_other_months_deliveries_for_none(bill, part, counts):
    before, after = origins(bill), origins(bill, {**INPUTS, part: "another"})
    assert {month for month in before if before[month] != after[month]} == (set(before) if counts else set())


def test_a_month_that_nobody_tells_of_is_looked_at_row_by_row(bill):
    bill.execute("delete from months_mapped where billing_period = '2026-09'")
    assert origins(bill)["2026-09"] is None
    bill.execute("insert into fct_prepayment_balances select 1")
    assert months_of_the_bill(bill, INPUTS) is None
    bill.execute("drop table months_mapped")
    assert months_of_the_bill(bill, INPUTS) is None
