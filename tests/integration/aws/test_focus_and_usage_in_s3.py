"""FOCUS exports and usage feeds in a bucket: read by the same transport as the line items."""

import gzip
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from cloud_company import CloudCompany
from export_writers import as_csv, csv_bytes, write_parquet
from faulty_proxy import Answer, FaultyProxy
from s3_server import Bucket

from finops_pipeline.config import UsageFeed

EXECUTION = "2026-10-19T01:02:03.004Z-aab27b33-0000-4000-8000-000000000001"
PREFIX = "focus/finops-focus/"
LINE: dict[str, Any] = {
    "BillingAccountId": "012345678901",
    "BillingCurrency": "USD",
    "BillingPeriodStart": datetime(2026, 10, 1),
    "BillingPeriodEnd": datetime(2026, 11, 1),
    "ChargeCategory": "Usage",
    "ChargePeriodStart": datetime(2026, 10, 5),
    "ChargePeriodEnd": datetime(2026, 10, 6),
    "BilledCost": 1.5,
    "EffectiveCost": 1.25,
    "ServiceName": "Amazon Bedrock",
    "Tags": [("user_team", "search")],
    "x_ServiceCode": "AmazonBedrock",
}


@pytest.mark.parametrize("partition", ["billing_period=2026-10", "BILLING_PERIOD=2026-10"])
@pytest.mark.parametrize("ending", ["snappy.parquet", "csv.gz"])
def test_a_focus_export_is_landed_with_both_of_its_costs(
    company: CloudCompany, bucket: Bucket, partition: str, ending: str
):
    company.add_s3("focus", "s3://acme-billing/focus/finops-focus")
    key = f"{PREFIX}data/{partition}/{EXECUTION}/finops-focus-00001.{ending}"
    if ending == "csv.gz":
        bucket.put(key, gzip.compress(csv_bytes([as_csv(LINE)] * 2)))
    else:
        bucket.put(key, write_parquet(company.folder / "x.parquet", [LINE] * 2).read_bytes())
    told = {"dataFiles": [f"s3://acme-billing/{key}"]}
    bucket.put(f"{PREFIX}metadata/{partition}/finops-focus-Manifest.json", json.dumps(told).encode())

    result = company.refresh("aws_focus")

    assert result.failures == []
    assert [str(total) for total in result.totals] == ["3 USD billed", "2.5 USD effective"]
    assert [delivery.billing_period for delivery in result.live] == ["2026-10"]
    assert company.landed(result)[0]["x_ServiceCode"] == "AmazonBedrock"


FEED = UsageFeed(name="gpu-pods", kind="gpu_hours", uri="s3://acme-billing/telemetry/gpu_hours/*.csv")


def hours(quantity: str) -> bytes:
    row = {
        "usage_start": "2026-10-01T00:00:00Z",
        "usage_end": "2026-10-01T01:00:00Z",
        "cluster": "train",
        "workload": "pretrain",
        "gpu_hours_requested": quantity,
    }
    return csv_bytes([row])


def quantities(company: CloudCompany) -> list[Decimal]:
    return sorted(row["gpu_hours_requested"] for row in company.landed(company.refresh("gpu_hours")))


def test_a_feed_in_a_bucket_is_the_files_that_match_now(company: CloudCompany, bucket: Bucket, proxy: FaultyProxy):
    company.feeds.append(FEED)
    for day in ("01", "02"):
        bucket.put(f"telemetry/gpu_hours/2026-10-{day}.csv", hours(day))
    bucket.put("telemetry/gpu_hours/_SUCCESS", b"")
    bucket.put("telemetry/gpu_hours/notes.txt", b"no data")
    assert quantities(company) == [1, 2]
    proxy.requests.clear()
    assert quantities(company) == [1, 2]
    assert [request for request in proxy.requests if request.path.endswith(".csv")] == [], "nothing new is read"

    bucket.put("telemetry/gpu_hours/2026-10-02.csv", hours("5"))
    bucket.put("telemetry/gpu_hours/2026-10-03.csv", hours("7"))
    bucket.delete("telemetry/gpu_hours/2026-10-01.csv")

    assert quantities(company) == [5, 7]
    assert list((company.landing / ".downloads").iterdir()) == [], "no copy is left behind"


def test_a_feed_whose_folder_is_empty_is_told_and_one_that_had_files_is_a_failure(
    company: CloudCompany, bucket: Bucket
):
    company.feeds.append(FEED)
    result = company.refresh("gpu_hours")
    assert (result.failures, len(result.not_delivered)) == ([], 1)
    bucket.put("telemetry/gpu_hours/2026-10-01.csv", hours("1"))
    assert quantities(company) == [1]
    bucket.delete("telemetry/gpu_hours/2026-10-01.csv")

    result = company.refresh("gpu_hours")

    [failure] = result.failures
    assert "is reachable, but nothing is there" in str(failure)
    assert len(result.live) == 1


def test_a_file_of_a_feed_that_is_denied_stops_no_other(company: CloudCompany, bucket: Bucket, proxy: FaultyProxy):
    company.feeds.append(FEED)
    for day in ("01", "02"):
        bucket.put(f"telemetry/gpu_hours/2026-10-{day}.csv", hours(day))
    proxy.answer = lambda request: Answer(403, "AccessDenied") if request.path.endswith("01.csv") else None

    result = company.refresh("gpu_hours")

    [failure] = result.failures
    assert "2026-10-01.csv is denied: these credentials lack s3:GetObject" in str(failure)
    assert len(result.live) == 1


@pytest.mark.parametrize("name", ["n" * 300 + ".csv", "ü" * 200 + ".csv", "Jän 1 + [x] 'q' 100%.csv"])
def test_a_file_of_any_name_a_store_allows_is_read(company: CloudCompany, bucket: Bucket, name: str):
    company.feeds.append(FEED)
    bucket.put(f"telemetry/gpu_hours/{name}", hours("2"))

    assert quantities(company) == [2]
    assert company.refresh("gpu_hours").opened == []


@pytest.mark.parametrize("uri", ["s3://acme-billing/telemetry/gpu_hours", "s3://acme-billing/telemetry/gpu_hours/"])
def test_a_folder_instead_of_files_is_refused_with_the_pattern_to_write(
    company: CloudCompany, bucket: Bucket, uri: str
):
    company.feeds.append(FEED.model_copy(update={"uri": uri}))
    bucket.put("telemetry/gpu_hours/2026-10-01.csv", hours("1"))

    [failure] = company.refresh("gpu_hours").failures

    assert "s3://acme-billing/telemetry/gpu_hours is a folder; name its files, such as" in str(failure)
    assert "s3://acme-billing/telemetry/gpu_hours/*.csv." in str(failure)
