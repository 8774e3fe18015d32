"""What `dbt_project/profiles.yml` asks of DuckDB does what it is asked for."""

from pathlib import Path

import duckdb
import yaml

from finops_pipeline.settings import DBT_PROJECT_DIR

_PROFILE = yaml.safe_load((DBT_PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8"))
SETTINGS = [f"set {name} = '{value}'" for name, value in _PROFILE["finops"]["outputs"]["duckdb"]["settings"].items()]
ROWS = 150_000
"""More than a row group of 122,880: each month ends with one that another could be merged with."""

_BLOCKS = """
    select row_group_id, block_id, block_offset from pragma_storage_info('bill')
    where column_name = 'amount' and segment_type <> 'VALIDITY' and row_group_id < 4
    order by all
"""


def test_a_month_that_comes_again_leaves_the_others_where_they_lie(tmp_path: Path):
    """Where DuckDB merges row groups at a checkpoint, the month before is written again with it (max_vacuum_tasks)."""
    path = tmp_path / "warehouse.duckdb"
    _run(path, "create table bill (month varchar, amount ubigint)", *(_insert(month) for month in "abc"))
    first_two_months = _blocks(path)
    assert len({row_group for row_group, *_ in first_two_months}) == 4
    for _ in range(3):
        _run(path, "begin", "delete from bill where month = 'c'", _insert("c"), "commit")
        assert _blocks(path) == first_two_months


def _insert(month: str) -> str:
    return f"insert into bill select '{month}', hash(number) from range({ROWS}) as numbers (number)"


def _run(path: Path, *statements: str) -> None:
    """A run of its own: closing the file is the checkpoint."""
    with duckdb.connect(str(path)) as connection:
        for statement in (*SETTINGS, *statements):
            connection.execute(statement)


def _blocks(path: Path) -> list[tuple]:
    """Where the row groups of the first two months lie in the file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(_BLOCKS).fetchall()
