"""The other two exports of Google Cloud as tables, and a table beside its dumps: one meaning, whatever the way."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from bigquery_server import Emulator, Proxies, Table
from billing_schemas import fields_of
from export_writers import GCP_ROW, write_json_lines

FOCUS_ROW = {
    "BillingAccountId": "01AB-02",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01 07:00:00 UTC",
    "BillingPeriodEnd": "2026-11-01 07:00:00 UTC",
    "ChargePeriodStart": "2026-10-01 23:00:00 UTC",
    "ChargePeriodEnd": "2026-10-02 00:00:00 UTC",
    "ChargeCategory": "Usage",
    "ServiceName": "Compute Engine",
    "x_ExportTime": "2026-10-02 03:04:05.678 UTC",
    "BilledCost": "1.25",
    "EffectiveCost": "1.125",
    "x_Labels": [{"Key": "team", "Value": "search"}],
    "x_Credits": [{"Name": "promotion", "Amount": "-0.000000001", "Type": "PROMOTION"}],
}


def totals(result: Any) -> dict[str, Decimal]:
    return {f"{total.billing_currency} {total.cost_basis}": total.exact for total in result.totals}


def test_the_standard_table_is_landed_month_by_month(company: Any, server: Emulator, dataset: str):
    table = Table(server, dataset, "gcp_billing_export_v1_01AB_02", fields_of("gcp_standard"))
    company.add_uri("standard", table.uri)
    table.append("2026-10-02", GCP_ROW, GCP_ROW | {"invoice": {"month": "202609"}, "cost": 1.81e-08})

    result = company.refresh("gcp_standard")

    assert result.failures == []
    assert [(d.billing_period, d.rows) for d in result.live] == [("2026-09", 1), ("2026-10", 1)]
    assert totals(result)["USD billed"] == Decimal("2.0000000181") - Decimal("0.5")
    assert str(result.live[0].drift) == ""


def test_the_focus_table_is_landed_by_the_month_its_billing_period_starts_in(
    company: Any, server: Emulator, dataset: str, proxies: Proxies
):
    table = Table(server, dataset, "gcp_billing_export_focus_01AB_02", fields_of("gcp_focus"))
    company.add_uri("focus", table.uri)
    # Midnight in California, or in UTC: the first of the month either way. Winter begins in November.
    september = {"BillingPeriodStart": "2026-09-01 00:00:00 UTC", "BilledCost": "0.000000001"}
    table.append("2026-10-02", FOCUS_ROW, FOCUS_ROW, FOCUS_ROW | september)

    result = company.refresh("gcp_focus")
    again = company.refresh("gcp_focus")
    table.append("2026-10-02", FOCUS_ROW | september | {"x_ExportTime": "2026-10-09 00:00:00 UTC", "BilledCost": "7"})
    corrected = company.refresh("gcp_focus")

    assert result.failures == []
    assert [(d.billing_period, d.rows) for d in result.live] == [("2026-09", 1), ("2026-10", 2)]
    assert totals(result) == {"USD billed": Decimal("2.500000001"), "USD effective": Decimal("3.375")}
    [line, _] = [line for line in company.landed(result) if line["x_billing_period"] == "2026-10"]
    assert (line["BilledCost"], line["x_Labels"]) == ("1.250000000", [{"Key": "team", "Value": "search"}])
    assert line["x_Credits"][0]["Amount"] == Decimal("-0.000000001")
    assert line["ChargePeriodStart"] == datetime(2026, 10, 1, 23)
    assert (again.landed, again.opened, len(again.unchanged)) == ([], [], 2)
    assert [(d.billing_period, d.rows) for d in corrected.landed] == [("2026-09", 2)]
    assert corrected.opened == ["payer: 2026-09 partition 2026-10-02"]
    assert totals(corrected)["USD billed"] == Decimal("9.500000001")


def test_a_table_of_another_dataset_is_told_by_its_columns(company: Any, server: Emulator, dataset: str):
    table = Table(server, dataset, "gcp_billing_export_focus_01AB_02", fields_of("gcp_focus"))
    company.add_uri("detailed", table.uri)

    [failure] = company.refresh("gcp_detailed").failures

    assert "has no column invoice, export_time" in str(failure)
    assert "dataset: detailed, standard or focus" in str(failure)


def test_a_table_and_the_dumps_of_it_are_landed_with_the_same_rows_and_totals(
    company: Any, detailed: Table, tmp_path: Path
):
    rows = [
        GCP_ROW | {"cost": cost, "invoice": {"month": month}, "labels": [{"key": "n", "value": str(number)}]}
        for number, (cost, month) in enumerate(
            [(1.81e-8, "202610"), (-4.5, "202610"), (0.1, "202609"), (0.2, "202610"), (1e-18, "202609")]
        )
    ]
    detailed.append("2026-10-02", *rows[:3])
    detailed.append("2026-10-03", *rows[3:])
    dumped = type(company)(tmp_path / "dumped")
    write_json_lines(dumped.folder / "dump" / "000000000000.jsonl.gz", [json.loads(json.dumps(row)) for row in rows])
    dumped.add("gcp", "detailed", dumped.folder / "dump")

    by_table, by_dump = company.refresh("gcp_detailed"), dumped.refresh("gcp_detailed")

    assert (by_table.failures, by_dump.failures) == ([], [])
    assert totals(by_table) == totals(by_dump)
    periods = [[(d.billing_period, d.rows, d.status) for d in result.live] for result in (by_table, by_dump)]
    assert periods[0] == periods[1]

    def meaning(of: Any, result: Any) -> list[tuple]:
        return sorted(
            (
                line["x_billing_period"],
                line["labels"][0]["value"],
                Decimal(line["cost"]),
                Decimal(str(line["credits"][0]["amount"])),
                line["export_time"],
                line["usage_start_time"],
            )
            for line in of.landed(result)
        )

    assert meaning(company, by_table) == meaning(dumped, by_dump)


def test_the_same_table_is_landed_with_the_same_bytes(company: Any, detailed: Table, tmp_path: Path):
    rows = [
        GCP_ROW | {"cost": number / 7, "usage_start_time": f"2026-10-01 {number % 24:02}:00:00 UTC"}
        for number in range(200)
    ]
    detailed.append("2026-10-02", *rows)
    other = type(company)(tmp_path / "other")
    other.sources = company.sources

    landed = [of.landing / of.refresh("gcp_detailed").live[0].files[0].landed for of in (company, other)]

    assert landed[0].read_bytes() == landed[1].read_bytes()
    assert pq.read_metadata(landed[0]).num_rows == 200
