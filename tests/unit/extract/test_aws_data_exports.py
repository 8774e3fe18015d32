"""CUR 2.0 exports: which deliveries count, how a month is replaced, and what is refused."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_writers import Company, Cur2Export, cur2_rows, write_parquet

from finops_pipeline.extract.ledger import read_deliveries

EARLY = "2026-10-18T01:02:03.004Z-6b622448-daaa-439c-92f1-afc727f1e0a3"
LATE = "2026-10-19T01:02:03.004Z-aab27b33-0000-4000-8000-000000000001"


def billed(result) -> Decimal:
    [total] = [total for total in result.totals if total.cost_basis == "billed"]
    return total.exact


def test_a_delivery_is_landed_with_the_address_of_every_row(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.5, 2.5), cur2_rows(3.0), execution=LATE)

    result = company.refresh("aws_cur2")

    assert not result.failures
    [delivery] = result.landed
    assert delivery.delivery_id.startswith("2026-10-19T01-02-03-004Z-aab27b33-0000-4000-8000-000000000001-")
    rows = company.landed(result)
    names = [f"{cur2.prefix}data/BILLING_PERIOD=2026-10/{LATE}/finops-cur2-0000{n}.snappy.parquet" for n in (1, 2)]
    assert [(row["x_file"], row["x_row"]) for row in rows] == [(names[0], 1), (names[0], 2), (names[1], 1)]
    assert {row["x_delivery_id"] for row in rows} == {delivery.delivery_id}
    assert {(row["x_source_name"], row["x_billing_period"], row["x_is_net"]) for row in rows} == {
        ("payer", "2026-10", False)
    }
    assert billed(result) == Decimal("7.0")
    assert company.told == ["payer 2026-10: landing 2 files, 0.0 MB"]
    folder = company.landing / "aws_cur2" / "payer" / "2026-10" / delivery.delivery_id
    assert sorted(path.name for path in folder.iterdir()) == [
        "_delivery.json",
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    told = json.loads((folder / "_delivery.json").read_text())
    assert (told["rows"], told["manifest"]) == (3, str(cur2.manifest_path("2026-10")))


def test_a_second_refresh_opens_no_data_file_and_lands_nothing(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.5))
    assert company.refresh("aws_cur2").opened
    ledger = (company.landing / "deliveries.parquet").read_bytes()

    again = company.refresh("aws_cur2")

    assert (again.landed, again.opened, again.failures) == ([], [], [])
    assert [delivery.billing_period for delivery in again.unchanged] == ["2026-10"]
    assert again.rows == 1
    assert (company.landing / "deliveries.parquet").read_bytes() == ledger


def test_of_several_executions_in_one_folder_only_the_one_the_manifest_names_counts(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0, 1.0), execution=EARLY)
    cur2.deliver("2026-10", cur2_rows(1.0, 1.0, 5.0), execution=LATE)
    assert len(cur2.data_files()) == 2

    result = company.refresh("aws_cur2")

    assert (result.rows, billed(result)) == (3, Decimal("7.0"))


def test_a_restated_month_is_replaced_whole_and_the_other_month_stays(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-09", cur2_rows(10.0, 20.0, 30.0), execution=EARLY)
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)
    first = company.refresh("aws_cur2")
    cur2.deliver("2026-09", cur2_rows(11.0, 20.0), execution=LATE)

    second = company.refresh("aws_cur2")

    assert [delivery.billing_period for delivery in second.landed] == ["2026-09"]
    assert [delivery.billing_period for delivery in second.unchanged] == ["2026-10"]
    assert (first.rows, second.rows) == (4, 3)
    assert billed(second) == Decimal("32.0")
    september = [d for d in read_deliveries(company.landing) if d.billing_period == "2026-09"]
    assert [delivery.status for delivery in september] == ["superseded", "live"]
    assert september[1].previous_delivery_id == september[0].delivery_id
    assert (company.landing / september[0].files[0].landed).exists(), "the earlier delivery is kept"


def test_a_delivery_that_comes_back_is_live_again_under_the_same_id(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)
    [first] = company.refresh("aws_cur2").live
    cur2.deliver("2026-10", cur2_rows(2.0), execution=LATE)
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)

    third = company.refresh("aws_cur2")

    assert [delivery.delivery_id for delivery in third.live] == [first.delivery_id]
    assert billed(third) == Decimal("1.0")
    assert [delivery.status for delivery in read_deliveries(company.landing)] == ["superseded", "live"]


def test_the_same_delivery_has_the_same_id_and_identity_on_another_machine(tmp_path):
    ids = []
    for machine in ("one", "two"):
        company = Company(tmp_path / machine)
        export = Cur2Export(company.folder)
        company.add("aws", "cur2", export.root)
        export.deliver("2026-10", cur2_rows(1.0), execution=LATE)
        [delivery] = company.refresh("aws_cur2").live
        ids.append((delivery.delivery_id, delivery.identity))
    assert ids[0] == ids[1]


def test_two_identical_lines_both_count(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(0.1, 0.1) + cur2_rows(0.1))

    result = company.refresh("aws_cur2")

    assert (result.rows, billed(result)) == (3, Decimal("0.3"))


def test_the_period_folder_is_found_in_any_case_and_the_period_comes_from_it(company: Company, cur2: Cur2Export):
    key = "data/billing_period=2026-10/finops-cur2-00001.snappy.parquet"
    write_parquet(cur2.root / key, cur2_rows(1.0))
    manifest = cur2.root / "metadata" / "billing_period=2026-10" / "finops-cur2-Manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"dataFiles": [cur2.prefix + key]}))

    assert [delivery.billing_period for delivery in company.refresh("aws_cur2").live] == ["2026-10"]


def test_where_only_executions_have_a_manifest_the_newest_one_counts(company: Company, cur2: Cur2Export):
    for execution, cost in ((LATE, 7.0), (EARLY, 1.0)):
        key = f"data/BILLING_PERIOD=2026-10/{execution}/finops-cur2-00001.snappy.parquet"
        write_parquet(cur2.root / key, cur2_rows(cost))
        manifest = cur2.root / "metadata" / "BILLING_PERIOD=2026-10" / execution / "finops-cur2-Manifest.json"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(json.dumps({"dataFiles": [cur2.prefix + key]}))

    assert billed(company.refresh("aws_cur2")) == Decimal("7.0")


def test_every_delivered_column_is_landed_known_or_not(company: Company, cur2: Cur2Export):
    cur2.deliver(
        "2026-10",
        cur2_rows(1.0, some_new_column="new", resource_tags=[("user_team", "search")], **{"odd; name'\"": "x"}),
    )

    [row] = company.landed(company.refresh("aws_cur2"))

    assert (row["some_new_column"], row["odd; name'\""]) == ("new", "x")
    assert "BILLING_PERIOD" not in row, "the folder's name is no delivered column"


def test_instants_with_a_zone_are_landed_in_utc_without_one(company: Company, cur2: Cur2Export):
    schema = pa.schema(
        [
            ("bill_payer_account_id", pa.string()),
            ("line_item_line_item_type", pa.string()),
            ("line_item_usage_start_date", pa.timestamp("ms", tz="Europe/Berlin")),
            ("line_item_currency_code", pa.string()),
            ("line_item_unblended_cost", pa.float64()),
        ]
    )
    rows = cur2_rows(1.0, line_item_usage_start_date=datetime(2026, 10, 1, 5, tzinfo=UTC))
    cur2.deliver("2026-10", cur2_rows(1.0))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), cur2.data_files()[0])

    [row] = company.landed(company.refresh("aws_cur2"))

    assert row["line_item_usage_start_date"] == datetime(2026, 10, 1, 5)


def test_net_amounts_are_chosen_once_for_the_whole_delivery(company: Company, cur2: Cur2Export):
    gross_only = cur2_rows(5.0, line_item_net_unblended_cost=None)
    cur2.deliver("2026-10", gross_only, cur2_rows(10.0, line_item_net_unblended_cost=8.0))

    result = company.refresh("aws_cur2")

    assert billed(result) == Decimal("8.0"), "a line without net amount does not fall back to its gross amount"
    assert {row["x_is_net"] for row in company.landed(result)} == {True}


def test_effective_cost_follows_the_line_type(company: Company, cur2: Cur2Export):
    amounts = {
        "savings_plan_savings_plan_effective_cost": None,
        "savings_plan_total_commitment_to_date": None,
        "savings_plan_used_commitment": None,
        "reservation_effective_cost": None,
        "reservation_unused_amortized_upfront_fee_for_billing_period": None,
        "reservation_unused_recurring_fee": None,
        "reservation_reservation_a_r_n": None,
    }
    lines = [
        ("Usage", 1.0, {}, "1"),
        ("Tax", 0.5, {}, "0.5"),
        ("Credit", -0.25, {}, "-0.25"),
        ("SavingsPlanCoveredUsage", 10.0, {"savings_plan_savings_plan_effective_cost": 6.5}, "6.5"),
        ("SavingsPlanNegation", -10.0, {}, "0"),
        ("SavingsPlanUpfrontFee", 100.0, {}, "0"),
        (
            "SavingsPlanRecurringFee",
            7.0,
            {"savings_plan_total_commitment_to_date": 7.0, "savings_plan_used_commitment": 6.5},
            "0.5",
        ),
        ("DiscountedUsage", 0.0, {"reservation_effective_cost": 3.25}, "3.25"),
        (
            "RIFee",
            4.0,
            {
                "reservation_unused_amortized_upfront_fee_for_billing_period": 0.125,
                "reservation_unused_recurring_fee": 0.25,
            },
            "0.375",
        ),
        ("Fee", 30.0, {"reservation_reservation_a_r_n": "arn:aws:ec2:us-east-1:1:reserved-instances/x"}, "0"),
        ("Fee", 2.0, {}, "2"),
    ]
    rows = [cur2_rows(cost, line_item_line_item_type=kind, **(amounts | own))[0] for kind, cost, own, _ in lines]
    # All-null columns would be written without a type.
    typed = dict.fromkeys(amounts, 1.0) | {"reservation_reservation_a_r_n": "arn"}
    schema = pa.Table.from_pylist(cur2_rows(0.0, **typed)).schema
    cur2.deliver("2026-10", cur2_rows(0.0))
    write_parquet(cur2.data_files()[0], rows, schema)

    result = company.refresh("aws_cur2")

    totals = {total.cost_basis: total.exact for total in result.totals}
    assert totals["billed"] == sum(Decimal(str(cost)) for _, cost, _, _ in lines)
    assert totals["effective"] == sum(Decimal(effective) for *_, effective in lines)


def test_totals_stand_apart_by_currency(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0) + cur2_rows(2.0, line_item_currency_code="EUR"))

    result = company.refresh("aws_cur2")

    assert [str(total) for total in result.totals] == [
        "2 EUR billed",
        "2 EUR effective",
        "1 USD billed",
        "1 USD effective",
    ]


def test_nothing_delivered_for_the_open_month_is_told_and_no_failure(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))

    result = company.refresh("aws_cur2", now=datetime(2026, 11, 1, 3, tzinfo=UTC))

    assert not result.failures
    assert result.not_delivered == [f"payer 2026-11: not delivered yet; no complete delivery in {cur2.root}"]
    assert result.rows == 1


def test_data_without_a_manifest_is_not_read(company: Company, cur2: Cur2Export):
    write_parquet(cur2.root / "data" / "BILLING_PERIOD=2026-10" / "finops-cur2-00001.snappy.parquet", cur2_rows(1.0))

    result = company.refresh("aws_cur2")

    assert (result.rows, result.failures, len(result.not_delivered)) == (0, [], 1)


def test_a_range_of_months_takes_only_those_months(company: Company, cur2: Cur2Export):
    for period in ("2026-07", "2026-08", "2026-09", "2026-10"):
        cur2.deliver(period, cur2_rows(1.0))

    result = company.refresh("aws_cur2", from_period="2026-08", to_period="2026-09")
    assert [delivery.billing_period for delivery in result.landed] == ["2026-08", "2026-09"]

    everything = company.refresh("aws_cur2")
    assert [delivery.billing_period for delivery in everything.landed] == ["2026-07", "2026-10"]
    assert len(everything.live) == 4


def test_a_header_only_month_is_landed_with_no_rows(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    path = cur2.data_files()[0]
    pq.write_table(pq.read_table(path).slice(0, 0), path)

    result = company.refresh("aws_cur2")

    [delivery] = result.live
    assert (delivery.rows, delivery.totals, result.failures) == (0, (), [])


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ({}, "has no list dataFiles"),
        ({"dataFiles": "x"}, "has no list dataFiles"),
        ({"dataFiles": [7]}, "has an entry in dataFiles that names no file"),
        ({"dataFiles": ["s3://acme-billing/cur2/finops-cur2/data/../../../x"]}, "not a plain key"),
        ({"dataFiles": ["s3://elsewhere/cur2/finops-cur2/data/BILLING_PERIOD=2026-10/x.parquet"]}, "bucket"),
        ({"dataFiles": ["https://example.com/x.parquet"]}, "no manifest may name"),
        (
            {"dataFiles": ["cur2/finops-cur2/data/BILLING_PERIOD=2026-09/x.parquet"]},
            "not in data/BILLING_PERIOD=2026-10/",
        ),
        ({"dataFiles": ["cur2/finops-cur2/data/BILLING_PERIOD=2026-10/x.orc"]}, "neither Parquet nor CSV"),
        (
            {"dataFiles": [f"cur2/finops-cur2/data/BILLING_PERIOD=2026-10/{name}/x.csv.gz" for name in (EARLY, LATE)]},
            "files of several executions",
        ),
        ({"dataFiles": ["cur2/finops-cur2/data/BILLING_PERIOD=2026-10/x.parquet"] * 2}, "twice"),
    ],
)
def test_a_manifest_that_names_what_it_must_not_is_refused(
    company: Company, cur2: Cur2Export, manifest: dict, why: str
):
    cur2.write_manifest("2026-10", manifest)

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert why in str(failure)
    assert "finops-cur2-Manifest.json" in str(failure)
    assert (result.rows, result.opened) == (0, [])


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00", '{"a": NaN'])
def test_a_manifest_that_is_no_json_object_is_refused(company: Company, cur2: Cur2Export, content: str):
    cur2.manifest_path("2026-10").parent.mkdir(parents=True)
    cur2.manifest_path("2026-10").write_text(content)

    [failure] = company.refresh("aws_cur2").failures

    assert "no JSON" in str(failure)


def test_two_exports_in_one_folder_are_refused_as_ambiguous(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    path = cur2.manifest_path("2026-10")
    path.rename(path.with_name("one-Manifest.json"))
    path.with_name("two-Manifest.json").write_text("{}")

    [failure] = company.refresh("aws_cur2").failures

    assert "several manifests for one billing period" in str(failure)
