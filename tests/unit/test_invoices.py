"""invoices.yaml: what is refused and how, and what its totals and waivers decide."""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from finops_pipeline.checks.invoices import invoiced_total_equals_billed_total
from finops_pipeline.checks.outcome import CheckOutcome
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.invoices import Invoices, load_invoices, write_invoice_table

INVOICE = "{source: aws-payer, period: 2026-10, currency: USD, id: I-1, total: 100}"
WAIVER = "{source: aws-payer, period: 2026-10, currency: USD, reason: credit note to come, up_to: 5, until: 2026-11-30}"


def loaded(folder: Path, text: str) -> Invoices:
    (folder / "invoices.yaml").write_text(f"version: 1\n{text}")
    return load_invoices(folder / "finops.yaml", ["aws-payer"])


def checked(folder: Path, text: str, billed: str | None = "103", today: date = date(2026, 11, 3)) -> CheckOutcome:
    invoices = loaded(folder, text)
    with duckdb.connect() as warehouse:
        warehouse.execute(
            "create table fct_reconciliation (source_name varchar, billing_period varchar, billing_currency varchar,"
            " invoice_id varchar, cost_basis varchar, normalized_cost decimal(38, 18), invoice_cost decimal(38, 18),"
            " invoice_difference decimal(38, 18))"
        )
        if billed is not None:
            warehouse.execute(
                "insert into fct_reconciliation values"
                " ('aws-payer', '2026-10', 'USD', 'I-1', 'billed', $1::decimal(9, 2), 100, $1::decimal(9, 2) - 100)",
                [billed],
            )
        return invoiced_total_equals_billed_total(warehouse, invoices, today)


def test_without_a_file_there_are_no_invoices_and_nothing_fails(tmp_path: Path) -> None:
    assert load_invoices(tmp_path / "finops.yaml", []) == Invoices()


def test_totals_are_landed_exactly_and_the_same_way_twice(tmp_path: Path) -> None:
    text = 'invoices:\n  - {source: aws-payer, period: 2026-10, currency: USD, total: "-12.345678"}\n'
    write_invoice_table(loaded(tmp_path, text), tmp_path)
    file = tmp_path / "rules" / "invoices.parquet"
    before = file.read_bytes()
    [row] = pq.read_table(file).to_pylist()
    assert (row["source_name"], row["billing_period"], row["invoice_id"]) == ("aws-payer", "2026-10", None)
    assert f"{row['total']:.6f}" == "-12.345678"
    write_invoice_table(loaded(tmp_path, text), tmp_path)
    assert file.read_bytes() == before


def test_a_waiver_that_has_ended_is_another_input_than_one_that_holds(tmp_path: Path) -> None:
    text = f"invoices:\n  - {INVOICE}\nwaivers:\n  - {WAIVER}\n"
    file, held = tmp_path / "rules" / "waivers.parquet", []
    for day in (date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)):
        write_invoice_table(loaded(tmp_path, text), tmp_path, day)
        held.append(pq.read_table(file).to_pylist())
    assert held[0] == held[1]
    assert [row["reason"] for row in held[0]] == ["credit note to come"]
    assert held[2] == []


def test_a_difference_beyond_the_tolerance_blocks_and_is_told_with_both_totals(tmp_path: Path) -> None:
    outcome = checked(tmp_path, f"invoices:\n  - {INVOICE}\n")
    [offender] = outcome.offenders
    assert offender.subject == "aws-payer 2026-10 USD"
    assert offender.observed == "billed 103, invoiced 100 (I-1): off by 3"
    within = checked(tmp_path, f"tolerance: 3\ninvoices:\n  - {INVOICE}\n")
    assert within.passed
    [kept] = within.confirmed
    assert (kept.subject, kept.expected) == ("aws-payer 2026-10 USD", "at most 3")
    assert kept.observed == "billed 103, invoiced 100 (I-1): off by 3"


def test_a_waiver_holds_up_to_its_amount_and_its_last_day(tmp_path: Path) -> None:
    text = f"invoices:\n  - {INVOICE}\nwaivers:\n  - {WAIVER}\n"
    outcome = checked(tmp_path, text, today=date(2026, 11, 30))
    assert outcome.passed
    assert "credit note to come" in outcome.observed
    assert [kept.expected for kept in outcome.confirmed] == ["at most 5, by its waiver (credit note to come)"]
    [offender] = checked(tmp_path, text, today=date(2026, 12, 1)).offenders
    assert offender.expected == "at most 0.01; its waiver (credit note to come) ended on 2026-11-30"
    [offender] = checked(tmp_path, text, billed="105.01").offenders
    assert offender.expected == "at most 5, by its waiver (credit note to come)"


def test_an_invoice_of_a_month_that_nobody_delivered_is_told(tmp_path: Path) -> None:
    [offender] = checked(tmp_path, f"invoices:\n  - {INVOICE}\n", billed=None).offenders
    assert offender.observed == "invoiced 100 (I-1) and no bill"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"invoices:\n  - {INVOICE}\n  - {INVOICE}\n", r"invoices\[1\] \(line 4\) is listed a second time"),
        (f"invoices:\n  - {INVOICE.replace('aws-payer', 'aws')}\n", r"source \(line 3\) is 'aws', no source of"),
        (f"invoices:\n  - {INVOICE.replace('100', '1.5')}\n", r"total \(line 3\) is 1.5: write it in quotes"),
        (f"waivers:\n  - {WAIVER.replace(', until: 2026-11-30', '')}\n", r"until \(line 3\) is missing"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        loaded(tmp_path, text)
