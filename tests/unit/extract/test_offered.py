"""What the sensor asks: is anything offered that is not landed? Told by manifests, within a bound."""

import time
from pathlib import Path

import pytest
from export_writers import AZURE_ROW, GCP_ROW, AzureExport, Company, Cur2Export, cur2_rows, write_json_lines

from finops_pipeline.extract import offered
from finops_pipeline.extract.offered import ALL_PERIODS, look_for_news, offered_identities
from finops_pipeline.extract.side_by_side import AT_ONCE, TooSlowError, ask_each
from finops_pipeline.extract.transport.local_folder import LocalFolder


def news_of(company: Company) -> list[str]:
    news = look_for_news(company.sources, company.landing, 30)
    assert (news.failed, news.too_slow) == ([], [])
    return [" ".join(line.split(" ")[:3]).strip() for line in news.changed]


def test_what_is_offered_and_not_landed_is_news_and_what_is_landed_is_not(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-09", cur2_rows(1.0))
    cur2.deliver("2026-10", cur2_rows(2.0))
    assert news_of(company) == ["payer 2026-09", "payer 2026-10"]

    company.refresh("aws_cur2")
    assert news_of(company) == []

    cur2.deliver("2026-09", cur2_rows(3.0), run=2)
    assert news_of(company) == ["payer 2026-09"]


def test_variants_are_told_apart(company: Company, azure: AzureExport):
    azure.deliver("2026-10", [AZURE_ROW])
    company.refresh("azure_cost_details")
    azure.deliver("2026-10", [AZURE_ROW], kind="AmortizedCost", run="two", submitted="2026-10-19T05:00:00Z")

    assert news_of(company) == ["payer 2026-10 AmortizedCost"]


def test_a_folder_of_dumps_is_one_whole(company: Company, gcp: Path):
    assert offered_identities(company.sources[0], company.landing) == []
    write_json_lines(gcp / "a.jsonl", [GCP_ROW])
    assert [period for period, _, _ in offered_identities(company.sources[0], company.landing)] == [ALL_PERIODS]
    assert news_of(company) == ["payer *"]

    company.refresh("gcp_detailed")
    assert news_of(company) == []

    write_json_lines(gcp / "b.jsonl", [GCP_ROW])
    assert news_of(company) == ["payer *"]


def test_no_data_file_is_opened_and_nothing_is_written(
    company: Company, cur2: Cur2Export, monkeypatch: pytest.MonkeyPatch
):
    cur2.deliver("2026-10", cur2_rows(1.0))
    monkeypatch.setattr(LocalFolder, "open_data", lambda *_: pytest.fail("a data file was opened"))

    assert news_of(company) == ["payer 2026-10"]
    assert not company.home.exists()


def test_a_source_that_fails_or_hangs_does_not_hide_the_others(
    company: Company, cur2: Cur2Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    cur2.deliver("2026-10", cur2_rows(1.0))
    company.add("aws", "cur2", tmp_path / "nowhere", name="gone")
    company.add("aws", "cur2", tmp_path, name="slow")
    company.add("aws", "cur2", tmp_path, name="broken")
    original = offered.offered_identities

    def answer(source, landing):
        if source.name == "slow":
            time.sleep(60)
        if source.name == "broken":
            raise KeyError("a secret of the client")
        return original(source, landing)

    monkeypatch.setattr(offered, "offered_identities", answer)
    started = time.monotonic()
    news = look_for_news(company.sources, company.landing, 3)

    assert time.monotonic() - started < 10
    assert [line.split()[:2] for line in news.changed] == [["payer", "2026-10"]]
    assert news.too_slow == ["slow"]
    assert [line.partition(":")[0] for line in news.failed] == ["gone", "broken"]
    assert "secret" not in "".join(news.failed)


def test_one_unreadable_manifest_leaves_the_other_months_news(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-09", cur2_rows(1.0))
    cur2.deliver("2026-10", cur2_rows(1.0))
    cur2.manifest_path("2026-09").write_text("{half")

    assert news_of(company) == ["payer 2026-10"]


def test_questions_are_asked_side_by_side_and_each_has_its_bound():
    started = time.monotonic()
    answers = ask_each([0.0] * 20 + [30.0] + [0.2] * AT_ONCE, lambda wait: time.sleep(wait) or wait, seconds=2)

    assert time.monotonic() - started < 10
    assert isinstance(answers[20], TooSlowError)
    assert [answers[position] for position in range(21, 21 + AT_ONCE)] == [0.2] * AT_ONCE
    assert sorted(answers) == list(range(21 + AT_ONCE))


def test_the_bound_for_all_holds_for_those_that_were_not_asked():
    answers = ask_each([5.0] * (AT_ONCE + 3), lambda wait: time.sleep(wait), seconds=60, in_all=0.5)

    assert {type(answer) for answer in answers.values()} == {TooSlowError}
    assert len(answers) == AT_ONCE + 3
