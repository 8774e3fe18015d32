"""The truth sums to what the exports say, to the last digit, and what was planted is really there."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from read_exports import aws_live_lines, azure_newest_manifests, azure_rows, decimal, gcp_rows, totals

MONTHS = ("2026-09", "2026-10")


def allocations(directory: Path) -> list[dict[str, Any]]:
    return pq.ParquetFile(directory / "truth" / "allocations.parquet").read().to_pylist()


def truth_totals(directory: Path) -> dict[tuple[str, str, str], Decimal]:
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in allocations(directory):
        for basis in ("billed", "effective"):
            found[row["source_name"], row["billing_period"], basis] += row[f"{basis}_cost"]
    return dict(found)


def rows_of(path: Path) -> list[dict[str, str]]:
    options = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(path.read_text().split("\n", 1)[0].split(","), "string")
    )
    return arrow_csv.read_csv(path, convert_options=options).to_pylist()


def anomalies(directory: Path) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in rows_of(directory / "truth" / "anomalies.csv"):
        found[row["anomaly"]][row["charge_date"]] = Decimal(row["amount"])
    return found


def test_the_owners_of_every_cent_sum_to_the_exports_exactly(directory: Path):
    exported = totals(directory, MONTHS)

    assert len(exported) == 12
    assert truth_totals(directory) == exported


def test_the_totals_file_says_the_same(directory: Path):
    written = {
        (row["source_name"], row["billing_period"], row["cost_basis"]): Decimal(row["total"])
        for row in rows_of(directory / "truth" / "totals.csv")
    }

    assert written == totals(directory, MONTHS)


def test_the_truth_of_a_first_delivery_is_the_first_delivery(first_delivery: Path):
    assert truth_totals(first_delivery) == totals(first_delivery, ("2026-09",))
    live = {row["is_live"] for row in rows_of(first_delivery / "truth" / "restatements.csv")}
    assert live == {"true"}


def test_restatements_tell_what_was_live_before(directory: Path):
    restated = [
        row
        for row in rows_of(directory / "truth" / "restatements.csv")
        if (row["source_name"], row["billing_period"], row["cost_basis"]) == ("aws-payer", "2026-09", "billed")
    ]

    assert [row["is_live"] for row in restated] == ["false", "true"]
    assert Decimal(restated[0]["total"]) < Decimal(restated[1]["total"])
    assert int(restated[0]["rows"]) + 1 == int(restated[1]["rows"])


def test_each_row_has_an_owner_or_says_why_it_has_none(directory: Path):
    for row in allocations(directory):
        assert (row["team"] is not None) + row["is_idle"] + row["is_unallocated"] == 1, row
        assert (row["idle_type"] is not None) == row["is_idle"]
        assert (row["unallocated_reason_kind"] is not None) == row["is_unallocated"]


def test_idle_capacity_and_unused_commitments_are_there_but_small(directory: Path):
    effective: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in allocations(directory):
        effective[row["idle_type"]] += row["effective_cost"]
    total = sum(effective.values())

    assert Decimal("0.05") < effective["unallocated_capacity"] / total < Decimal("0.25")
    assert Decimal("0.005") < effective["unused_commitment"] / total < Decimal("0.05")


def test_serving_costs_a_believable_price_a_thousand_inferences(directory: Path):
    rows = pq.ParquetFile(directory / "truth" / "inference_unit_costs.parquet").read().to_pylist()
    prices = [1000 * row["effective_cost"] / row["inferences"] for row in rows]

    assert {row["model_name"] for row in rows} >= {"aurora-8b-chat", "whisper-acme", "reranker-base"}
    assert Decimal("0.0005") < min(prices)
    assert max(prices) < 5


def test_a_company_of_this_size_spends_half_a_million_a_month(directory: Path):
    exported = totals(directory, MONTHS)

    for month in MONTHS:
        spent = sum(total for (_, period, basis), total in exported.items() if (period, basis) == (month, "billed"))
        assert 400_000 < spent < 900_000


def test_the_forgotten_notebook_is_on_the_bill(directory: Path):
    columns = ["line_item_usage_type", "line_item_unblended_cost", "line_item_usage_start_date"]
    billed = {
        str(line["line_item_usage_start_date"].date()): decimal(line["line_item_unblended_cost"])
        for line in aws_live_lines(directory, "2026-10", columns)
        if line["line_item_usage_type"] == "USE1-Notebk:ml.g5.12xlarge"
    }

    assert billed == anomalies(directory)["forgotten_notebook"]
    assert min(billed) == "2026-10-17"


def test_lost_tags_leave_cost_without_an_owner(directory: Path):
    columns = ["line_item_resource_id", "line_item_unblended_cost", "line_item_usage_start_date", "resource_tags"]
    ownerless: dict[str, Decimal] = defaultdict(Decimal)
    for line in aws_live_lines(directory, "2026-10", columns):
        if ":application-inference-profile/" in (line["line_item_resource_id"] or "") and not line["resource_tags"]:
            ownerless[str(line["line_item_usage_start_date"].date())] += decimal(line["line_item_unblended_cost"])

    assert dict(ownerless) == anomalies(directory)["lost_tags"]


def test_the_runaway_job_runs_on_machines_that_were_not_there_before(directory: Path):
    days: dict[str, set[date]] = defaultdict(set)
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in gcp_rows(directory):
        if "A100" in row["sku"]["description"] or " A2 " in row["sku"]["description"]:
            day = date.fromisoformat(str(row["usage_start_time"])[:10])
            days[row["resource"]["name"]].add(day)
            costs[row["resource"]["name"]] += decimal(row["cost"])
    short = {name for name, found in days.items() if found == {date(2026, 10, day) for day in range(12, 16)}}

    assert len(short) == 3
    assert sum(costs[name] for name in short) == sum(anomalies(directory)["runaway_training"].values())


def test_the_price_change_is_a_price_and_no_quantity(directory: Path):
    rows = azure_rows(azure_newest_manifests(directory, "actual")["20261001-20261031"])
    scale_set = [row for row in rows if row["ResourceName"] == "aks-a100-27182818-vmss"]
    prices = {row["Date"]: (row["EffectivePrice"], row["Quantity"]) for row in scale_set}
    extra = sum((decimal(row["EffectivePrice"]) - decimal("3.673")) * decimal(row["Quantity"]) for row in scale_set)

    assert prices["10/09/2026"] == ("3.673", "24")
    assert prices["10/10/2026"] == ("4.114", "24")
    assert extra == sum(anomalies(directory)["price_change"].values())


@pytest.mark.parametrize("anomaly", ["storage_spike", "agent_loop"])
def test_the_other_planted_anomalies_are_in_the_last_month(directory: Path, anomaly: str):
    found = anomalies(directory)[anomaly]

    assert all(day.startswith("2026-10-") for day in found)
    assert min(found.values()) > 50
