"""Billing tables of BigQuery, read by the real clients: which months are landed, from which partitions, how exactly."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bigquery_server import Emulator, Proxies, Table
from billing_schemas import fields_of
from export_writers import GCP_ROW

from finops_pipeline.extract.deliveries import Delivery
from finops_pipeline.extract.ledger import read_deliveries
from finops_pipeline.extract.offered import look_for_news


def row(cost: object = 2.5, month: str = "202610", exported: str = "2026-10-02 03:04:05.678 UTC", **more: Any) -> dict:
    return GCP_ROW | {"cost": cost, "invoice": {"month": month}, "export_time": exported} | more


def totals(result: Any) -> dict[str, Decimal]:
    return {f"{total.billing_currency} {total.cost_basis}": total.exact for total in result.totals}


def parts(delivery: Delivery) -> dict[str, int]:
    return {file.name: file.rows for file in delivery.files}


def test_a_month_is_landed_with_one_part_for_each_partition_its_rows_arrived_in(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0), row(2.0, month="202609"))
    detailed.append("2026-10-03", row(4.0), row(8.0, exported="2026-10-03 05:00:00 UTC"))

    result = company.refresh("gcp_detailed")

    assert result.failures == []
    assert [(d.billing_period, parts(d)) for d in result.live] == [
        ("2026-09", {"partition 2026-10-02": 1}),
        ("2026-10", {"partition 2026-10-02": 1, "partition 2026-10-03": 2}),
    ]
    # Each row has a credit of -0.5.
    assert totals(result) == {"USD billed": Decimal(13), "USD effective": Decimal(13)}
    landed = company.landed(result)
    assert [(line["x_file"], line["x_row"], line["cost"]) for line in landed] == [
        ("partition 2026-10-02", 1, "2.0"),
        ("partition 2026-10-02", 1, "1.0"),
        ("partition 2026-10-03", 1, "4.0"),
        ("partition 2026-10-03", 2, "8.0"),
    ]
    assert landed[0]["export_time"] == datetime(2026, 10, 2, 3, 4, 5, 678000)
    assert landed[0]["labels"] == [{"key": "team", "value": "search"}]
    assert result.live[1].submitted_at == datetime(2026, 10, 3, 5)


def test_an_unchanged_table_is_probed_once_and_no_row_is_read(company: Any, detailed: Table, proxies: Proxies):
    detailed.append("2026-10-02", row(1.0), row(2.0, month="202609"))
    assert len(company.refresh("gcp_detailed").opened) == 2
    asked, read = len(proxies.rest.queries), len(proxies.storage.calls)

    again = company.refresh("gcp_detailed")

    assert (again.opened, again.landed, len(again.unchanged), again.failures) == ([], [], 2, [])
    assert len(proxies.rest.queries) == asked + 1
    assert len(proxies.storage.calls) == read


def test_the_sensor_sees_a_month_that_moved_and_reads_no_row(company: Any, detailed: Table, proxies: Proxies):
    detailed.append("2026-10-02", row(1.0), row(2.0, month="202609"))
    company.refresh("gcp_detailed")
    known = look_for_news(company.sources, company.landing, 50)
    detailed.append("2026-10-02", row(4.0, exported="2026-10-03 05:00:00 UTC"))
    read = len(proxies.storage.calls)

    news = look_for_news(company.sources, company.landing, 50)

    assert (known.changed, known.failed, known.too_slow) == ([], [], [])
    assert [line.split()[:2] for line in news.changed] == [["payer", "2026-10"]]
    assert len(proxies.storage.calls) == read
    [landed] = company.refresh("gcp_detailed").landed
    assert news.changed == [f"payer 2026-10  {landed.identity}"]


def test_late_rows_in_an_old_partition_are_found_and_only_that_partition_is_read_again(
    company: Any, detailed: Table, proxies: Proxies
):
    for day in range(2, 9):
        detailed.append(f"2026-10-{day:02}", row(float(day), exported=f"2026-10-{day:02} 09:00:00 UTC"))
    [before] = company.refresh("gcp_detailed").live
    untouched = [line for line in company.landed(company.refresh("gcp_detailed"))]
    # Seventeen days later: rows appended to a partition that every window of ten days would have left out.
    detailed.append("2026-10-03", row(100.0, exported="2026-10-20 01:00:00 UTC"))

    result = company.refresh("gcp_detailed")

    assert result.opened == ["payer: 2026-10 partition 2026-10-03"]
    assert totals(result)["USD billed"] == Decimal(2 + 3 + 4 + 5 + 6 + 7 + 8 + 100) - 8 * Decimal("0.5")
    [after] = result.live
    assert after.delivery_id != before.delivery_id
    assert parts(after) == {f"partition 2026-10-{day:02}": 1 + (day == 3) for day in range(2, 9)}
    landed = company.landed(result)
    assert {line["x_delivery_id"] for line in landed} == {after.delivery_id}
    # All but the partition that moved is what it was, row by row.
    kept = [line | {"x_delivery_id": before.delivery_id} for line in landed if "10-03" not in line["x_file"]]
    assert kept == [line for line in untouched if "10-03" not in line["x_file"]]
    assert str(after.drift) == ""


def test_a_correction_of_a_closed_month_counts_in_its_invoice_month_and_keeps_its_usage_day(
    company: Any, detailed: Table
):
    detailed.append("2026-08-16", row(10.0, month="202608", exported="2026-08-17 01:00:00 UTC"))
    detailed.append("2026-10-02", row(1.0))
    company.refresh("gcp_detailed")
    used = {"usage_start_time": "2026-08-15 07:00:00 UTC", "usage_end_time": "2026-08-15 08:00:00 UTC"}
    adjusted = {"adjustment_info": {"type": "PRICE_CORRECTION", "mode": "COMPLETE_NEGATION_WITH_REMONETIZATION"}}
    correction = used | adjusted | {"credits": [], "exported": "2026-10-19 04:00:00 UTC"}
    detailed.append("2026-10-19", row(-10.0, **correction), row(5.0, **correction))

    result = company.refresh("gcp_detailed")

    assert [(d.billing_period, d.rows) for d in result.landed] == [("2026-10", 3)]
    assert [(d.billing_period, d.rows) for d in result.unchanged] == [("2026-08", 1)]
    assert result.opened == ["payer: 2026-10 partition 2026-10-19"]
    corrections = [line for line in company.landed(result) if line["adjustment_info"]]
    assert sorted(line["cost"] for line in corrections) == ["-10.0", "5.0"]
    assert {(line["invoice"]["month"], line["usage_start_time"]) for line in corrections} == {
        ("202610", datetime(2026, 8, 15, 7))
    }
    assert totals(result)["USD billed"] == Decimal("9.5") + Decimal("0.5") + Decimal(-10) + Decimal(5)


def test_a_correction_inside_a_closed_month_replaces_that_month_alone(company: Any, detailed: Table):
    detailed.append("2026-08-16", row(10.0, month="202608", exported="2026-08-17 01:00:00 UTC"))
    detailed.append("2026-10-02", row(1.0))
    company.refresh("gcp_detailed")
    detailed.append("2026-10-04", row(-3.0, month="202608", exported="2026-10-05 01:00:00 UTC"))

    result = company.refresh("gcp_detailed")

    assert [(d.billing_period, parts(d)) for d in result.landed] == [
        ("2026-08", {"partition 2026-08-16": 1, "partition 2026-10-04": 1})
    ]
    august = [d for d in read_deliveries(company.landing) if d.billing_period == "2026-08"]
    assert [delivery.status for delivery in august] == ["superseded", "live"]
    assert any("2026-08: restated" in line for line in company.told)


def test_two_equal_rows_both_count(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.5), row(1.5))

    result = company.refresh("gcp_detailed")

    assert (result.rows, totals(result)["USD billed"]) == (2, Decimal(2))


def test_credits_of_a_row_count_each_once_and_beside_the_cost(company: Any, detailed: Table):
    credits = [{"name": "a", "type": "PROMOTION", "amount": -0.1}, {"name": "a", "type": "PROMOTION", "amount": -0.1}]
    detailed.append("2026-10-02", row(1.0, credits=credits), row(1.0, credits=[]))

    result = company.refresh("gcp_detailed")

    assert totals(result)["USD billed"] == Decimal("1.8")
    assert [len(line["credits"]) for line in company.landed(result)].count(2) == 1


@pytest.mark.parametrize(
    ("cost", "exact"),
    [
        (1.81e-08, "0.0000000181"),
        (0.1, "0.1"),
        (1e-18, "0.000000000000000001"),
        (123456789.123456789, "123456789.12345679"),
        (5e-324, None),
    ],
)
def test_a_float_keeps_its_shortest_digits_and_a_numeric_all_of_them(
    company: Any, detailed: Table, cost: float, exact: str | None
):
    numeric = {"list_price": "0.000000001", "effective_price": "99999999999999999999999999999.999999999"}
    detailed.append("2026-10-02", row(cost, credits=[], price=numeric, cost_at_effective_price_default="0.123456789"))

    result = company.refresh("gcp_detailed")

    [line] = company.landed(result)
    assert float(line["cost"]) == cost
    if exact:
        assert totals(result)["USD billed"] == Decimal(exact)
    assert line["price"]["list_price"] == Decimal("0.000000001")
    assert line["price"]["effective_price"] == Decimal("99999999999999999999999999999.999999999")
    assert line["cost_at_effective_price_default"] == "0.123456789"


def test_pacific_invoice_months_are_kept_although_the_usage_is_in_the_next_month_of_utc(company: Any, detailed: Table):
    # 00:30 UTC on 1 October is still 30 September in California; in winter the border lies an hour later.
    october = {"usage_start_time": "2026-10-01 00:30:00 UTC", "usage_end_time": "2026-10-01 01:30:00 UTC"}
    december = {"usage_start_time": "2026-12-01 07:30:00 UTC", "usage_end_time": "2026-12-01 08:30:00 UTC"}
    detailed.append("2026-10-01", row(1.0, month="202609", **october))
    detailed.append("2026-12-01", row(2.0, month="202611", **december))

    result = company.refresh("gcp_detailed", now=datetime(2026, 12, 2, tzinfo=UTC))

    assert [d.billing_period for d in result.live] == ["2026-09", "2026-11"]
    usage = [line["usage_start_time"] for line in company.landed(result)]
    assert usage == [datetime(2026, 10, 1, 0, 30), datetime(2026, 12, 1, 7, 30)]


def test_ids_keep_their_leading_zeros(company: Any, detailed: Table):
    ids = {"billing_account_id": "0012AB-00", "project": {"id": "007", "number": "000123456789"}, "sku": {"id": "00E1"}}
    detailed.append("2026-10-02", row(**ids))

    [line] = company.landed(company.refresh("gcp_detailed"))

    assert (line["billing_account_id"], line["project"]["number"], line["sku"]["id"]) == (
        "0012AB-00",
        "000123456789",
        "00E1",
    )


def test_rows_without_project_resource_and_labels_are_landed(company: Any, detailed: Table):
    tax = {"billing_account_id": "01AB-02", "cost_type": "tax", "cost": 0.07, "currency": "USD", "credits": []}
    instants = {name: GCP_ROW[name] for name in ("usage_start_time", "usage_end_time", "export_time")}
    detailed.append("2026-10-02", tax | instants | {"invoice": {"month": "202610"}})

    result = company.refresh("gcp_detailed")

    assert totals(result)["USD billed"] == Decimal("0.07")
    assert company.landed(result)[0]["project"] is None


def test_two_billing_accounts_in_one_table_are_both_landed(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0), row(2.0, billing_account_id="0FFF-03"))

    result = company.refresh("gcp_detailed")

    assert sorted(line["billing_account_id"] for line in company.landed(result)) == ["01AB-02", "0FFF-03"]
    assert totals(result)["USD billed"] == Decimal(2)


def test_currencies_are_never_added(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0), row(2.0, currency="EUR"), row(4.0, currency="eur"))

    found = totals(company.refresh("gcp_detailed"))

    assert (found["USD billed"], found["EUR billed"]) == (Decimal("0.5"), Decimal(5))


def test_a_new_column_is_landed_reported_and_empty_for_the_partitions_that_did_not_move(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0))
    company.refresh("gcp_detailed")
    detailed.add_column("carbon_grams", "FLOAT64")
    detailed.append("2026-10-03", row(2.0, carbon_grams=0.25))

    result = company.refresh("gcp_detailed")

    assert result.failures == []
    assert [line.get("carbon_grams") for line in company.landed(result)] == [None, "0.25"]
    assert result.live[0].drift.added == ("carbon_grams",)


def test_an_empty_table_is_not_delivered_yet(company: Any, detailed: Table):
    result = company.refresh("gcp_detailed")

    assert (result.failures, result.landed, len(result.not_delivered)) == ([], [], 1)
    assert f"payer 2026-10: not delivered yet; no complete delivery in {detailed.uri}" in result.not_delivered[0]


def test_a_range_lands_its_months_alone_and_the_next_refresh_the_others(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0), row(2.0, month="202609"), row(3.0, month="202608"))

    first = company.refresh("gcp_detailed", from_period="2026-08", to_period="2026-08")
    second = company.refresh("gcp_detailed")

    assert [d.billing_period for d in first.landed] == ["2026-08"]
    assert first.opened == ["payer: 2026-08 partition 2026-10-02"]
    assert [d.billing_period for d in second.landed] == ["2026-09", "2026-10"]


def test_partitions_that_expire_keep_their_landed_rows(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0))
    detailed.append("2026-10-03", row(2.0))
    company.refresh("gcp_detailed")
    detailed.delete("2026-10-02")
    detailed.append("2026-10-05", row(4.0, exported="2026-10-05 09:00:00 UTC"))

    result = company.refresh("gcp_detailed")
    again = company.refresh("gcp_detailed")

    assert result.failures == []
    assert parts(result.live[0]) == {f"partition 2026-10-{day}": 1 for day in ("02", "03", "05")}
    assert totals(result)["USD billed"] == Decimal("5.5")
    assert (again.opened, again.landed, len(again.unchanged)) == ([], [], 1)


def test_a_partition_that_was_deleted_between_others_is_refused_and_its_month_stays(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0))
    detailed.append("2026-10-03", row(2.0))
    company.refresh("gcp_detailed")
    detailed.delete("2026-10-03")

    result = company.refresh("gcp_detailed")

    assert "2026-10: 1 rows of the partition 2026-10-03" in str(result.failures[0])
    assert result.rows == 2


def test_a_table_that_lost_all_rows_of_the_open_month_is_refused(company: Any, detailed: Table):
    detailed.append("2026-09-02", row(1.0, month="202609"))
    detailed.append("2026-10-03", row(2.0))
    company.refresh("gcp_detailed")
    detailed.delete("2026-10-03")

    result = company.refresh("gcp_detailed")

    assert "2026-10: 1 rows were landed, and no partition in" in str(result.failures[0])
    assert result.rows == 2


def test_a_landed_part_that_someone_removed_is_read_again(company: Any, detailed: Table):
    detailed.append("2026-10-02", row(1.0))
    detailed.append("2026-10-03", row(2.0))
    [before] = company.refresh("gcp_detailed").live
    (company.landing / before.files[0].landed).unlink()
    detailed.append("2026-10-04", row(4.0, exported="2026-10-04 09:00:00 UTC"))

    result = company.refresh("gcp_detailed")

    assert result.opened == ["payer: 2026-10 partition 2026-10-02", "payer: 2026-10 partition 2026-10-04"]
    assert totals(result)["USD billed"] == Decimal("5.5")


def test_another_table_takes_nothing_from_the_rows_of_the_one_before(
    company: Any, detailed: Table, server: Emulator, dataset: str
):
    detailed.append("2026-10-02", row(1.0))
    company.refresh("gcp_detailed")
    other = Table(server, dataset, "gcp_billing_export_resource_v1_other", fields_of("gcp_detailed"))
    other.append("2026-10-02", row(64.0))
    company.sources.clear()
    company.add_uri("detailed", other.uri)

    result = company.refresh("gcp_detailed")

    assert totals(result)["USD billed"] == Decimal("63.5")


def test_every_query_filters_on_the_partition_and_is_limited_in_what_it_bills(
    company: Any, detailed: Table, proxies: Proxies
):
    detailed.append("2026-10-02", row(1.0))
    company.refresh("gcp_detailed")

    asked = [request for request in proxies.rest.requests if request.sql]
    assert len(asked) == 2  # before the rows were read, and after
    for request in asked:
        assert "WHERE _PARTITIONTIME >= TIMESTAMP" in request.sql
        assert "invoice.month" in request.sql
        assert "labels" not in request.sql
        config = request.body.get("configuration", {}).get("query", request.body)
        assert int(config["maximumBytesBilled"]) == 10 * 2**30
        assert request.body.get("location", request.body.get("jobReference", {}).get("location")) == "EU"
