"""`finops validate`: ready or not, and what to do about it, without opening a data file or landing anything."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from export_writers import AZURE_ROW, NOW, AzureExport, Company, Cur2Export, cur2_rows, write_csv, write_json_lines

from finops_pipeline.config import Source, UsageFeed
from finops_pipeline.errors import DeliveryError, FinopsError
from finops_pipeline.extract import validate
from finops_pipeline.extract.validate import describe_source, describe_sources


def faults(source: Source | UsageFeed) -> list[str]:
    with pytest.raises(DeliveryError) as refused:
        describe_source(source, Path("unused"))
    return str(refused.value).splitlines()


def test_a_source_that_is_ready_tells_its_newest_delivery(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-09", cur2_rows(1.0))
    cur2.deliver("2026-10", cur2_rows(1.0))

    assert describe_source(company.sources[0], company.landing) == "reachable; newest delivery 2026-10"
    assert not company.landing.exists()


def test_a_folder_that_does_not_exist_is_told(company: Company, tmp_path: Path):
    company.add("aws", "cur2", tmp_path / "nowhere")

    [message] = faults(company.sources[0])

    assert message.startswith(f"the folder {tmp_path}/nowhere does not exist. Check the uri in finops.yaml")


def test_an_export_without_a_manifest_is_told_to_wait_or_to_look_at_the_uri(company: Company, azure: AzureExport):
    [message] = faults(company.sources[0])

    assert "holds no manifest of a complete delivery" in message
    assert "the export's own folder" in message


def test_a_missing_file_is_told_with_its_manifest(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0))
    cur2.data_files()[0].unlink()

    [message] = faults(company.sources[0])

    assert "finops-cur2-00001.snappy.parquet" in message
    assert "finops-cur2-Manifest.json" in message


def test_a_dump_folder_tells_how_many_files_it_has(company: Company, gcp: Path):
    assert "holds no dump" in faults(company.sources[0])[0]
    write_json_lines(gcp / "a.jsonl", [{}])
    assert describe_source(company.sources[0], company.landing) == "reachable; 1 dump files"


def test_a_feed_tells_how_many_files_it_matches(company: Company, tmp_path: Path):
    company.add_feed("jobs", f"{tmp_path}/*.csv")
    assert "no file matches" in faults(company.feeds[0])[0]
    write_csv(tmp_path / "a.csv", [{"usage_date": "2026-10-01"}])
    assert describe_source(company.feeds[0], company.landing) == "reachable; 1 file"


def test_all_sources_are_asked_side_by_side_and_each_gets_one_line(
    company: Company, azure: AzureExport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    azure.deliver("2026-10", [AZURE_ROW], submitted="2026-10-20T01:00:00.1234567Z")
    for name in ("gone", "slow", "broken"):
        company.add("aws", "cur2", tmp_path / name, name=name)
    company.add_feed("jobs", f"{tmp_path}/*.csv")
    original = validate.describe_source

    def describe(source, landing, now):
        if source.name == "slow":
            time.sleep(60)
        if source.name == "broken":
            raise KeyError("AKIA-something-secret")
        return original(source, landing, now)

    monkeypatch.setattr(validate, "describe_source", describe)
    started = time.monotonic()
    ready, gone, slow, broken, feed = describe_sources([*company.sources, *company.feeds], company.landing, NOW, 3)

    assert time.monotonic() - started < 15
    assert ready == "reachable; newest delivery 2026-10, written 5 hours ago"
    assert "does not exist" in str(gone)
    assert "slow did not answer within 3 s. Check the network" in str(slow)
    assert str(broken).endswith("broken could not be asked (KeyError). Please report this.")
    assert "no file matches" in str(feed)
    assert all(isinstance(told, FinopsError) for told in (gone, slow, broken, feed))


@pytest.mark.parametrize(
    ("hours", "told"), [(0, "0 hours"), (1.2, "1 hour"), (47, "47 hours"), (49, "2 days"), (-5, "0 hours")]
)
def test_ages_are_told_in_words(company: Company, azure: AzureExport, hours: float, told: str):
    submitted = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    azure.deliver("2026-10", [AZURE_ROW], submitted=submitted)

    assert describe_source(company.sources[0], company.landing, NOW).endswith(f", written {told} ago")
