"""The legacy report in a bucket: its layouts as AWS writes them, and what stands beside the data."""

import gzip
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from cloud_company import CloudCompany
from export_writers import csv_bytes
from s3_server import Bucket

from finops_pipeline.extract.refresh import ExtractResult

MONTH = "20261001-20261101"
PREFIX = "reports/finops-cur/"
MANIFEST = "finops-cur-Manifest.json"
ROW = {
    "bill/PayerAccountId": "012345678901",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-01T00:00:00Z",
    "lineItem/CurrencyCode": "USD",
}


def report(*costs: Any) -> bytes:
    return csv_bytes([{**ROW, "lineItem/UnblendedCost": cost} for cost in costs])


def zipped(*members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(members, start=1):
            archive.writestr(f"finops-cur-{number:05}.csv", content)
    return file.getvalue()


def manifest(assembly: str, *keys: str, **more: Any) -> bytes:
    return json.dumps({"assemblyId": assembly, "bucket": "acme-billing", "reportKeys": list(keys), **more}).encode()


def billed(result: ExtractResult) -> Decimal:
    [total] = [total for total in result.totals if total.cost_basis == "billed"]
    return total.exact


@pytest.fixture
def legacy(company: CloudCompany, bucket: Bucket) -> Bucket:
    company.add_s3("cur1", "s3://acme-billing/reports/finops-cur")
    return bucket


def test_of_the_assemblies_of_a_month_the_one_that_the_periods_manifest_names_counts(
    company: CloudCompany, legacy: Bucket
):
    for assembly, cost in (("20261017T190636Z", 1), ("20261018T190636Z", 2), ("20261019T190636Z", 3)):
        key = f"{PREFIX}{MONTH}/{assembly}/finops-cur-00001.csv.gz"
        legacy.put(key, gzip.compress(report(cost, cost)))
        for place in (f"{MONTH}/{assembly}/", f"{MONTH}/"):
            legacy.put(f"{PREFIX}{place}{MANIFEST}", manifest(assembly, key))

    result = company.refresh("aws_cur1")

    assert (result.failures, result.rows, billed(result)) == ([], 2, Decimal(6))


def test_where_only_assemblies_have_manifests_the_newest_timestamp_counts(company: CloudCompany, legacy: Bucket):
    for assembly, cost in (("20261019T190636Z", 3), ("20261018T190636Z", 2)):
        key = f"{PREFIX}{MONTH}/{assembly}/finops-cur-00001.csv.gz"
        legacy.put(key, gzip.compress(report(cost)))
        legacy.put(f"{PREFIX}{MONTH}/{assembly}/{MANIFEST}", manifest(assembly, key))

    assert billed(company.refresh("aws_cur1")) == Decimal(3)


def test_where_only_assemblies_with_ids_have_manifests_it_is_ambiguous(company: CloudCompany, legacy: Bucket):
    for assembly in ("0b2c-1", "0a1f-2"):
        legacy.put(f"{PREFIX}{MONTH}/{assembly}/{MANIFEST}", manifest(assembly))

    [failure] = company.refresh("aws_cur1").failures

    assert "several manifests for one billing period" in str(failure)


def test_a_report_in_zip_files_is_read(company: CloudCompany, legacy: Bucket):
    keys = [f"{PREFIX}{MONTH}/a1/finops-cur-0000{number}.csv.zip" for number in (1, 2)]
    legacy.put(keys[0], zipped(report("1.5E-7", "2")))
    legacy.put(keys[1], zipped(report("3")))
    legacy.put(f"{PREFIX}{MONTH}/{MANIFEST}", manifest("a1", *keys))

    result = company.refresh("aws_cur1")

    assert (result.failures, result.rows, billed(result)) == ([], 3, Decimal("5.00000015"))
    assert [row["x_row"] for row in company.landed(result)] == [1, 2, 1]


def test_a_zip_that_is_cut_short_is_refused(company: CloudCompany, legacy: Bucket):
    key = f"{PREFIX}{MONTH}/a1/finops-cur-00001.csv.zip"
    content = zipped(report(*range(1000)))
    legacy.put(key, content[: len(content) // 2])
    legacy.put(f"{PREFIX}{MONTH}/{MANIFEST}", manifest("a1", key))

    [failure] = company.refresh("aws_cur1").failures

    assert key in str(failure)


def test_what_athena_needs_stands_in_the_report_and_is_no_data(company: CloudCompany, legacy: Bucket):
    key = f"{PREFIX}{MONTH}/finops-cur-00001.csv.gz"
    legacy.put(key, gzip.compress(report(1)))
    legacy.put(f"{PREFIX}cost_and_usage_data_status/status.parquet", b"no report")
    legacy.put(f"{PREFIX}{MONTH}/finops-cur-create-table.sql", b"create external table x")
    legacy.put(f"{PREFIX}crawler-cfn.yml", b"AWSTemplateFormatVersion: 2010-09-09")
    legacy.put(f"{PREFIX}finops-cur/year=2026/month=10/finops-cur-00009.snappy.parquet", b"of another format")
    legacy.put(f"{PREFIX}{MONTH}/{MANIFEST}", manifest("a1", key))

    result = company.refresh("aws_cur1")

    assert (result.failures, billed(result)) == ([], Decimal(1))


def test_a_report_that_was_set_up_without_a_prefix_is_read(company: CloudCompany, bucket: Bucket):
    company.add_s3("cur1", "s3://acme-billing//finops-cur")
    key = f"/finops-cur/{MONTH}/20261019T190636Z/finops-cur-00001.csv.gz"
    bucket.put(key, gzip.compress(report(4)))
    bucket.put(f"/finops-cur/{MONTH}/{MANIFEST}", manifest("20261019T190636Z", key))

    result = company.refresh("aws_cur1")

    assert (result.failures, billed(result)) == ([], Decimal(4))


def test_a_finalized_report_replaces_the_month_and_a_header_only_next_month_counts_nothing(
    company: CloudCompany, legacy: Bucket
):
    for assembly, costs in (("20261019T190636Z", (1, 2)), ("20261103T190636Z", (1, 2.5))):
        key = f"{PREFIX}{MONTH}/{assembly}/finops-cur-00001.csv.gz"
        legacy.put(key, gzip.compress(report(*costs)))
        legacy.put(f"{PREFIX}{MONTH}/{MANIFEST}", manifest(assembly, key))
        company.refresh("aws_cur1")
    empty = f"{PREFIX}20261101-20261201/a/finops-cur-00001.csv.gz"
    legacy.put(empty, gzip.compress(report(1).splitlines(keepends=True)[0]))
    legacy.put(f"{PREFIX}20261101-20261201/{MANIFEST}", manifest("a", empty))

    result = company.refresh("aws_cur1")

    assert (result.failures, result.rows, billed(result)) == ([], 2, Decimal("3.5"))
    assert [delivery.billing_period for delivery in result.live] == ["2026-10", "2026-11"]
