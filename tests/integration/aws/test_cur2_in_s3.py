"""CUR 2.0 exports in a bucket, landed through boto3: the right numbers, or the old ones and a message."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cloud_company import CloudCompany
from export_writers import CUR2_ROW, Cur2Export, as_csv, csv_bytes, cur2_rows, write_parquet
from faulty_proxy import Answer, FaultyProxy
from s3_server import CANARY, Bucket

from finops_pipeline.extract.ledger import read_deliveries
from finops_pipeline.extract.refresh import ExtractResult
from finops_pipeline.extract.validate import describe_source

EARLY = "2026-10-18T01:02:03.004Z-6b622448-daaa-439c-92f1-afc727f1e0a3"
LATE = "2026-10-19T01:02:03.004Z-aab27b33-0000-4000-8000-000000000001"
URI = "s3://acme-billing/cur2/finops-cur2"


def billed(result: ExtractResult) -> Decimal:
    [total] = [total for total in result.totals if total.cost_basis == "billed"]
    return total.exact


class Export(Cur2Export):
    """An export whose folder is uploaded after each delivery, the manifests last."""

    def __init__(self, company: CloudCompany, bucket: Bucket, prefix: str = "cur2"):
        super().__init__(company.folder, prefix)
        self.bucket, self.key_prefix = bucket, f"{prefix}/finops-cur2/"

    def upload(self) -> None:
        self.bucket.upload(self.root, self.key_prefix)

    def deliver(self, period: str, *parts: list[dict[str, Any]], **more: Any) -> None:
        super().deliver(period, *parts, **more)
        self.upload()

    def data_keys(self) -> list[str]:
        return sorted(
            self.key_prefix + path.relative_to(self.root).as_posix()
            for path in (self.root / "data").rglob("*")
            if path.is_file()
        )


@pytest.fixture
def cur2(company: CloudCompany, bucket: Bucket) -> Export:
    company.add_s3("cur2", URI)
    return Export(company, bucket)


@pytest.mark.parametrize("ending", ["snappy.parquet", "csv.gz"])
def test_what_is_landed_from_a_bucket_is_what_is_landed_from_a_folder(
    company: CloudCompany, cur2: Export, tmp_path: Path, ending: str
):
    rows = cur2_rows(1.5, 2.5, resource_tags=[("user_team", "search")])
    cur2.deliver("2026-09", rows, ending=ending, execution=EARLY)
    cur2.deliver("2026-10", rows, cur2_rows(3.0), ending=ending, execution=LATE)
    local = CloudCompany(tmp_path / "local")
    local.add("aws", "cur2", cur2.root)

    from_bucket, from_folder = company.refresh("aws_cur2"), local.refresh("aws_cur2")

    assert (from_bucket.failures, from_folder.failures) == ([], [])
    assert company.landed(from_bucket) == local.landed(from_folder)

    def comparable(result: ExtractResult) -> list[Any]:
        return [
            replace(delivery, manifest="", files=tuple(replace(file, etag="") for file in delivery.files))
            for delivery in result.live
        ]

    assert comparable(from_bucket) == comparable(from_folder)
    assert from_bucket.live[1].manifest == f"{URI}/metadata/BILLING_PERIOD=2026-10/finops-cur2-Manifest.json"


def test_a_second_refresh_reads_no_data_and_lists_no_more_than_it_must(
    company: CloudCompany, cur2: Export, proxy: FaultyProxy
):
    cur2.deliver("2026-09", *[cur2_rows(1.0)] * 4, execution=EARLY)
    cur2.deliver("2026-10", *[cur2_rows(1.0)] * 4, execution=LATE)
    assert len(company.refresh("aws_cur2").opened) == 8
    proxy.requests.clear()

    again = company.refresh("aws_cur2")

    assert (again.landed, again.opened, again.failures, len(again.unchanged)) == ([], [], [], 2)
    assert proxy.asked("HEAD") == []
    assert [request.path for request in proxy.requests if request.path.endswith(".parquet")] == []
    assert len(proxy.requests) == 6, "reachable, one listing of manifests, two manifests, one listing per delivery"


def test_no_data_folder_is_listed_before_a_delivery_was_landed(company: CloudCompany, cur2: Export, proxy: FaultyProxy):
    cur2.deliver("2026-10", cur2_rows(1.0), execution=LATE)

    company.refresh("aws_cur2")

    assert [request.query for request in proxy.requests if "data" in request.query.replace("metadata", "")] == []


def test_of_several_executions_of_a_month_the_newest_counts_once(company: CloudCompany, cur2: Export):
    for day, cost in ((17, 1.0), (18, 2.0), (19, 3.0)):
        cur2.deliver(
            "2026-10",
            cur2_rows(cost, cost),
            execution=f"2026-10-{day}T01:02:03.004Z-6b622448-daaa-439c-92f1-afc727f1e0a3",
        )
    assert len(cur2.data_keys()) == 3

    first, second = company.refresh("aws_cur2"), company.refresh("aws_cur2")

    assert (first.rows, billed(first), billed(second)) == (2, Decimal(6), Decimal(6))


@pytest.mark.parametrize("at_period", ["older", "newest", "none"])
def test_manifests_of_executions_and_of_the_period_lead_to_the_newest_delivery(
    company: CloudCompany, cur2: Export, at_period: str
):
    for execution, cost in ((LATE, 7.0), (EARLY, 1.0)):
        cur2.deliver("2026-10", cur2_rows(cost), execution=execution)
        own = cur2.manifest_path("2026-10").parent / execution / "finops-cur2-Manifest.json"
        own.parent.mkdir()
        own.write_text(cur2.manifest_path("2026-10").read_text())
        if at_period == "newest" and execution == EARLY:
            newest = own.parent.parent / LATE / own.name
            cur2.manifest_path("2026-10").write_text(newest.read_text())
    if at_period == "none":
        cur2.manifest_path("2026-10").unlink()
    cur2.upload()

    result = company.refresh("aws_cur2")

    assert (result.failures, billed(result)) == ([], Decimal(7))
    assert LATE.replace(":", "-").replace(".", "-") in result.live[0].delivery_id


def test_a_closed_month_that_is_restated_is_replaced_whole_and_the_other_stays(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-09", cur2_rows(10.0, 20.0, 30.0), execution=EARLY)
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)
    company.refresh("aws_cur2")
    cur2.deliver("2026-09", cur2_rows(11.0, 20.0), execution=LATE)

    second = company.refresh("aws_cur2")

    assert ([d.billing_period for d in second.landed], billed(second)) == (["2026-09"], Decimal(32))
    assert [d.status for d in read_deliveries(company.landing) if d.billing_period == "2026-09"] == [
        "superseded",
        "live",
    ]


def test_an_export_that_overwrites_its_files_is_landed_anew_even_under_an_equal_manifest(
    company: CloudCompany, cur2: Export
):
    cur2.deliver("2026-10", cur2_rows(1.0), cur2_rows(2.0))
    assert billed(company.refresh("aws_cur2")) == Decimal(3)
    manifest = cur2.manifest_path("2026-10")
    manifest_key = f"{cur2.key_prefix}{manifest.relative_to(cur2.root).as_posix()}"
    for path, key in zip(cur2.data_files(), cur2.data_keys(), strict=True):
        write_parquet(path, cur2_rows(5.0, 5.0))
        cur2.bucket.put(key, path.read_bytes())

    underway = company.refresh("aws_cur2")

    [failure] = underway.failures
    assert "has changed since it was landed, while the manifest has not" in str(failure)
    assert billed(underway) == Decimal(3), "what was landed before stays"

    cur2.bucket.wait_for_the_next_second()
    cur2.bucket.put(manifest_key, manifest.read_bytes())
    complete, again = company.refresh("aws_cur2"), company.refresh("aws_cur2")

    assert (complete.failures, billed(complete), len(complete.landed)) == ([], Decimal(20), 1)
    assert (again.landed, again.opened, len(again.unchanged)) == ([], [], 1)


def test_an_export_that_overwrites_its_files_while_they_are_read_leaves_the_old_month_and_is_read_by_the_next_run(
    company: CloudCompany, cur2: Export, proxy: FaultyProxy
):
    cur2.deliver("2026-10", cur2_rows(1.0), executionId="one")
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(2.0), cur2_rows(2.0), executionId="two")

    def overwritten(request: Any) -> None:
        if request.method == "GET" and request.path.endswith("00002.snappy.parquet"):
            proxy.after = lambda request: None
            cur2.deliver("2026-10", cur2_rows(3.0), cur2_rows(3.0), executionId="three")

    proxy.after = overwritten

    during = company.refresh("aws_cur2")
    after = company.refresh("aws_cur2")

    [failure] = during.failures
    assert "changed while it was read" in str(failure)
    assert (during.landed, billed(during)) == ([], Decimal(1))
    assert (after.failures, billed(after)) == ([], Decimal(6))


def test_a_manifest_that_changes_alone_while_files_are_read_is_noticed(
    company: CloudCompany, cur2: Export, proxy: FaultyProxy
):
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)

    def delivered(request: Any) -> None:
        if request.path.endswith(".parquet"):
            proxy.after = lambda request: None
            cur2.deliver("2026-10", cur2_rows(2.0), execution=LATE)

    proxy.after = delivered

    [failure] = company.refresh("aws_cur2").failures

    assert "changed while its 1 file were read: a newer delivery is arriving" in str(failure)
    assert billed(company.refresh("aws_cur2")) == Decimal(2)


def test_a_part_that_is_missing_refuses_the_delivery_and_the_old_month_stays(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(2.0), cur2_rows(2.0), execution=LATE)
    cur2.bucket.delete(cur2.data_keys()[-1])

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert "finops-cur2-00002.snappy.parquet" in str(failure)
    assert "is missing" in str(failure)
    assert "finops-cur2-Manifest.json" in str(failure)
    assert billed(result) == Decimal(1)


def test_a_part_of_another_size_than_its_manifest_tells_is_refused(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    [key] = cur2.data_keys()
    cur2.write_manifest("2026-10", {"dataFiles": [{"key": f"s3://acme-billing/{key}", "size": 10**6}]})
    cur2.upload()

    [failure] = company.refresh("aws_cur2").failures

    assert "expected 1,000,000 bytes" in str(failure)


@pytest.mark.parametrize("ending", ["snappy.parquet", "csv.gz"])
def test_a_part_that_is_cut_short_is_refused_and_the_old_month_stays(company: CloudCompany, cur2: Export, ending: str):
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY, ending=ending)
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(*range(2000)), execution=LATE, ending=ending)
    path = cur2.root / cur2.data_keys()[-1].removeprefix(cur2.key_prefix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    cur2.upload()

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert "cannot be read" in str(failure)
    assert f"finops-cur2-00001.{ending}" in str(failure)
    assert billed(result) == Decimal(1)


def test_downloads_that_break_off_ask_for_the_rest_only_and_leave_nothing_behind(
    company: CloudCompany, cur2: Export, proxy: FaultyProxy
):
    parts = [cur2_rows(*range(number, number + 5000)) for number in range(4)]
    cur2.deliver("2026-10", *parts, execution=LATE)
    size = sum(path.stat().st_size for path in cur2.data_files())
    manifests = sum(path.stat().st_size for path in (cur2.root / "metadata").rglob("*.json"))
    proxy.cut = lambda request: 10_000 if request.path.endswith(".parquet") and request.range is None else None

    result = company.refresh("aws_cur2")

    assert (result.failures, result.rows) == ([], 20_000)
    data = [request for request in proxy.asked("GET") if request.path.endswith(".parquet")]
    assert sorted(str(request.range) for request in data) == ["None"] * 4 + ["bytes=10000-"] * 4
    listings = proxy.body_bytes - size - 2 * manifests
    assert 0 < listings < 10_000, "no byte of data came twice"
    assert list((company.landing / ".downloads").iterdir()) == []


def test_a_part_that_is_denied_names_permission_and_key_and_is_asked_for_once(
    company: CloudCompany, cur2: Export, proxy: FaultyProxy
):
    cur2.deliver("2026-10", cur2_rows(1.0), execution=EARLY)
    company.refresh("aws_cur2")
    cur2.deliver("2026-10", cur2_rows(2.0), execution=LATE)
    proxy.requests.clear()
    proxy.answer = lambda request: (
        Answer(403, "AccessDenied") if request.path.endswith(".parquet") and LATE in request.path else None
    )

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert f"s3://acme-billing/{cur2.data_keys()[-1]} is denied: these credentials lack s3:GetObject" in str(failure)
    assert billed(result) == Decimal(1)
    assert len([request for request in proxy.requests if LATE in request.path]) == 2, "HEAD, and GET for the reason"


def test_a_part_in_an_archive_is_told(company: CloudCompany, cur2: Export, proxy: FaultyProxy):
    cur2.deliver("2026-10", cur2_rows(1.0))
    proxy.answer = lambda request: (
        Answer(403, "InvalidObjectState", more="<StorageClass>DEEP_ARCHIVE</StorageClass>")
        if request.method == "GET" and request.path.endswith(".parquet")
        else None
    )

    [failure] = company.refresh("aws_cur2").failures

    assert "is archived in DEEP_ARCHIVE" in str(failure)


def test_throttling_in_the_middle_of_a_delivery_is_waited_out(company: CloudCompany, cur2: Export, proxy: FaultyProxy):
    cur2.deliver("2026-10", *[cur2_rows(1.0)] * 3)
    seen: set[str] = set()

    def once(request: Any) -> Answer | None:
        if request.path in seen or not request.path.endswith(".parquet"):
            return None
        seen.add(request.path)
        return Answer(503, "SlowDown")

    proxy.answer = once

    assert billed(company.refresh("aws_cur2")) == Decimal(3)


def test_two_payers_with_equal_export_names_in_one_bucket_are_two_sources(company: CloudCompany, bucket: Bucket):
    for payer, cost in (("012345678901", 1.0), ("098765432109", 2.0)):
        export = Export(company, bucket, f"cur2/{payer}")
        export.deliver("2026-10", cur2_rows(cost, bill_payer_account_id=payer))
        company.add_s3("cur2", f"s3://acme-billing/cur2/{payer}/finops-cur2", f"payer-{payer[-2:]}")

    result = company.refresh("aws_cur2")

    assert billed(result) == Decimal(3)
    rows = company.landed(result)
    assert {(row["x_source_name"], row["bill_payer_account_id"]) for row in rows} == {
        ("payer-01", "012345678901"),
        ("payer-09", "098765432109"),
    }


def test_one_payer_whose_bucket_fails_does_not_stop_the_other(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.add_s3("cur2", "s3://no-such-bucket/cur2/finops-cur2", "other")

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert "source other: the bucket no-such-bucket does not exist" in str(failure)
    assert billed(result) == Decimal(1)


def test_a_delivery_of_a_hundred_parts_is_landed_whole(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", *[cur2_rows(0.01) for _ in range(100)], execution=LATE)

    result = company.refresh("aws_cur2")

    assert (result.failures, result.rows, billed(result)) == ([], 100, Decimal(1))
    assert len({row["x_file"] for row in company.landed(result)}) == 100


@pytest.mark.parametrize(
    "name",
    [
        "s3://another-bucket/cur2/finops-cur2/data/BILLING_PERIOD=2026-10/x.parquet",
        "s3://acme-billing/cur2/another-export/data/BILLING_PERIOD=2026-10/x.parquet",
        "cur2/finops-cur2/data/BILLING_PERIOD=2026-10/../../../../secret.parquet",
        "/etc/passwd",
        "https://acme-billing.s3.amazonaws.com/cur2/finops-cur2/data/BILLING_PERIOD=2026-10/x.parquet?X-Amz-Signature=a",
        "file:///etc/passwd",
        "az://acme-billing/cur2/finops-cur2/data/BILLING_PERIOD=2026-10/x.parquet",
    ],
)
def test_a_key_outside_the_exports_folder_is_refused_and_never_asked_for(
    company: CloudCompany, cur2: Export, proxy: FaultyProxy, name: str
):
    cur2.write_manifest("2026-10", {"dataFiles": [name]})
    cur2.upload()
    cur2.bucket.put("secret.parquet", b"x")

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert "names a file that is not read" in str(failure)
    assert result.opened == []
    assert {request.path for request in proxy.requests} <= {
        "/acme-billing",
        "/acme-billing/cur2/finops-cur2/metadata/BILLING_PERIOD=2026-10/finops-cur2-Manifest.json",
    }


def test_names_may_be_keys_of_the_bucket_as_well_as_uris(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0), cur2_rows(2.0))
    one, two = cur2.data_keys()
    cur2.write_manifest("2026-10", {"dataFiles": [one, f"s3://acme-billing/{two}"]})
    cur2.upload()

    assert billed(company.refresh("aws_cur2")) == Decimal(3)


def test_what_stands_beside_data_and_manifest_is_no_data(company: CloudCompany, cur2: Export):
    cur2.deliver(
        "2026-10",
        cur2_rows(1.0),
        additionalOutputFiles=[
            "s3://acme-billing/cur2/finops-cur2/metadata/BILLING_PERIOD=2026-10/finops-cur2-create-table.sql",
            "s3://elsewhere/crawler-cfn.yml",
        ],
    )
    folder = cur2.manifest_path("2026-10").parent
    (folder / "finops-cur2-Metadata.json").write_text('{"dataFiles": ["cur2/finops-cur2/data/x.parquet"]}')
    (folder / "finops-cur2-create-table.sql").write_text("create external table x")
    status = cur2.root / "data" / "cost_and_usage_data_status" / "status.parquet"
    write_parquet(status, [{"status": "UPDATING"}])
    write_parquet(cur2.data_files()[0].with_name("left-behind-00009.snappy.parquet"), cur2_rows(99.0))
    cur2.upload()

    result = company.refresh("aws_cur2")

    assert (result.failures, billed(result)) == ([], Decimal(1))


def test_the_period_folder_of_a_focus_like_export_is_lower_case(company: CloudCompany, cur2: Export):
    key = f"data/billing_period=2026-10/{LATE}/finops-cur2-00001.csv.gz"
    cur2.bucket.put(cur2.key_prefix + key, gzip.compress(csv_bytes([as_csv(row) for row in cur2_rows(1.0)])))
    cur2.bucket.put(
        f"{cur2.key_prefix}metadata/billing_period=2026-10/finops-cur2-Manifest.json",
        json.dumps({"dataFiles": [cur2.prefix + key]}).encode(),
    )

    assert [delivery.billing_period for delivery in company.refresh("aws_cur2").live] == ["2026-10"]


def test_csv_keeps_every_digit_leading_zeros_line_breaks_and_equal_lines(company: CloudCompany, cur2: Export):
    line = {
        **CUR2_ROW,
        "line_item_unblended_cost": "1.81E-8",
        "line_item_usage_account_id": "001234567890",
        "line_item_line_item_description": 'Red Hat® "x",\r\nline 2',
        "resource_tags": [("user_team", 'müller, "a"\nb')],
    }
    cur2.deliver(
        "2026-10", [line, line, {**line, "line_item_unblended_cost": "-0.000000000000000001"}], ending="csv.gz"
    )

    result = company.refresh("aws_cur2")

    assert (result.rows, billed(result)) == (3, Decimal("3.62E-8") - Decimal("1E-18"))
    first, second, _ = company.landed(result)
    assert first["line_item_usage_account_id"] == "001234567890"
    assert first["line_item_line_item_description"] == 'Red Hat® "x",\r\nline 2'
    assert json.loads(first["resource_tags"]) == {"user_team": 'müller, "a"\nb'}
    assert {**first, "x_row": 2} == second


@pytest.mark.parametrize("ending", ["snappy.parquet", "csv.gz"])
def test_a_month_with_a_header_and_no_line_is_landed_with_no_rows(company: CloudCompany, cur2: Export, ending: str):
    cur2.deliver("2026-10", cur2_rows(1.0), ending=ending)
    path = cur2.root / cur2.data_keys()[0].removeprefix(cur2.key_prefix)
    if ending == "csv.gz":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[0]))
    else:
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    cur2.upload()

    result = company.refresh("aws_cur2")

    [delivery] = result.live
    assert (delivery.rows, delivery.totals, result.failures) == (0, (), [])


def test_on_the_first_of_the_month_nothing_delivered_is_told_and_no_failure(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0))

    result = company.refresh("aws_cur2", now=datetime(2026, 11, 1, 3, tzinfo=UTC))

    assert (result.failures, billed(result)) == ([], Decimal(1))
    assert result.not_delivered == [f"payer 2026-11: not delivered yet; no complete delivery in {URI}"]


def test_a_new_export_that_has_delivered_nothing_yet_is_told_and_no_failure(company: CloudCompany, cur2: Export):
    result = company.refresh("aws_cur2")

    assert (result.failures, result.live) == ([], [])
    assert result.not_delivered == [f"payer 2026-10: not delivered yet; no complete delivery in {URI}"]


def test_an_export_that_delivered_before_cannot_be_empty_now(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    for path in [path for path in cur2.root.rglob("*") if path.is_file()]:
        path.unlink()
    cur2.upload()

    result = company.refresh("aws_cur2")

    [failure] = result.failures
    assert "is reachable, but nothing is there" in str(failure)
    assert billed(result) == Decimal(1)


def test_validate_tells_in_one_line_what_is_there(company: CloudCompany, cur2: Export):
    cur2.deliver("2026-10", cur2_rows(1.0))

    assert describe_source(company.sources[0], company.landing) == "reachable; newest delivery 2026-10"


def test_no_secret_is_written_or_told(company: CloudCompany, cur2: Export, proxy: FaultyProxy):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.refresh("aws_cur2")
    proxy.answer = lambda request: Answer(403, "SignatureDoesNotMatch", f"signed with {CANARY}")

    result = company.refresh("aws_cur2")

    assert len(result.failures) == 1
    texts = [*map(str, result.failures), *company.told, *result.opened]
    files = [path for path in company.home.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [text for text in texts if CANARY in text] == []
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
