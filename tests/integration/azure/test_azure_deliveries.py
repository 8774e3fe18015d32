"""Azure exports in Blob Storage: every fault of a delivery, through the real client, with what it must end in."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure_company import BlobCompany
from azure_deliveries import change, costs, deliver_files, gzipped, part_of, run_id
from azurite import ACCOUNT, CANARY, Container
from export_writers import AZURE_ROW, AzureExport, Company
from faulty_proxy import Answer, FaultyProxy, Request

from finops_pipeline.extract.ledger import live_deliveries
from finops_pipeline.extract.transport import downloads
from finops_pipeline.extract.validate import describe_source


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azure.core.pipeline.transport.HttpTransport.sleep", lambda *_: None)
    monkeypatch.setattr("azure.storage.blob._download.time.sleep", lambda _: None)
    monkeypatch.setattr(downloads, "pause", lambda failures: None)


def refused(company: BlobCompany, *told: str) -> None:
    """The refresh fails with one line that says all this, and what was landed before stays."""
    before = live_deliveries(company.landing)
    result = company.refreshed()
    [failure] = result.failures
    for text in told:
        assert text in str(failure)
    assert "\n" not in str(failure)
    assert CANARY not in str(failure)
    assert live_deliveries(company.landing) == before
    assert list(company.landing.rglob(".landing-*")) == []


def totals(company: BlobCompany) -> list[str]:
    result = company.refreshed()
    assert not result.failures
    return [str(total) for total in result.totals]


def test_what_is_landed_from_a_container_is_what_is_landed_from_a_folder(company: BlobCompany, tmp_path: Path):
    actual, amortized = AzureExport(company.folder, "actual"), AzureExport(company.folder, "amortized")
    actual.deliver("2026-09", costs("1.10", "2.25"), costs("-0.35"), submitted="2026-10-03T04:00:00Z")
    actual.deliver("2026-10", costs("5.64902E-05"), run=run_id(2))
    amortized.deliver("2026-10", costs("0.5"), kind="AmortizedCost", run=run_id(3))
    company.deliver()
    company.add_az("exports/actual", amortized_uri=f"{company.container.uri}/exports/amortized")
    local = Company(tmp_path / "local")
    local.add("azure", "cost_details", actual.root, amortized_uri=f"file://{amortized.root}")

    cloud_result, local_result = company.refreshed(), local.refresh("azure_cost_details")

    assert not cloud_result.failures
    assert company.landed(cloud_result) == local.landed(local_result)
    for here, there in zip(cloud_result.live, local_result.live, strict=True):
        assert (here.slot, here.delivery_id, here.identity) == (there.slot, there.delivery_id, there.identity)
        assert (here.rows, here.totals, here.submitted_at) == (there.rows, there.totals, there.submitted_at)
        assert [(file.name, file.size) for file in here.files] == [(file.name, file.size) for file in there.files]
        assert here.manifest.startswith(f"{company.container.uri}/exports/")


def test_a_delivery_of_a_hundred_parts_is_landed_whole_and_leaves_no_copies(company: BlobCompany, azure: AzureExport):
    azure.deliver("2026-10", *(costs(f"{number}.01", "0.5") for number in range(100)))
    company.deliver()

    result = company.refreshed()

    assert (result.rows, result.failures) == (200, [])
    assert [str(total) for total in result.totals] == ["5001 USD billed"]
    assert len(result.opened) == 100
    assert list((company.landing / ".downloads").iterdir()) == []


def test_several_runs_and_the_same_run_again_give_the_same_totals_and_read_no_data(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy
):
    """P1: each run holds the whole month to date."""
    for day in (17, 18, 19):
        azure.deliver("2026-10", costs("1", "2"), run=run_id(day), submitted=f"2026-10-{day}T04:00:00Z")
    company.deliver()

    assert totals(company) == ["3 USD billed"]
    assert len(proxy.asked("GET", ".csv.gz")) == 1
    proxy.requests.clear()
    again = company.refreshed()

    assert (again.landed, again.opened) == ([], [])
    assert [delivery.rows for delivery in again.unchanged] == [2]
    assert [str(total) for total in again.totals] == ["3 USD billed"]
    assert proxy.asked("GET", ".csv.gz") == []
    assert len(proxy.requests) < 10


def test_a_restated_closed_month_is_replaced_whole_and_the_open_one_stays(company: BlobCompany, azure: AzureExport):
    """P2."""
    azure.deliver("2026-09", costs("1", "2", "3"), submitted="2026-09-30T04:00:00Z")
    azure.deliver("2026-10", costs("5"), run=run_id(2))
    company.deliver()
    assert totals(company) == ["11 USD billed"]
    azure.deliver("2026-09", costs("1", "2.5"), run=run_id(3), submitted="2026-10-04T04:00:00Z")
    company.deliver()

    result = company.refreshed()

    assert [delivery.billing_period for delivery in result.landed] == ["2026-09"]
    assert [delivery.billing_period for delivery in result.unchanged] == ["2026-10"]
    assert [str(total) for total in result.totals] == ["8.5 USD billed"]


def test_an_export_that_overwrites_its_folder_is_followed(company: BlobCompany, azure: AzureExport):
    """P1, P2: with overwriting on, the last run's folder is gone when the next one stands."""
    azure.deliver("2026-10", costs("1"), run=run_id(1), submitted="2026-10-18T04:00:00Z")
    company.deliver()
    assert totals(company) == ["1 USD billed"]
    for path in sorted(azure.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    azure.deliver("2026-10", costs("1", "1"), run=run_id(2))
    company.deliver()

    assert totals(company) == ["2 USD billed"]


def test_parts_of_two_runs_are_never_mixed(company: BlobCompany, azure: AzureExport):
    """P4."""
    azure.deliver("2026-10", costs("1"), costs("2"), costs("4"), run=run_id(1), submitted="2026-10-18T04:00:00Z")
    azure.deliver("2026-10", costs("8"), costs("16"), run=run_id(2))
    company.deliver()

    result = company.refreshed()

    assert [str(total) for total in result.totals] == ["24 USD billed"]
    assert {row["x_file"].split("/")[-2] for row in company.landed(result)} == {run_id(2)}


def test_the_blob_written_last_does_not_decide(company: BlobCompany, azure: AzureExport):
    """P25: a copy, a tier change or the hidden run of another month makes an older blob the newest."""
    azure.deliver("2026-10", costs("7"), run=run_id(2))
    company.deliver()
    older = azure.deliver("2026-10", costs("1"), run=run_id(1), submitted="2026-10-12T04:00:00Z")
    hidden = azure.deliver("2026-09", costs("2"), run=run_id(3), submitted="2026-10-02T05:00:00Z")
    for path in (part_of(older), older, part_of(hidden), hidden):
        company.container.put(path.relative_to(azure.container).as_posix(), path.read_bytes())

    result = company.refreshed()

    assert {d.billing_period: [str(total) for total in d.totals] for d in result.live} == {
        "2026-09": ["2 USD billed"],
        "2026-10": ["7 USD billed"],
    }


@pytest.mark.parametrize("name", ["manifest.json", "_manifest.json"])
@pytest.mark.parametrize("told", [0, None, "absent", 3])
def test_every_way_a_manifest_counts_rows_lands_them_all(
    company: BlobCompany, azure: AzureExport, name: str, told: Any
):
    """P12."""
    manifest = azure.deliver("2026-10", costs("1", "2", "4"), manifest_name=name)
    content = json.loads(manifest.read_text())
    for part in (content, content["blobs"][0]):
        part["dataRowCount"] = told
        if told == "absent":
            del part["dataRowCount"]
    change(manifest, **content)
    if told == "absent":
        manifest.write_text(json.dumps(content))
    company.deliver()

    assert totals(company) == ["7 USD billed"]


def test_a_run_without_blobs_and_a_run_with_headers_only_are_deliveries_without_rows(
    company: BlobCompany, azure: AzureExport
):
    """P12."""
    azure.deliver("2026-09", blobs=[], blobCount=0, submitted="2026-09-30T04:00:00Z")
    azure.deliver("2026-10", [], [], run=run_id(2))
    company.deliver()

    result = company.refreshed()

    assert not result.failures
    assert [(d.billing_period, d.rows, d.totals) for d in result.live] == [("2026-09", 0, ()), ("2026-10", 0, ())]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"manifestVersion": "2027-01-01"}, "manifestVersion '2027-01-01', which is not read yet"),
        ({"manifestVersion": None}, "manifestVersion None, which is not read yet"),
        ({"blobCount": 2}, "says blobCount 2 and names 1 blobs"),
        ({"dataRowCount": 99}, "have 3 rows; expected 99 rows as the manifest says"),
        ({"blobs": None}, "has no list blobs"),
    ],
)
def test_a_manifest_that_contradicts_itself_or_its_files_is_refused(
    company: BlobCompany, azure: AzureExport, found: dict[str, Any], told: str
):
    """P12."""
    azure.deliver("2026-10", costs("1"), submitted="2026-10-18T04:00:00Z")
    company.deliver()
    assert totals(company) == ["1 USD billed"]
    azure.deliver("2026-10", costs("1", "2", "3"), run=run_id(2), **found)
    company.deliver()

    refused(company, told, "manifest.json")


def delivered_twice(company: BlobCompany, azure: AzureExport) -> Path:
    """A landed delivery and a newer one that is still to be landed; returns the newer one's manifest."""
    azure.deliver("2026-10", costs("1"), submitted="2026-10-18T04:00:00Z")
    company.deliver()
    assert totals(company) == ["1 USD billed"]
    newer = azure.deliver("2026-10", [AZURE_ROW | {"Tags": os.urandom(40).hex()} for _ in range(3000)], run=run_id(2))
    company.deliver()
    return newer


def test_a_part_that_is_not_there_refuses_the_delivery(company: BlobCompany, azure: AzureExport):
    """P13: the manifest came before the file, or the file was deleted."""
    part = part_of(delivered_twice(company, azure)).relative_to(azure.container).as_posix()
    company.container.delete(part)

    refused(company, f"2026-10: {part}, named by {company.container.uri}/exports/actual/", "is missing; expected")


def test_a_part_of_another_size_than_the_manifest_says_is_refused(company: BlobCompany, azure: AzureExport):
    """P13: partial upload."""
    part = part_of(delivered_twice(company, azure))
    company.container.put(part.relative_to(azure.container).as_posix(), part.read_bytes()[:-7])

    refused(company, f"has {part.stat().st_size - 7:,} bytes; expected {part.stat().st_size:,} bytes")


def test_a_part_that_was_cut_short_is_refused(company: BlobCompany, azure: AzureExport):
    """P13: truncated gzip, where the manifest tells no size."""
    manifest = delivered_twice(company, azure)
    part = part_of(manifest)
    part.write_bytes(part.read_bytes()[:-100])
    change(manifest, byteCount=None, blobs=[{"blobName": part.relative_to(azure.container).as_posix()}])
    company.deliver()

    refused(company, "part_0_0001.csv.gz", "cannot be read", "expected a complete file")


def test_a_part_that_is_replaced_while_it_is_read_is_refused(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy
):
    """P13: replaced between its size was asked for and it was fetched."""
    part = part_of(delivered_twice(company, azure))
    other = part.read_bytes()[:-1] + b"x"
    key = part.relative_to(azure.container).as_posix()
    asked: list[Request] = []

    def replace(request: Request) -> None:
        if request.path.endswith(key) and request.method == "HEAD":
            asked.append(request)
            company.container.put(key, other)

    proxy.after = replace

    refused(company, "part_0_0001.csv.gz", "changed while it was read", "Run again when the delivery is complete")
    assert asked


def test_a_manifest_that_changes_while_its_files_are_read_is_noticed(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy
):
    """P13: a newer delivery arrives in the same folder."""
    manifest = delivered_twice(company, azure)
    key = manifest.relative_to(azure.container).as_posix()

    def replace(request: Request) -> None:
        if request.path.endswith(".csv.gz") and request.method == "GET":
            company.container.put(key, manifest.read_bytes() + b" ")

    proxy.after = replace

    refused(company, f"{company.container.uri}/exports/actual/", "changed while its 1 file were read")


def test_a_download_that_breaks_off_is_taken_up_and_the_rows_come_once(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy
):
    """P13."""
    azure.deliver("2026-10", [AZURE_ROW | {"Tags": os.urandom(40).hex()} for _ in range(3000)])
    company.deliver()
    cuts = iter([50_000, 1000, 0, 20_000])
    proxy.cut = lambda request: next(cuts, None) if request.path.endswith(".gz") else None

    assert company.refreshed().rows == 3000
    assert list(cuts) == []


def test_on_the_first_of_a_month_nothing_delivered_is_told_and_is_no_failure(company: BlobCompany, azure: AzureExport):
    """P14."""
    company.container.put("exports/another/readme.txt", b"x")
    azure.deliver("2026-10", costs("1"))

    result = company.refreshed()
    assert (result.failures, result.live) == ([], [])
    assert result.not_delivered == [
        f"payer 2026-10 ActualCost: not delivered yet; no complete delivery in {company.container.uri}/exports/actual"
    ]
    company.deliver()
    company.refreshed()
    november = company.refresh("azure_cost_details", now=datetime(2026, 11, 1, 6, tzinfo=UTC))

    assert not november.failures
    assert [told.partition(";")[0] for told in november.not_delivered] == [
        "payer 2026-11 ActualCost: not delivered yet"
    ]
    assert november.rows == 1


def test_two_payers_with_equal_export_names_in_one_container_are_two_sources(company: BlobCompany, tmp_path: Path):
    """P15."""
    for payer, amount in (("payer-a", "1"), ("payer-b", "2")):
        export = AzureExport(tmp_path / payer, "daily")
        export.deliver("2026-10", costs(amount), blobs=[])
        manifest = deliver_files(export, "2026-10", {"part_0_0001.csv.gz": gzipped(costs(amount))})
        blobs = json.loads(manifest.read_text())["blobs"]
        change(manifest, blobs=[blob | {"blobName": f"{payer}/{blob['blobName']}"} for blob in blobs])
        company.container.upload(export.container, f"{payer}/")
        company.add_az(f"{payer}/exports/daily", name=payer)

    assert totals(company) == ["3 USD billed"]


def test_exports_of_two_scopes_under_one_uri_are_refused(company: BlobCompany):
    """P15: one subscription exported by itself and within its billing account counts twice, or is lost."""
    company.add_az()
    for export, scope in (("sub", "/subscriptions/1"), ("account", "/providers/Microsoft.Billing/billingAccounts/2")):
        resource = f"{scope}/providers/Microsoft.CostManagement/exports/{export}"
        config = {"exportName": export, "type": "ActualCost", "resourceId": resource}
        AzureExport(company.folder, export).deliver("2026-10", costs("1"), exportConfig=config)
    company.deliver()

    refused(company, "holds ActualCost runs of 2 scopes", "/subscriptions/1", "billingaccounts/2")


@pytest.mark.parametrize("code", ["AuthorizationPermissionMismatch", "AuthorizationFailure"])
@pytest.mark.parametrize("where", [".csv.gz", "manifest.json"])
def test_access_denied_in_the_middle_names_container_and_key_and_is_asked_for_once(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy, code: str, where: str
):
    """P21."""
    manifest = delivered_twice(company, azure)
    denied = manifest if where == "manifest.json" else part_of(manifest)
    key = denied.relative_to(azure.container).as_posix()
    proxy.requests.clear()
    proxy.answer = lambda request: (
        Answer(403, code, headers={"x-ms-error-code": code}) if request.path.endswith(key) else None
    )

    refused(company, f"{company.container.uri}/{key} cannot be read (403 {code})", ACCOUNT)
    asked = [request.method for request in proxy.requests if request.path.endswith(key)]
    assert len(asked) == len(set(asked)), "each question is asked once"


def test_throttling_in_the_middle_of_a_delivery_is_waited_out(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy
):
    """P22."""
    azure.deliver("2026-10", *(costs("1") for _ in range(5)))
    company.deliver()
    seen: dict[tuple[str, str, str], int] = {}

    def busy(request: Request) -> Answer | None:
        tries = seen[request.method, request.path, request.query] = (
            seen.get((request.method, request.path, request.query), 0) + 1
        )
        status, code = (429, "TooManyRequests") if tries == 1 else (503, "ServerBusy")
        return Answer(status, code, headers={"x-ms-error-code": code}) if tries <= 2 else None

    proxy.answer = busy

    assert totals(company) == ["5 USD billed"]
    assert max(seen.values()) >= 3


def test_a_container_that_is_gone_fails_with_its_name_and_deletes_nothing(company: BlobCompany, azure: AzureExport):
    """P21."""
    azure.deliver("2026-10", costs("1"))
    company.deliver()
    assert totals(company) == ["1 USD billed"]
    company.container.client.delete_container()

    refused(company, f"there is no container {company.container.name} in the storage account {ACCOUNT}")


def test_an_export_that_delivered_before_cannot_be_empty_now(company: BlobCompany, azure: AzureExport):
    azure.deliver("2026-10", costs("1"))
    company.deliver()
    assert totals(company) == ["1 USD billed"]
    for path in [path for path in azure.root.rglob("*") if path.is_file()]:
        path.unlink()
    company.deliver()

    refused(company, "is reachable, but nothing is there")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("https://acmebilling.blob.core.windows.net/other/x.csv?sig=1", "has the scheme https://"),
        ("az://other/exports/actual/x.csv", "it must begin with"),
        ("exports/other/x.csv", "is not in the export's folder"),
        ("exports/actual/../other/x.csv", "is not a plain key"),
        ("/exports/actual/x.csv", "is not a plain key"),
        ("../other/exports/actual/x.csv", "is not a plain key"),
    ],
)
def test_a_manifest_can_name_no_blob_elsewhere_and_no_address_in_it_is_asked_for(
    company: BlobCompany, azure: AzureExport, proxy: FaultyProxy, name: str, told: str
):
    azure.deliver(
        "2026-10",
        costs("1"),
        blobs=[{"blobName": name}],
        deliveryConfig={"containerUri": f"{proxy.endpoint}/{ACCOUNT}/other", "rootFolderPath": "../../other"},
    )
    company.deliver()
    company.container.put("exports/other/x.csv", b"a\n1\n")

    refused(company, told, "names a file that is not read", "manifest.json")
    own = f"/{ACCOUNT}/{company.container.name}"
    assert {request.path.startswith(own) for request in proxy.requests} == {True}
    assert [request for request in proxy.requests if request.path.endswith("x.csv")] == []


def test_an_export_without_partitions_is_refused(company: BlobCompany, reference_data: Path):
    months = reference_data / "exports" / "azure" / "nise_month" / "exp" / "daily"
    company.container.upload(months, "exp/daily/")
    company.add_az("exp/daily")

    refused(company, "holds 2 cost files without a manifest, such as 20261001-20261031/costreport_", "partitioning on")


def test_validate_tells_in_one_line_what_is_there(company: BlobCompany, azure: AzureExport):
    [source] = company.sources
    azure.deliver("2026-10", costs("1"))
    company.deliver()

    assert describe_source(source, company.landing) == "reachable; newest delivery 2026-10"


def test_no_secret_is_landed_or_told(company: BlobCompany, azure: AzureExport, proxy: FaultyProxy):
    azure.deliver("2026-10", costs("1"))
    company.deliver()
    company.refreshed()
    proxy.answer = lambda request: Answer(403, "AuthenticationFailed", message=f"wrong signature {CANARY}")
    result = company.refreshed()

    told = "\n".join([*company.told, *map(str, result.failures), *result.not_delivered])
    assert "cannot be read (403 AuthenticationFailed)" in told
    files = [path for path in company.home.rglob("*") if path.is_file()]
    assert files
    canary = CANARY.encode()
    assert canary not in told.encode()
    for path in files:
        content = path.read_bytes()
        assert canary not in (gzip.decompress(content) if path.suffix == ".gz" else content)


def test_one_source_that_fails_does_not_stop_another(company: BlobCompany, azure: AzureExport, container: Container):
    azure.deliver("2026-10", costs("1"))
    company.deliver()
    company.add_az("exports/actual", name="gone", uri=f"az://{ACCOUNT}/no-such-container/exports/actual")

    result = company.refreshed()

    assert [str(failure).partition(":")[0] for failure in result.failures] == ["source gone"]
    assert result.rows == 1
