"""Tables and views are replaced in one statement each: what holds when a model fails or changes its kind."""

import subprocess
from pathlib import Path

import duckdb
import pytest

from finops_pipeline.resources.dbt import dbt_executable
from finops_pipeline.settings import DBT_PROJECT_DIR

PROFILE = "small: {target: t, outputs: {t: {type: duckdb, path: small.duckdb, threads: 1}}}\n"
PROJECT = "name: small\nprofile: small\nflags: {send_anonymous_usage_stats: false}\n"
CONTRACT = (
    "models: [{name: kept, config: {contract: {enforced: true}}, columns: [{name: amount, data_type: integer}]}]\n"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three models with our materializations, built twice: the second time two change and one fails."""
    folder = tmp_path_factory.mktemp("materializations")
    for name in ("models", "macros"):
        (folder / name).mkdir()
    for macro in DBT_PROJECT_DIR.glob("macros/materialize_*.sql"):
        (folder / "macros" / macro.name).write_text(macro.read_text())
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "models" / "models.yml").write_text(CONTRACT)
    write(folder, kept="table", amount="7", view_first="view", table_first="table")
    assert build(folder).returncode == 0
    write(folder, kept="table", amount="cast('x' || n as integer)", view_first="table", table_first="view")
    failed = build(folder)
    assert failed.returncode == 1, failed.stdout
    assert "Could not convert string 'x" in failed.stdout
    return folder


def write(folder: Path, *, kept: str, amount: str, view_first: str, table_first: str) -> None:
    """The three models: `kept` gives one amount, the other two say what they are."""
    rows = f"select {amount} as amount from range(1) as numbers (n)"
    (folder / "models" / "kept.sql").write_text(f"{{{{ config(materialized='{kept}') }}}} {rows}")
    for name, kind in (("view_first", view_first), ("table_first", table_first)):
        (folder / "models" / f"{name}.sql").write_text(
            f"{{{{ config(materialized='{kind}') }}}} select '{kind}' as kind"
        )


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """`dbt run` in the folder."""
    return subprocess.run(
        [dbt_executable(), "--no-use-colors", "run", "--project-dir", ".", "--profiles-dir", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_model_that_fails_leaves_the_table_it_had(project: Path):
    with duckdb.connect(project / "small.duckdb", read_only=True) as connection:
        assert connection.execute("select amount from kept").fetchall() == [(7,)]


def test_a_view_can_become_a_table_and_a_table_a_view(project: Path):
    with duckdb.connect(project / "small.duckdb", read_only=True) as connection:
        assert connection.execute(
            """
            select table_name, table_type, kind from information_schema.tables
            inner join (
                select 'view_first' as table_name, kind from view_first
                union all
                select 'table_first', kind from table_first
            ) as contents using (table_name)
            order by table_name
            """
        ).fetchall() == [("table_first", "VIEW", "view"), ("view_first", "BASE TABLE", "table")]


def test_nothing_is_left_behind(project: Path):
    with duckdb.connect(project / "small.duckdb", read_only=True) as connection:
        names = connection.execute("select table_name from information_schema.tables order by 1").fetchall()
    assert names == [("kept",), ("table_first",), ("view_first",)]
