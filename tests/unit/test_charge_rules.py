"""`amortization.yaml` and `ownership.yaml`: what may be said, what is refused with its line, and what is landed."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.settings import DBT_PROJECT_DIR
from finops_pipeline.side_files.amortization import load_amortization, write_prepayment_table
from finops_pipeline.side_files.charge_selection import SelectionColumn
from finops_pipeline.side_files.ownership import OwnedColumn, load_ownership, write_ownership_table

SOURCES = ["aws-payer", "gcp-main"]
BLOCK = """version: 1
prepayments:
  - name: block
    source: aws-payer
    purchase: {ChargeDescription: "Capacity Block*"}
    usage: {ResourceId: [i-1, "i_%"]}
    from: 2026-10-01
    to: 2026-10-15
    capacity_per_day: 192.5
"""
SANDBOX = """version: 1
rules:
  - name: sandbox
    select: {SubAccountId: "1234"}
    from: 2026-10-01
    set: {team: research}
"""


def _written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / "finops.yaml"


def test_without_the_files_nothing_is_spread_and_no_rule_names_an_owner(tmp_path: Path):
    assert load_amortization(tmp_path / "finops.yaml", SOURCES).prepayments == ()
    assert load_ownership(tmp_path / "finops.yaml", SOURCES).rules == ()


def test_a_prepayment_is_landed_with_its_patterns_and_the_same_file_leaves_the_same_bytes(tmp_path: Path):
    amortization = load_amortization(_written(tmp_path, "amortization.yaml", BLOCK), SOURCES)
    write_prepayment_table(amortization, tmp_path)
    path = tmp_path / "rules/prepayments.parquet"
    [row] = pq.read_table(path).to_pylist()
    assert (row["prepayment"], row["first_day"], row["end_day"]) == ("block", date(2026, 10, 1), date(2026, 10, 15))
    assert (row["capacity_per_day"], row["has_usage"]) == (Decimal("192.5"), True)
    assert row["purchase_ChargeDescription"] == ["Capacity Block%"]
    assert row["usage_ResourceId"] == ["i-1", "i\\_\\%"]
    assert row["usage_SkuId"] is None
    before = path.stat().st_mtime_ns
    write_prepayment_table(amortization, tmp_path)
    assert path.stat().st_mtime_ns == before


def test_a_rule_is_landed_with_its_days_and_owners(tmp_path: Path):
    write_ownership_table(load_ownership(_written(tmp_path, "ownership.yaml", SANDBOX), SOURCES), tmp_path)
    [row] = pq.read_table(tmp_path / "rules/ownership_rules.parquet").to_pylist()
    assert (row["rule"], row["rule_order"], row["team"], row["project"]) == ("sandbox", 1, "research", None)
    assert (row["first_day"], row["end_day"], row["selected_SubAccountId"]) == (date(2026, 10, 1), None, ["1234"])


@pytest.mark.parametrize(
    ("name", "text", "load", "line", "message"),
    [
        ("amortization.yaml", BLOCK.replace("to: 2026-10-15", "to: 2026-10-01"), load_amortization, 3, "not after"),
        ("amortization.yaml", BLOCK.replace("192.5", "0"), load_amortization, 9, "is 0; expected more than 0"),
        ("amortization.yaml", BLOCK.replace("192.5", "true"), load_amortization, 9, "true"),
        ("amortization.yaml", re.sub("    usage.*\n", "", BLOCK), load_amortization, 3, "needs usage"),
        ("amortization.yaml", BLOCK.replace("ResourceId", "Resource"), load_amortization, 6, "allowed: 'Billing"),
        ("amortization.yaml", BLOCK.replace('[i-1, "i_%"]', "[]"), load_amortization, 6, "at least 1"),
        ("amortization.yaml", BLOCK + BLOCK.split("prepayments:\n")[1], load_amortization, 1, "'block' is listed"),
        (
            "amortization.yaml",
            BLOCK.replace("aws-payer", "aws"),
            load_amortization,
            4,
            "its sources: aws-payer, gcp-main",
        ),
        ("ownership.yaml", SANDBOX + "    source: azure\n", load_ownership, 7, "which finops.yaml has not got"),
        ("ownership.yaml", SANDBOX.replace("team:", "squad:"), load_ownership, 6, "allowed: 'team'"),
        (
            "ownership.yaml",
            SANDBOX.replace("select: {", "select: {ChargeCategory: [Tax, credit], "),
            load_ownership,
            4,
            "never 'credit'; allowed, letter for letter: Usage",
        ),
        ("ownership.yaml", SANDBOX.replace("{team: research}", "{}"), load_ownership, 6, "at least 1"),
        ("ownership.yaml", SANDBOX.replace("from: 2026-10-01", "from: soon"), load_ownership, 5, "'soon'"),
        ("ownership.yaml", SANDBOX.replace("    from", "    form"), load_ownership, 5, "not a known key"),
        ("ownership.yaml", SANDBOX + SANDBOX.split("rules:\n")[1], load_ownership, 1, "'sandbox' is listed"),
    ],
)
def test_a_mistake_is_refused_with_its_line(
    tmp_path: Path, name: str, text: str, load: Callable[[Path, list[str]], Any], line: int, message: str
):
    with pytest.raises(ConfigurationError) as caught:
        load(_written(tmp_path, name, text), SOURCES)
    told = str(caught.value)
    assert name in told
    assert message in told
    assert line == 1 or f"(line {line})" in told, told


def test_sql_selects_by_the_same_columns_and_owners():
    macros = DBT_PROJECT_DIR / "macros"
    selected = re.findall(r"'([A-Z]\w+)': '", (macros / "charge_selection_columns.sql").read_text())
    assert selected == list(get_args(SelectionColumn))
    owners = re.findall(r"'(\w+)'", (macros / "tag_owner_columns.sql").read_text())
    assert set(owners) == set(get_args(OwnedColumn))
