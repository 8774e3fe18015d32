"""Both generations of Azure manifests, which runs stand for a month, and what is refused rather than guessed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from export_writers import AZURE_ROW, AzureExport, Company, write_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.azure_cost_exports import list_offers
from finops_pipeline.extract.deliveries import Offer
from finops_pipeline.extract.transport.local_folder import LocalFolder

RUN = "73746dc5-5dcc-4b83-b340-bb1bd2b1ca30"
ANOTHER_RUN = "94a015c6-5dcc-4b83-b340-bb1bd2b1ca30"
BILLING_ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/8611537"
SUBSCRIPTION = "/subscriptions/1caaa5a3-2b66-438e-8ab4-bce37d518c5d"


def exported_by(scope: str, export: str = "daily") -> dict[str, Any]:
    resource = f"{scope}/providers/Microsoft.CostManagement/exports/{export}"
    return {"exportConfig": {"exportName": export, "resourceId": resource, "type": "ActualCost"}}


def deliver_old(
    container: Path, folder: str, *amounts: str, manifest_name: str = "manifest.json", **manifest: Any
) -> Path:
    """A run as the generation 2021-01-01 left it: a manifest that names the files and nothing else."""
    part = write_csv(container / folder / "000001.csv", [AZURE_ROW | {"Cost": amount} for amount in amounts])
    blob = {
        "blobName": part.relative_to(container).as_posix(),
        "byteCount": part.stat().st_size,
        "dataRowCount": len(amounts),
        "headerRowCount": 1,
    }
    content = {"manifestVersion": "2021-01-01", "dataFormat": "csv", "blobCount": 1, "blobs": [blob]}
    path = part.parent / manifest_name
    path.write_text(json.dumps(content | {"byteCount": blob["byteCount"], "dataRowCount": len(amounts)} | manifest))
    return path


def test_a_run_of_the_older_generation_takes_month_time_and_run_from_its_folders(company: Company, tmp_path: Path):
    container = tmp_path / "billing"
    deliver_old(container, f"cost/daily/20261001-20261031/202610041442/{RUN}", "1", "2")
    deliver_old(container, f"cost/daily/20261001-20261031/202610051442/{ANOTHER_RUN}", "1", "2", "3")
    company.add("azure", "cost_details", container / "cost" / "daily")

    result = company.refresh("azure_cost_details")

    [delivery] = result.live
    assert not result.failures
    assert (delivery.billing_period, delivery.variant, delivery.rows) == ("2026-10", "ActualCost", 3)
    assert delivery.submitted_at == datetime(2026, 10, 5, 14, 42)


def test_both_generations_in_one_export_are_told_apart_by_their_time_alone(company: Company, azure: AzureExport):
    azure.deliver("2026-10", [AZURE_ROW], submitted="2026-10-10T04:00:00Z", run=ANOTHER_RUN)
    deliver_old(azure.container, f"exports/actual/20261001-20261031/202610111442/{RUN}", "1", "2")

    [delivery] = company.refresh("azure_cost_details").live

    assert delivery.delivery_id.startswith(RUN)


@pytest.mark.parametrize(
    "folder",
    [
        f"daily/20261001-20261031/202610041442/{RUN}",
        f"20261001-20261031/daily/202610041442/{RUN}",
        f"20261001-20261031/daily/20261004144259/{RUN}",
        f"deep/er/daily/20261001-20261031/202610041442/{RUN}",
    ],
)
@pytest.mark.parametrize("manifest_name", ["manifest.json", "_manifest.json"])
def test_the_order_of_the_folders_does_not_matter(company: Company, tmp_path: Path, folder: str, manifest_name: str):
    container = tmp_path / "billing"
    deliver_old(container, f"cost/{folder}", "1", manifest_name=manifest_name)
    company.add("azure", "cost_details", container / "cost")

    [delivery] = company.refresh("azure_cost_details").live

    assert delivery.delivery_id.startswith(RUN)
    assert delivery.billing_period == "2026-10"


@pytest.mark.parametrize(
    ("actual", "amortized"),
    [("cost/daily", "cost/daily-amortized"), ("cost/ActualCost", "cost/AmortisedCost"), ("cost/one", "cost/two")],
)
def test_the_type_of_an_older_run_is_told_by_name_or_by_the_uri(
    company: Company, tmp_path: Path, actual: str, amortized: str
):
    container = tmp_path / "billing"
    deliver_old(container, f"{actual}/20261001-20261031/202610041442/{RUN}", "100")
    deliver_old(container, f"{amortized}/20261001-20261031/202610041442/{RUN}", "7")
    company.add("azure", "cost_details", container / actual, amortized_uri=f"file://{container / amortized}")

    result = company.refresh("azure_cost_details")

    assert [str(total) for total in result.totals] == ["100 USD billed", "7 USD effective"]


@pytest.mark.parametrize(
    ("folder", "change", "why"),
    [
        (f"cost/daily/{RUN}", {}, "not in folders that tell its month and its time"),
        (f"cost/daily/20261001-20261031/{RUN}", {}, "not in folders that tell its month and its time"),
        (f"cost/daily/20261001-20261331/202610041442/{RUN}", {}, "not in folders that tell its month and its time"),
        (f"cost/daily/20261005-20261011/202610121442/{RUN}", {}, "expected days of one month from its first on"),
        (f"cost/daily/20261001-20261031/202610041442/{RUN}", {"blobs": {}}, "has no list blobs"),
    ],
)
def test_an_older_run_that_does_not_tell_enough_is_refused(
    company: Company, tmp_path: Path, folder: str, change: dict[str, Any], why: str
):
    container = tmp_path / "billing"
    deliver_old(container, folder, "1", **change)
    company.add("azure", "cost_details", container / "cost" / "daily")

    [failure] = company.refresh("azure_cost_details").failures

    assert why in str(failure)


def test_a_one_time_export_of_the_same_scope_replaces_and_never_adds(company: Company, tmp_path: Path):
    daily, once = AzureExport(company.folder, "daily"), AzureExport(company.folder, "once")
    company.add("azure", "cost_details", daily.root.parent)
    daily.deliver("2026-09", [AZURE_ROW] * 3, submitted="2026-10-05T04:00:00Z", **exported_by(BILLING_ACCOUNT))
    once.deliver("2026-09", [AZURE_ROW] * 3, submitted="2026-10-09T04:00:00Z", **exported_by(BILLING_ACCOUNT, "once"))

    result = company.refresh("azure_cost_details")

    assert not result.failures
    assert [str(total) for total in result.totals] == ["9.75 USD billed"]


def test_a_one_time_export_of_some_days_does_not_stand_for_the_month(company: Company, tmp_path: Path):
    daily, once = AzureExport(company.folder, "daily"), AzureExport(company.folder, "once")
    company.add("azure", "cost_details", daily.root.parent)
    run = {"runId": RUN, "submittedTime": "2026-10-15T04:00:00Z", "startDate": "2026-09-01", "endDate": "2026-09-10"}
    daily.deliver("2026-09", [AZURE_ROW] * 3, submitted="2026-10-05T04:00:00Z", **exported_by(BILLING_ACCOUNT))
    once.deliver("2026-09", [AZURE_ROW], runInfo=run, run=RUN, **exported_by(BILLING_ACCOUNT, "once"))

    assert company.refresh("azure_cost_details").rows == 3


@pytest.mark.parametrize(("start", "end"), [("2026-09-05", "2026-09-10"), ("2026-09-20", "2026-10-11")])
def test_a_run_of_some_days_is_of_no_concern_once_whole_months_hold_them(
    company: Company, tmp_path: Path, start: str, end: str
):
    daily = AzureExport(company.folder, "daily")
    company.add("azure", "cost_details", daily.root)
    run = {"runId": RUN, "submittedTime": "2026-10-12T04:00:00Z", "startDate": start, "endDate": end}
    daily.deliver("2026-09", [AZURE_ROW], runInfo=run, run=RUN, **exported_by(BILLING_ACCOUNT))
    [failure] = company.refresh("azure_cost_details").failures
    assert f"covers {start} to {end}; expected days of one month from its first on" in str(failure)

    for number, (period, submitted) in enumerate(
        (("2026-09", "2026-10-12T05:00:00Z"), ("2026-10", "2026-10-12T06:00:00Z"))
    ):
        run = {"runId": RUN[:-1] + str(number), "submittedTime": submitted, "startDate": f"{period}-01"}
        run["endDate"] = "2026-10-01" if period == "2026-09" else "2026-10-31"
        daily.deliver(period, [AZURE_ROW] * 3, runInfo=run, run=run["runId"], **exported_by(BILLING_ACCOUNT.upper()))
    result = company.refresh("azure_cost_details")

    assert (result.failures, result.rows) == ([], 6)


def test_a_run_of_some_days_of_another_scope_or_type_is_told_beside_whole_months(company: Company, tmp_path: Path):
    daily = AzureExport(company.folder, "daily")
    company.add("azure", "cost_details", daily.root)
    daily.deliver("2026-10", [AZURE_ROW] * 3, submitted="2026-10-19T05:00:00Z", **exported_by(BILLING_ACCOUNT))
    run = {"runId": RUN, "submittedTime": "2026-10-12T04:00:00Z", "startDate": "2026-10-05", "endDate": "2026-10-06"}
    daily.deliver("2026-10", [AZURE_ROW], runInfo=run, run=RUN, **exported_by(SUBSCRIPTION))

    result = company.refresh("azure_cost_details")

    assert "covers 2026-10-05 to 2026-10-06" in str(result.failures[0])
    assert result.rows == 3


def test_runs_of_two_scopes_in_one_folder_are_refused_and_what_was_landed_stays(company: Company, tmp_path: Path):
    account, subscription = AzureExport(company.folder, "account"), AzureExport(company.folder, "subscription")
    company.add("azure", "cost_details", account.root.parent)
    account.deliver("2026-09", [AZURE_ROW] * 3, **exported_by(BILLING_ACCOUNT))
    account.deliver("2026-10", [AZURE_ROW] * 2, **exported_by(BILLING_ACCOUNT.upper()))
    company.refresh("azure_cost_details")
    subscription.deliver("2026-10", [AZURE_ROW], submitted="2026-10-19T05:00:00Z", **exported_by(SUBSCRIPTION))

    result = company.refresh("azure_cost_details")

    [failure] = result.failures
    for told in ("2026-10: ", "runs of 2 scopes", SUBSCRIPTION, BILLING_ACCOUNT.lower(), "a source for each scope"):
        assert told in str(failure)
    assert {delivery.billing_period: delivery.rows for delivery in result.live} == {"2026-09": 3, "2026-10": 2}


def test_two_older_exports_in_one_folder_are_refused_since_nothing_tells_their_scope(company: Company, tmp_path: Path):
    container = tmp_path / "billing"
    for export in ("daily", "once"):
        deliver_old(container, f"cost/{export}/20261001-20261031/202610041442/{RUN}", "1")
    company.add("azure", "cost_details", container / "cost")

    [failure] = company.refresh("azure_cost_details").failures

    assert "unknown, folder daily" in str(failure)
    assert "unknown, folder once" in str(failure)


def test_runs_of_other_types_in_the_folder_are_left_alone(company: Company, tmp_path: Path):
    actual, focus = AzureExport(company.folder, "actual"), AzureExport(company.folder, "focus")
    company.add("azure", "cost_details", actual.root.parent)
    actual.deliver("2026-10", [AZURE_ROW])
    focus.deliver("2026-10", [AZURE_ROW], kind="FocusCost", blobs="of no concern")
    day = {"runId": RUN, "submittedTime": "2026-10-12T04:00:00Z", "startDate": "2026-10-12", "endDate": "2026-10-12"}
    focus.deliver("2026-10", [AZURE_ROW], kind="PriceSheet", run=RUN, runInfo=day)
    focus.deliver("2026-10", [AZURE_ROW], kind="ReservationRecommendations", run=ANOTHER_RUN, runInfo=None)

    result = company.refresh("azure_cost_details")

    assert (result.rows, result.failures) == (1, [])


def test_a_focus_source_is_offered_focus_runs_only(tmp_path: Path):
    actual, focus = AzureExport(tmp_path, "actual"), AzureExport(tmp_path, "focus")
    actual.deliver("2026-10", [AZURE_ROW])
    focus.deliver("2026-10", [AZURE_ROW], kind="FocusCost")
    source = Source(name="s", provider="azure", dataset="focus", uri="file:///x")

    [offer] = list_offers(LocalFolder(actual.root.parent), source)

    assert isinstance(offer, Offer)
    assert (offer.variant, offer.period, "focus" in offer.manifest) == ("", "2026-10", True)
    [error] = list_offers(LocalFolder(actual.root), source)
    assert "is of type 'ActualCost'; expected FocusCost" in str(error)


@pytest.mark.parametrize(
    "file", ["20261001-20261031/daily_9ae8a3b0.csv", "20261001-20261031/daily/daily_9ae8a3b0.csv.gz"]
)
def test_an_export_without_partitions_is_refused_with_how_to_turn_them_on(company: Company, tmp_path: Path, file: str):
    write_csv(tmp_path / "billing" / "daily" / file, [AZURE_ROW])
    company.add("azure", "cost_details", tmp_path / "billing" / "daily")

    [failure] = company.refresh("azure_cost_details").failures

    assert f"1 cost files without a manifest, such as {file}" in str(failure)
    assert "turn file partitioning on" in str(failure)


def test_the_parts_of_a_run_whose_manifest_is_still_to_come_are_not_there_yet(company: Company, tmp_path: Path):
    write_csv(tmp_path / "billing" / "daily" / f"20261001-20261031/202610041442/{RUN}/part_0_0001.csv", [AZURE_ROW])
    company.add("azure", "cost_details", tmp_path / "billing" / "daily")

    result = company.refresh("azure_cost_details")

    assert (result.failures, result.live) == ([], [])
    assert [told.partition(";")[0] for told in result.not_delivered] == ["payer 2026-10 ActualCost: not delivered yet"]


def test_a_run_without_files_is_landed_empty(company: Company, azure: AzureExport):
    azure.deliver("2026-10", [], blobs=[], blobCount=0)

    [delivery] = company.refresh("azure_cost_details").live

    assert (delivery.rows, delivery.files, delivery.totals) == (0, (), ())


def test_the_documented_example_is_of_a_type_that_is_no_bill(company: Company, reference_data: Path, tmp_path: Path):
    example = reference_data / "exports" / "azure" / "manifest_2024-04-01_msdocs_example.json"
    folder = tmp_path / "billing" / "folder" / "sample"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(example.read_bytes())
    company.add("azure", "cost_details", folder)

    [failure] = company.refresh("azure_cost_details").failures

    assert "is of type 'ReservationRecommendations'; expected ActualCost or AmortizedCost" in str(failure)


def test_the_real_older_manifest_is_understood(reference_data: Path, tmp_path: Path):
    example = reference_data / "exports" / "azure" / "koku" / "manifest.json"
    name = json.loads(example.read_text())["blobs"][0]["blobName"]
    folder = (tmp_path / name).parent
    folder.mkdir(parents=True)
    (folder / "_manifest.json").write_bytes(example.read_bytes())
    root = tmp_path / "cost" / "partitioned"

    [offer] = list_offers(
        LocalFolder(root), Source(name="s", provider="azure", dataset="cost_details", uri=f"file://{root}")
    )

    assert isinstance(offer, Offer)
    assert (offer.period, offer.variant, offer.rows) == ("2023-01", "ActualCost", 490)
    assert offer.submitted_at == datetime(2023, 1, 4, 14, 42)
    assert offer.delivery_id.startswith(RUN)
    assert [file.name for file in offer.files] == [name]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["2026-10-01", "x.csv"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ("manifestVersion",), ("blobs",), ("blobCount",), ("dataRowCount",), ("exportConfig",), ("runInfo",),
    ("exportConfig", "type"), ("exportConfig", "resourceId"), ("runInfo", "runId"), ("runInfo", "submittedTime"),
    ("runInfo", "startDate"), ("runInfo", "endDate"), ("blobs", 0), ("blobs", 0, "blobName"),
    ("blobs", 0, "byteCount"), ("blobs", 0, "dataRowCount"), ("blobs", 0, "headerRowCount"),
]  # fmt: skip


def replace_value(part: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put the value where `place` leads, as far as earlier changes left a way there."""
    first, *rest = place
    has_it = isinstance(part, dict) if isinstance(first, str) else isinstance(part, list) and part
    if has_it and rest:
        replace_value(part.get(first) if isinstance(part, dict) else part[first], tuple(rest), value)
    elif has_it:
        part[first] = value


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3), is_old=st.booleans())
def test_no_manifest_whatever_its_values_does_more_than_be_refused(
    tmp_path: Path, changes: list[tuple[tuple[Any, ...], Any]], is_old: bool
):
    """Every value of a manifest by something else: an offer of the export's own files, or an error with its name."""
    container = tmp_path / "fuzzed"
    if not container.exists():
        AzureExport(tmp_path / "fuzzed").deliver("2026-10", [AZURE_ROW], **exported_by(BILLING_ACCOUNT))
        deliver_old(container / "billing", f"exports/actual/20261001-20261031/202610041442/{RUN}", "1")
        for path in container.rglob("manifest.json"):
            path.rename(path.with_name("original.json"))
    [path] = [p for p in container.rglob("original.json") if (RUN in str(p)) == is_old]
    manifest = json.loads(path.read_text())
    for place, value in changes:
        replace_value(manifest, place, value)
    written = path.with_name("manifest.json")
    written.write_text(json.dumps(manifest))
    root = container / "billing" / "exports" / "actual"
    try:
        [found] = list_offers(
            LocalFolder(root), Source(name="s", provider="azure", dataset="cost_details", uri=f"file://{root}")
        )
    finally:
        written.unlink()
    if isinstance(found, DeliveryError):
        assert "manifest.json" in str(found)
    else:
        assert found.period == f"{datetime.strptime(found.period, '%Y-%m').replace(tzinfo=UTC):%Y-%m}"
        assert all(not Path(file.key).is_absolute() and ".." not in file.key.split("/") for file in found.files)
