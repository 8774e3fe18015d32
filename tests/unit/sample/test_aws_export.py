"""The AWS export looks like AWS's own and its commitments add up."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from read_exports import (
    AWS_EXPORT,
    aws_lines,
    aws_live_files,
    aws_live_lines,
    aws_manifest,
    decimal,
)

from finops_pipeline.sample import aws_columns

MONTHS = ("2026-09", "2026-10")


def executions(directory: Path, period: str) -> list[Path]:
    return sorted((directory / AWS_EXPORT / "data" / f"BILLING_PERIOD={period}").iterdir())


@pytest.mark.parametrize("period", MONTHS)
def test_the_manifest_names_exactly_the_files_of_its_execution(directory: Path, period: str):
    manifest = aws_manifest(directory, period)
    newest = executions(directory, period)[-1]

    assert newest.name == manifest["executionId"]
    assert sorted(newest.iterdir()) == aws_live_files(directory, period)
    assert len(manifest["dataFiles"]) > 1


def test_files_have_the_115_base_columns_with_the_types_the_manifest_says(directory: Path):
    (file, *_) = aws_live_files(directory, "2026-10")
    schema = pq.ParquetFile(file).schema_arrow
    names = {"string": "string", "double": "double", "timestamp[us]": "timestamp"}
    found = [
        {"name": field.name, "type": str(field.type).replace(" ", "").replace("('key_value')", "")}
        if str(field.type) not in names
        else {"name": field.name, "type": names[str(field.type)]}
        for field in schema
    ]

    assert [column["name"] for column in found] == list(aws_columns.NAMES)
    assert len(found) == 115
    assert [c for c in found if not c["type"].startswith("map<")] == [
        c for c in aws_manifest(directory, "2026-10")["columns"] if not c["type"].startswith("map<")
    ]
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "SNAPPY"


@pytest.mark.parametrize("period", MONTHS)
def test_covered_usage_and_its_negation_net_to_zero_per_plan(directory: Path, period: str):
    columns = ["line_item_line_item_type", "line_item_unblended_cost", "savings_plan_savings_plan_a_r_n"]
    covered: dict[str, Decimal] = defaultdict(Decimal)
    negated: dict[str, Decimal] = defaultdict(Decimal)
    for line in aws_live_lines(directory, period, columns):
        plan = line["savings_plan_savings_plan_a_r_n"]
        if line["line_item_line_item_type"] == "SavingsPlanCoveredUsage":
            covered[plan] += decimal(line["line_item_unblended_cost"])
        elif line["line_item_line_item_type"] == "SavingsPlanNegation":
            negated[plan] += decimal(line["line_item_unblended_cost"])

    assert covered
    assert {plan: -amount for plan, amount in negated.items()} == covered


def test_the_plan_is_used_in_part_and_its_used_part_is_what_the_machines_cost(directory: Path):
    columns = [
        "line_item_line_item_type",
        "savings_plan_savings_plan_effective_cost",
        "savings_plan_total_commitment_to_date",
        "savings_plan_used_commitment",
    ]
    lines = aws_live_lines(directory, "2026-10", columns)
    fees = [line for line in lines if line["line_item_line_item_type"] == "SavingsPlanRecurringFee"]
    used = sum(decimal(line["savings_plan_used_commitment"]) for line in fees)
    committed = sum(decimal(line["savings_plan_total_commitment_to_date"]) for line in fees)

    assert used == sum(
        decimal(line["savings_plan_savings_plan_effective_cost"])
        for line in lines
        if line["line_item_line_item_type"] == "SavingsPlanCoveredUsage"
    )
    assert 0 < used < committed


def test_every_kind_of_line_is_there(directory: Path):
    columns = ["line_item_line_item_type", "line_item_usage_type", "bill_billing_entity", "pricing_unit"]
    lines = aws_live_lines(directory, "2026-10", columns)

    assert {line["line_item_line_item_type"] for line in lines} == {
        "Usage",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "Fee",
        "Tax",
        "Credit",
        "Refund",
    }
    assert {line["bill_billing_entity"] for line in lines} == {"AWS", "AWS Marketplace"}
    assert {"1K tokens", "1M tokens", "Units", "GB-Mo", "Hrs", "Requests"} <= {line["pricing_unit"] for line in lines}
    assert any((line["line_item_usage_type"] or "").startswith("SpotUsage:g5") for line in lines)


def test_account_ids_keep_their_leading_zero(directory: Path):
    accounts = {
        line["line_item_usage_account_id"]
        for line in aws_live_lines(directory, "2026-10", ["line_item_usage_account_id"])
    }

    assert "033344445555" in accounts
    assert {len(account) for account in accounts} == {12}


def test_the_restated_month_differs_from_its_first_delivery_in_lines_and_amounts(directory: Path):
    first, second = (
        aws_lines(sorted(folder.iterdir()), ["identity_line_item_id", "line_item_unblended_cost", "bill_invoice_id"])
        for folder in executions(directory, "2026-09")
    )
    before = {line["identity_line_item_id"]: line["line_item_unblended_cost"] for line in first}
    after = {line["identity_line_item_id"]: line["line_item_unblended_cost"] for line in second}

    assert len(after.keys() - before.keys()) == 1
    assert before.keys() <= after.keys()
    assert any(before[line] != after[line] for line in before)
    assert {line["bill_invoice_id"] for line in first} == {None}
    assert None not in {line["bill_invoice_id"] for line in second}


def test_without_a_restatement_the_first_delivery_is_the_live_one(directory: Path, first_delivery: Path):
    assert len(executions(first_delivery, "2026-09")) == 1
    assert aws_manifest(first_delivery, "2026-09")["executionId"] == executions(directory, "2026-09")[0].name


def test_a_spot_machine_that_was_taken_away_returns_under_another_id(directory: Path):
    columns = ["line_item_usage_type", "line_item_usage_amount", "line_item_resource_id", "line_item_usage_start_date"]
    lines = [
        line
        for line in aws_live_lines(directory, "2026-10", columns)
        if (line["line_item_usage_type"] or "").startswith("SpotUsage:")
    ]
    last_days = {
        line["line_item_resource_id"]: line["line_item_usage_start_date"]
        for line in sorted(lines, key=lambda line: line["line_item_usage_start_date"])
    }
    interrupted = [line for line in lines if line["line_item_usage_amount"] < 24]

    assert interrupted
    assert {line["line_item_usage_amount"] for line in interrupted} <= {6.0, 12.0}
    assert all(last_days[line["line_item_resource_id"]] == line["line_item_usage_start_date"] for line in interrupted)
