"""Columns that come, go or change their type: all landed, and told with their names."""

from datetime import UTC, datetime

import pyarrow as pa
from export_writers import (
    AZURE_ROW,
    NOW,
    AzureExport,
    Company,
    Cur2Export,
    LegacyExport,
    csv_bytes,
    cur2_rows,
    write_json_lines,
    write_parquet,
)
from test_reading import CUR1_ROW

from finops_pipeline.checks.drift import delivered_columns_are_known
from finops_pipeline.extract.deliveries import Drift
from finops_pipeline.extract.drift import leaves
from finops_pipeline.extract.ledger import live_deliveries, read_rows


def told(company: Company, table: str, now: datetime = NOW) -> list[tuple[str, str]]:
    outcome = delivered_columns_are_known(read_rows(company.landing), table, now)
    assert outcome.passed is not bool(outcome.offenders)
    return [(offender.subject, offender.observed) for offender in outcome.offenders]


def test_a_first_delivery_of_declared_columns_has_no_drift(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")

    assert live_deliveries(company.landing)[0].drift == Drift()
    assert told(company, "aws_cur2") == []


def test_a_first_delivery_tells_the_columns_no_model_knows_and_they_are_landed(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0, line_item_future=7, Line_Item_Operation="Run"))
    result = company.refresh("aws_cur2")

    assert company.landed(result)[0]["line_item_future"] == "7"
    assert told(company, "aws_cur2") == [("payer 2026-10", "added: line_item_future")]
    assert "payer 2026-10: columns changed beside the declared ones: added line_item_future" in company.told


def test_columns_that_come_go_and_change_type_within_a_month_are_told_once(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0, line_item_usage_amount=1.0, gone="x"))
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(1.0, line_item_usage_amount="1", brand_new="x"), run=2)
    company.refresh("aws_cur2")

    [delivery] = live_deliveries(company.landing)
    drift = delivery.drift
    assert drift.compared_with == delivery.previous_delivery_id
    assert (drift.added, drift.missing) == (("brand_new",), ("gone",))
    assert drift.retyped == ("line_item_usage_amount DOUBLE -> VARCHAR",)
    assert told(company, "aws_cur2") == [
        ("payer 2026-10", f"added: brand_new; missing: gone; retyped: {drift.retyped[0]}")
    ]

    cur2.deliver("2026-10", cur2_rows(2.0, line_item_usage_amount="1", brand_new="x"), run=3)
    company.refresh("aws_cur2")
    assert told(company, "aws_cur2") == []


def test_the_first_delivery_of_a_month_is_compared_with_the_month_before_also_within_one_run(
    company: Company, cur2: Cur2Export
):
    cur2.deliver("2026-08", cur2_rows(1.0, mine="x"))
    cur2.deliver("2026-09", cur2_rows(1.0, mine="x"))
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")

    before, after, last = live_deliveries(company.landing)
    assert [str(delivery.drift) for delivery in (before, after, last)] == ["added mine", "", "missing mine"]
    assert last.drift.compared_with == after.delivery_id
    # What an old month was like was told when it was landed; a year later it is no news.
    assert [subject for subject, _ in told(company, "aws_cur2")] == ["payer 2026-08", "payer 2026-10"]
    assert told(company, "aws_cur2", datetime(2027, 10, 1, tzinfo=UTC)) == []


def test_reordered_columns_and_other_cases_are_no_drift(company: Company, azure: AzureExport):
    azure.deliver("2026-10", [AZURE_ROW])
    company.refresh("azure_cost_details")
    upside_down = {name.upper(): value for name, value in reversed(AZURE_ROW.items())}
    azure.deliver(
        "2026-10", [upside_down], run="11111111-aaaa-4bbb-8ccc-000000000002", submitted="2026-10-20T04:00:00Z"
    )
    result = company.refresh("azure_cost_details")

    assert (len(result.landed), result.failures) == (1, [])
    assert told(company, "azure_cost_details") == []


def test_a_renamed_required_column_stops_the_delivery_with_a_hint(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    before = live_deliveries(company.landing)
    [row] = cur2_rows(1.0)
    row["lineitem_unblended_cost"] = row.pop("line_item_unblended_cost")
    cur2.deliver("2026-10", [row], run=2)

    [failure] = company.refresh("aws_cur2").failures

    assert "has no column line_item_unblended_cost (but 'lineitem_unblended_cost': was it renamed?)" in str(failure)
    assert "Add the column to the export's query." in str(failure)
    assert live_deliveries(company.landing) == before


def test_fields_of_nested_columns_drift_like_columns(company: Company, gcp):
    from export_writers import GCP_ROW

    write_json_lines(gcp / "a.jsonl", [GCP_ROW])
    company.refresh("gcp_detailed")
    write_json_lines(gcp / "a.jsonl", [GCP_ROW | {"service": {"id": "6F81", "description": "x", "tier": "gold"}}])
    company.refresh("gcp_detailed")

    assert told(company, "gcp_detailed") == [("payer 2026-10", "added: service.tier")]


def test_tag_columns_of_a_legacy_report_are_expected_at_first_and_told_when_they_change(
    company: Company, legacy: LegacyExport
):
    legacy.deliver("20261001-20261101", csv_bytes([CUR1_ROW | {"resourceTags/user:team": "a"}]))
    company.refresh("aws_cur1")
    assert told(company, "aws_cur1") == []

    legacy.deliver("20261001-20261101", csv_bytes([CUR1_ROW | {"resourceTags/user:squad": "a"}]), assembly="2")
    company.refresh("aws_cur1")
    assert told(company, "aws_cur1") == [
        ("payer 2026-10", "added: resourceTags/user:squad; missing: resourceTags/user:team")
    ]


def test_parts_of_one_delivery_that_differ_are_told_as_such(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0), cur2_rows(1.0))
    schema = pa.Table.from_pylist(cur2_rows(1.0)).schema
    at = schema.get_field_index("line_item_unblended_cost")
    write_parquet(cur2.data_files()[1], cur2_rows(2), schema.set(at, pa.field("line_item_unblended_cost", pa.int64())))
    company.refresh("aws_cur2")

    assert told(company, "aws_cur2") == [
        ("payer 2026-10", "retyped: line_item_unblended_cost DOUBLE -> BIGINT or DOUBLE")
    ]


def test_a_table_of_many_new_columns_names_fifty():
    names = [f"c{number}" for number in range(60)]
    row = {
        "status": "live",
        "table_name": "aws_cur2",
        "source_name": "payer",
        "variant": "",
        "billing_period": "2026-10",
        "seen_at": NOW.replace(tzinfo=None),
        "drift": {"compared_with": None, "added": names, "missing": None, "retyped": []},
    }
    [offender] = delivered_columns_are_known([row, row | {"drift": None}], "aws_cur2", NOW).offenders

    assert offender.observed == f"added: {', '.join(names[:50])} and 10 more"


def test_leaves_of_nested_types():
    columns = {
        "a b": 'STRUCT("x y" INTEGER, z STRUCT(q VARCHAR)[])[]',
        "m": "MAP(VARCHAR, DOUBLE)",
        "n": "DECIMAL(38,9)",
    }

    assert leaves(columns) == {
        "a b[].x y": "INTEGER",
        "a b[].z[].q": "VARCHAR",
        "m": "MAP(VARCHAR, DOUBLE)",
        "n": "DECIMAL(38,9)",
    }
