"""budgets.yaml: what is accepted, what is refused and with which words, and the table it is landed as."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.budgets import Budgets, load_budgets, write_budget_table


def loaded(folder: Path, *entries: str) -> Budgets:
    lines = "".join(f"  - {{{entry}}}\n" for entry in entries)
    (folder / "budgets.yaml").write_text(f"version: 1\nbudgets:\n{lines}")
    return load_budgets(folder / "finops.yaml", "USD")


def landed(folder: Path, *entries: str) -> dict[str, dict]:
    write_budget_table(loaded(folder, *entries), folder)
    return {row["budget_key"]: row for row in pq.read_table(folder / "rules" / "budgets.parquet").to_pylist()}


WHOLE = "name: whole, owner: finops, period: month, amount: 1000"


def test_without_a_file_there_are_no_budgets(tmp_path: Path) -> None:
    assert load_budgets(tmp_path / "finops.yaml", "USD") == Budgets()


def test_a_share_of_a_budget_is_landed_as_its_exact_amount_through_every_share(tmp_path: Path) -> None:
    half = "name: half, owner: a, period: month, share: {of: whole, percent: 50}"
    third = 'name: third, owner: b, period: month, share: {of: half, percent: "33.3"}'
    rows = landed(tmp_path, WHOLE, half, third)
    assert [row["amount"] for row in rows.values()] == [1000, 500, Decimal("166.5")]
    assert {row["billing_currency"] for row in rows.values()} == {"USD"}


def test_a_third_of_a_third_of_a_third_is_landed_to_the_last_digit_that_money_has(tmp_path: Path) -> None:
    third = 'period: month, owner: a, share: {of: %s, percent: "33.333333"}'
    shares = [f"name: {name}, {third % of}" for name, of in (("one", "whole"), ("two", "one"), ("three", "two"))]
    of_total = [f"name: {name}, {third % of}" for name, of in (("four", "total"), ("five", "four"), ("six", "five"))]
    rows = landed(tmp_path, WHOLE.replace("1000", '"123456789012345.123456"'), *shares, *of_total)
    assert rows["three@"]["amount"] == Decimal("4572473529949.684819358625058028")
    assert rows["six@"]["percent_of_total"] == Decimal("3.703703592592593704")


def test_a_share_of_the_total_is_landed_with_a_row_for_the_total_that_is_not_published(tmp_path: Path) -> None:
    idle = "name: idle, owner: a, period: month, share: {of: total, percent: 20}, cost: {cost_use: [idle]}"
    half = "name: half-of-idle, owner: a, period: month, share: {of: idle, percent: 50}, cost: {cost_use: [idle]}"
    rows = landed(tmp_path, idle, half)
    assert {key: (row["percent_of_total"], row["is_published"]) for key, row in rows.items()} == {
        "idle@": (20, True),
        "half-of-idle@": (10, True),
        "total/month/effective/USD": (None, False),
    }
    assert rows["total/month/effective/USD"]["selected_cost_use"] is None


def test_a_fiscal_year_is_landed_by_how_many_months_it_begins_late(tmp_path: Path) -> None:
    (tmp_path / "budgets.yaml").write_text(f"version: 1\nfiscal_year_begins: 4\nbudgets:\n  - {{{WHOLE}}}\n")
    write_budget_table(load_budgets(tmp_path / "finops.yaml", "USD"), tmp_path)
    assert pq.read_table(tmp_path / "rules" / "fiscal_year.parquet").to_pylist() == [{"fiscal_offset_months": 3}]
    (tmp_path / "budgets.yaml").write_text("version: 1\nfiscal_year_begins: 13\n")
    with pytest.raises(ConfigurationError, match=r"fiscal_year_begins.*12"):
        load_budgets(tmp_path / "finops.yaml", "USD")


def test_an_amount_may_change_from_a_month_on(tmp_path: Path) -> None:
    entry = "name: grows, owner: a, period: month"
    rows = landed(tmp_path, f"{entry}, amount: 10, to: 2026-12", f"{entry}, amount: 20, from: 2027-01")
    assert [(row["budget"], row["valid_from"], row["valid_to"]) for row in rows.values()] == [
        ("grows", None, date(2027, 1, 1)),
        ("grows", date(2027, 1, 1), None),
    ]


def test_the_same_budgets_leave_the_same_bytes(tmp_path: Path) -> None:
    landed(tmp_path, WHOLE)
    before = (tmp_path / "rules" / "budgets.parquet").read_bytes()
    landed(tmp_path, WHOLE)
    assert (tmp_path / "rules" / "budgets.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("name: b, owner: a, period: week, amount: 1", r"budgets\[1\].period \(line 4\) is 'week'; allowed: 'month'"),
        ("name: b, owner: a, period: month, amount: 1.5", r"amount \(line 4\) is 1.5: write it in quotes"),
        ("name: b, owner: a, period: month", r"budgets\[1\] \(line 4\) needs either amount or share"),
        ("name: b, owner: a, period: month, amount: 0", r"line 4\) has the amount 0"),
        (
            "name: b, owner: a, period: month, amount: 5, cost: {squad: [x]}",
            r"cost.squad \(line 4\) is not a known key",
        ),
        ("name: b, owner: a, period: month, amount: 5, from: 2026-13", r"from \(line 4\) is '2026-13'"),
        ("name: whole, owner: a, period: month, amount: 5", r"budgets\[1\].name \(line 4\) is 'whole' again"),
        (
            "name: b, owner: a, period: month, share: {of: all, percent: 5}",
            r"share.of \(line 4\) is 'all'.*known: whole",
        ),
        ("name: b, owner: a, period: year, share: {of: whole, percent: 5}", r"whose period is 'month', not 'year'"),
        (
            "name: b, owner: a, period: month, share: {of: b, percent: 5}",
            r"'b', which is itself a share of this budget",
        ),
        ("name: b, owner: a, period: month, share: {of: whole, percent: 101}", r"line 4\) percent is 101"),
        ("name: b, owner: a, period: month, amount: 1, tag: {key: x}, cost: {team: [a]}", r"either cost .* or tag"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_is_allowed(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        loaded(tmp_path, WHOLE, entry)


def test_each_of_two_shares_that_are_one_anothers_is_told_by_what_it_says(tmp_path: Path) -> None:
    entry = "name: {}, owner: x, period: month, share: {{of: {}, percent: 5}}"
    told = r"(?s)share.of \(line 3\) is 'b', which is itself.*share.of \(line 4\) is 'a', which is itself"
    with pytest.raises(ConfigurationError, match=told):
        loaded(tmp_path, entry.format("a", "b"), entry.format("b", "a"))
