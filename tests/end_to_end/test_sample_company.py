"""The sample company's bills in, its marts out, held against the truth the generator planted."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from finops_pipeline.extract.ledger import live_deliveries, update_ledger
from tests.conftest import CHECKOUT, Company

RUN_FACTS = {"fct_check_results.parquet", "fct_deliveries.parquet"}
"""The marts that carry run facts; all others are byte-identical for the same input."""


def _marts(company: Company) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in company.current.glob("*.parquet") if path.name not in RUN_FACTS}


def _against_truth(company: Company, columns: str) -> list[tuple]:
    """Sums of the ledger that differ from the truth, by `columns`: money that went to the wrong place."""
    truth = company.config.parent / "truth" / "allocations.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{company.current}/marts.duckdb' as published (read_only)")
        return connection.execute(
            f"""
            with ledger as (
                select {columns}, sum(allocated_billed_cost) as billed, sum(allocated_effective_cost) as effective
                from published.fct_cost_allocations group by all
            ), truth as (
                select {columns}, sum(billed_cost) as billed, sum(effective_cost) as effective
                from read_parquet('{truth}') group by all
            )
            (from ledger except all from truth) union all (from truth except all from ledger)
            """
        ).fetchall()


def test_every_cent_reaches_the_owner_the_truth_names(published_company: Company):
    owner = "team, project, environment, model_name, model_version, workload, workload_type, dataset"
    differences = _against_truth(
        published_company,
        f"charge_date, source_name, billing_currency, charge_category, {owner}, is_idle, idle_type, is_unallocated",
    )
    assert differences == []


def test_a_plain_sum_over_the_ledger_is_the_bill(published_company: Company):
    truth = published_company.config.parent / "truth" / "totals.csv"
    bill = duckdb.sql(
        f"select source_name, billing_period, cost_basis, cast(total as decimal(38,18)) "
        f"from read_csv('{truth}', all_varchar=true) order by all"
    ).fetchall()
    ledger = published_company.query(
        "select source_name, billing_period, cost_basis, cost from (unpivot ("
        "  select source_name, billing_period, sum(allocated_billed_cost) as billed,"
        "         sum(allocated_effective_cost) as effective"
        "  from fct_cost_allocations group by all) on billed, effective into name cost_basis value cost) order by all"
    )
    assert ledger == bill


def test_the_reconciliation_shows_no_difference(published_company: Company):
    rows = published_company.query(
        "select raw_to_normalized_difference, normalized_to_allocated_difference,"
        "       raw_cost - rounding_difference - normalized_cost from fct_reconciliation"
    )
    # three sources, two months, two cost bases
    assert len(rows) >= 12
    assert {value for row in rows for value in row} == {0}


def test_money_nobody_owns_is_told_by_the_reason_the_truth_gives(published_company: Company):
    truth = published_company.config.parent / "truth" / "allocations.parquet"
    expected = duckdb.sql(
        f"select unallocated_reason_kind, sum(effective_cost) from read_parquet('{truth}') "
        f"where is_unallocated group by all order by all"
    ).fetchall()
    assert len(expected) == 8
    assert expected == published_company.query(
        "select unallocated_reason, sum(allocated_effective_cost) from fct_cost_allocations"
        " where is_unallocated group by all order by all"
    )


def test_cost_and_requests_of_each_model_day_and_team_are_those_of_the_truth(published_company: Company):
    truth = published_company.config.parent / "truth"
    self_hosted = duckdb.sql(
        f"select charge_date, model_name, team, sum(effective_cost), cast(sum(inferences) as decimal(38, 18)) "
        f"from read_parquet('{truth}/inference_unit_costs.parquet') group by all order by all"
    ).fetchall()
    models = ", ".join(sorted({f"'{row[1]}'" for row in self_hosted}))
    assert self_hosted == published_company.query(
        "select charge_date, model_name, team, sum(effective_cost), sum(inferences)"
        f" from fct_inference_unit_costs where model_name in ({models}) group by all order by all"
    )
    # a managed model's cost is that of its token meters, whoever called it
    managed = duckdb.sql(
        f"select charge_date, model_name, team, sum(effective_cost) from read_parquet('{truth}/allocations.parquet') "
        f"where workload is null and model_name is not null and charge_category = 'Usage' and not is_idle "
        f"group by all order by all"
    ).fetchall()
    assert len(managed) > 1000
    assert managed == published_company.query(
        "select charge_date, model_name, team, sum(effective_cost) from fct_inference_unit_costs"
        f" where model_name not in ({models}) and effective_cost is not null group by all order by all"
    )


def test_cost_per_1k_inferences_is_the_cost_over_the_requests(published_company: Company):
    assert published_company.query(
        "select count(*) > 1000 from fct_inference_unit_costs where cost_per_1k_inferences is not null"
    ) == [(True,)]
    assert published_company.query(
        "select count(*) from fct_inference_unit_costs where cost_per_1k_inferences is not null"
        " and abs(cost_per_1k_inferences - effective_cost::double * 1000 / inferences::double) > 1e-9"
    ) == [(0,)]


def test_a_second_run_with_nothing_new_opens_no_data_file_and_publishes_nothing(published_copy: Company):
    version = os.readlink(published_copy.current)
    published = (published_copy.current / "manifest.json").stat().st_mtime_ns
    warehouse = (published_copy.home / "warehouse.duckdb").stat().st_mtime_ns
    finished = published_copy.finops("run")
    assert finished.exit_code == 0, finished.output
    assert "nothing new" in finished.output.lower()
    assert os.readlink(published_copy.current) == version
    assert (published_copy.current / "manifest.json").stat().st_mtime_ns == published
    assert (published_copy.home / "warehouse.duckdb").stat().st_mtime_ns == warehouse


def test_the_same_input_gives_the_same_bytes_in_a_fresh_home(published_company: Company, tmp_path: Path):
    again = Company(published_company.config, tmp_path / "home")
    assert again.finops("run").exit_code == 0
    assert _marts(again) == _marts(published_company)


def test_rebuilding_from_other_parts_in_another_order_on_one_core_gives_the_same_bytes(
    published_company: Company, published_copy: Company
):
    version = os.readlink(published_copy.current)
    _partition_anew(published_copy.home / "landing")
    with _on_one_core():
        finished = published_copy.finops("run", "--rebuild")
    assert finished.exit_code == 0, finished.output
    assert os.readlink(published_copy.current) != version
    assert _marts(published_copy) == _marts(published_company)


def _partition_anew(landing: Path) -> None:
    """Merge every other bill's landed files into one, deal the others' rows out anew, in an order of no meaning."""
    merged, dealt = 0, 0
    with duckdb.connect() as connection:
        for delivery in live_deliveries(landing):
            parts = [file.landed for file in delivery.files]
            connection.execute(
                "create or replace table lines as select *, row_number() over () as place"
                f" from read_parquet({[str(landing / part) for part in parts]}, union_by_name = true)"
            )
            if len(parts) > 1 and merged <= dealt:
                for other in parts[1:]:
                    (landing / other).unlink()
                files = tuple(replace(file, landed=parts[0]) for file in delivery.files)
                update_ledger(landing, sighted=[replace(delivery, files=files)])
                parts, merged = parts[:1], merged + 1
            dealt += len(parts) > 1
            for number, part in enumerate(parts):
                connection.execute(
                    f"copy (select * exclude (place) from lines where hash(place) % {len(parts)} = {number}"
                    f" order by hash(place, 'order')) to '{landing / part}' (format parquet, row_group_size 2048)"
                )
    assert merged > 2
    assert dealt > 2


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Programs started inside may use one core, where the system can say so: the engine then has one thread."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def test_no_secret_of_the_environment_is_in_anything_a_run_leaves_behind(published_company: Company):
    """Logs, Dagster's events and metadata, manifests, Parquet, the warehouse and what was printed."""
    left = [path for path in published_company.home.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {".parquet", ".duckdb", ".json", ".log", ".db", ".txt"} <= {path.suffix for path in left}
    assert [path for path in left if b"c4n4ry" in path.read_bytes()] == []
    # What is compressed is searched as a reader sees it: every value of every row.
    holding = "select count(*) from {} as line where contains(cast(line as varchar), 'c4n4ry')"
    with duckdb.connect() as connection:
        for path in (path for path in left if path.suffix == ".parquet"):
            assert connection.execute(holding.format(f"read_parquet('{path}')")).fetchall() == [(0,)], path
    with duckdb.connect(str(published_company.home / "warehouse.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            assert connection.execute(holding.format(f'"{table}"')).fetchall() == [(0,)], table


def test_a_restated_month_replaces_the_first_one_whole(tmp_path: Path, published_company: Company):
    from finops_pipeline.sample import write_sample

    company = Company(tmp_path / "company" / "finops.yaml", tmp_path / "home")
    write_sample(tmp_path / "company", restated=False)
    assert company.finops("run").exit_code == 0
    first = company.query("select sum(BilledCost) from focus_cost_and_usage where x_SourceName = 'aws-payer'")
    write_sample(tmp_path / "company", restated=True)
    assert company.finops("run").exit_code == 0
    second = company.query("select sum(BilledCost) from focus_cost_and_usage where x_SourceName = 'aws-payer'")
    assert first != second
    total = (
        "select source_name, billing_period, cost_basis, raw_cost, allocated_cost from fct_reconciliation order by all"
    )
    assert company.query(total) == published_company.query(total)
    superseded = company.query("select count(*) from fct_deliveries where status = 'superseded'")
    assert superseded[0][0] >= 1
    changed = (
        "select total_cost - previous_total_cost - total_cost_difference, rows - previous_rows - row_difference,"
        " total_cost_difference <> 0 from fct_deliveries where source_name = 'aws-payer' and previous_rows is not null"
    )
    assert company.query(changed) == [(0, 0, True)]
    # The months that were not restated were kept, and nothing tells.
    anew = company.query(
        "select distinct source_name, billing_period from int_charges_unioned order by all", warehouse=True
    )
    assert anew == [("aws-payer", "2026-09"), ("azure-ea", "2026-09")]
    assert _marts(company) == _marts(published_company)


def test_the_manifest_lists_what_is_published(published_company: Company):
    manifest = json.loads((published_company.current / "manifest.json").read_text())
    text = json.dumps(manifest)
    for path in published_company.current.glob("*.parquet"):
        assert path.stem in text
    assert "1.4" in text
    assert str(published_company.home) not in text


def test_marts_duckdb_holds_the_same_tables_as_the_parquet_files(published_company: Company):
    for path in sorted(published_company.current.glob("*.parquet")):
        with duckdb.connect() as connection:
            connection.execute(f"attach '{published_company.current}/marts.duckdb' as published (read_only)")
            differences = connection.execute(
                f"(from published.{path.stem} except all from read_parquet('{path}')) union all"
                f" (from read_parquet('{path}') except all from published.{path.stem})"
            ).fetchall()
        assert differences == [], path.stem


def test_duckdb_1_5_reads_the_published_file(published_company: Company):
    older = CHECKOUT / ".venv" / "duckdb-1.5"
    if not older.is_dir():
        pytest.skip("DuckDB 1.5 is not installed beside the locked one: run `make test`")
    program = (
        "import sys, duckdb; assert duckdb.__version__.startswith('1.5'); "
        "marts = duckdb.connect(sys.argv[1], read_only=True); "
        "tables = [row[0] for row in marts.sql('show tables').fetchall()]; "
        "print(sorted((t, marts.sql(f'select count(*) from {t}').fetchone()[0]) for t in tables), "
        "marts.sql('select sum(allocated_effective_cost) from fct_cost_allocations').fetchone()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(published_company.current / "marts.duckdb")],
        env={**os.environ, "PYTHONPATH": str(older)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tables = published_company.query("select table_name from information_schema.tables order by 1")
    counts = [(name, published_company.query(f"select count(*) from {name}")[0][0]) for (name,) in tables]
    [(total,)] = published_company.query("select sum(allocated_effective_cost) from fct_cost_allocations")
    assert done.stdout.strip() == f"{sorted(counts)} {total}"
