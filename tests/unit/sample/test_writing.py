"""The same arguments give the same bytes; sizes and arguments are what was asked for."""

import functools
import hashlib
from pathlib import Path

import duckdb
import pytest
from read_exports import totals

from finops_pipeline.config import load_config
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.rules import load_rules
from finops_pipeline.sample import write_sample
from finops_pipeline.sample.plan import Scale, build_plan
from finops_pipeline.sample.write import FILES, FOLDERS


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "finops.yaml"
    }


def test_the_same_arguments_give_the_same_files_on_any_number_of_threads_whatever_was_there(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(duckdb, "connect", functools.partial(duckdb.connect, config={"threads": 1}))
    folder = tmp_path / "O'Brien"
    left_over = folder / "usage" / "gpu_hours" / "2020-01-01.csv"
    left_over.parent.mkdir(parents=True)
    left_over.write_text("of an earlier call\n")
    (folder / "truth").mkdir()

    again = write_sample(folder)

    assert digests(again.directory) == digests(directory)


@pytest.mark.parametrize("name", ["finops.yaml", "usage/gpu_hours/2026-10-01.csv", "budgets.yaml"])
def test_what_is_somebody_elses_is_not_replaced(tmp_path: Path, name: str):
    theirs = tmp_path / name
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text("ours")

    with pytest.raises(ConfigurationError, match=rf"holds {name.split('/')[0]}, which no sample company wrote"):
        write_sample(tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [theirs]
    assert theirs.read_text() == "ours"


def test_every_file_of_the_company_is_one_that_is_watched(directory: Path):
    assert {path.name for path in directory.iterdir()} == {*FOLDERS, *FILES}


def test_another_seed_gives_other_shares():
    found = []
    for seed in (1, 2):
        with duckdb.connect() as connection:
            build_plan(connection, ("2026-10",), Scale(cells=1, hourly=False), seed)
            found.append(
                connection.execute("select node, workload, shares from machine_shares order by all").fetchall()
            )

    assert found[0] != found[1]


def test_the_row_count_is_met_within_three_percent_and_the_truth_stays_exact(tmp_path: Path):
    summary = write_sample(tmp_path, months=("2026-10",), rows=30_000)

    assert abs(summary.rows - 30_000) <= 900
    with duckdb.connect() as connection:
        cells = connection.execute(
            f"select count(distinct cluster) from '{tmp_path}/usage/gpu_hours/2026-10-05.csv'"
        ).fetchone()
        truth = dict(
            connection.execute(f"""
                select source_name, sum(effective_cost) from '{tmp_path}/truth/allocations.parquet' group by all
            """).fetchall()
        )
    assert cells is not None
    assert cells[0] > 7  # more than the company's own seven clusters: it grew in kind, not only in disks
    assert truth == {
        source: total for (source, _, basis), total in totals(tmp_path, ("2026-10",)).items() if basis == "effective"
    }


def test_hourly_lines_sum_to_the_same_truth_as_daily_ones():
    found = []
    for hourly in (False, True):
        with duckdb.connect() as connection:
            build_plan(connection, ("2026-10",), Scale(cells=1, hourly=hourly), 1)
            found.append(
                connection.execute(
                    "select pool_key, day, workload, shares_of_256 from pool_shares order by all"
                ).fetchall()
            )

    assert found[0] == found[1]


def test_the_configuration_is_one_the_pipeline_accepts(directory: Path):
    config = load_config(directory / "finops.yaml")
    rules = load_rules(config)

    assert [source.name for source in config.sources] == ["aws-payer", "gcp-main", "azure-ea"]
    assert {feed.kind for feed in config.usage} == {folder.name for folder in (directory / "usage").iterdir()}
    assert [rule.pool for rule in rules.rules] == ["gpu_cluster", "bucket", "owner"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"months": ()}, "months are missing"),
        ({"months": ("2026-13",)}, "2026-13"),
        ({"months": ("2026-09", "2026-11")}, "consecutive"),
        ({"rows": 0}, "positive"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_by_name(tmp_path: Path, arguments: dict, message: str):
    with pytest.raises(ConfigurationError, match=message):
        write_sample(tmp_path, **arguments)
