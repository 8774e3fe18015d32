"""`anomalies.yaml` and `finops anomalies`: what is remembered, what is shown, what is refused."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from finops_pipeline.anomaly_list import acknowledged, listed
from finops_pipeline.cli import app
from finops_pipeline.errors import ConfigurationError, FinopsError
from finops_pipeline.settings import Settings, load_settings
from finops_pipeline.side_files.anomaly_feedback import Feedback, load_anomaly_feedback, remember, write_feedback_table

ID = "62699a7850d1"
DRIVERS = {
    "elements": [],
    "decomposition": {"change": "8", "price": "8"},
    "moved": None,
    "resources": [{"resource": "i-1", "change": "8"}],
    "also_seen_in": ["service EC2"],
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose last run found one anomaly."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(
            """create table fct_anomalies as select ? as anomaly_id, date '2026-10-27' as charge_date,
                date '2026-10-30' as detected_on, 'model' as scope, cast(null as varchar) as source_name, 'm' as entity,
                'cost' as metric,
                'spike' as kind, 'USD' as billing_currency, cast(9 as decimal(38, 18)) as observed_cost,
                cast(1 as decimal(38, 18)) as expected_cost, cast(2 as decimal(38, 18)) as upper,
                cast(8 as decimal(38, 18)) as impact, ? as drivers""",
            [ID, json.dumps(DRIVERS)],
        )
    (tmp_path / "finops.yaml").write_text("version: 1\n", encoding="utf-8")
    environment = {"FINOPS_HOME": str(tmp_path), "FINOPS_CONFIG": str(tmp_path / "finops.yaml")}
    return load_settings({**environment, "FINOPS_NOW": "2026-11-03T06:00:00Z"})


def test_an_anomaly_is_listed_with_its_cause_until_it_is_acknowledged(settings):
    [head, told, look, also] = listed(settings)
    assert head.split() == [ID, "2026-10-27", "spike", "+8.00", "USD", "model", "m"]
    assert told.strip() == "9.00; expected 1.00; first shown by the data of 2026-10-30; mostly price +8.00"
    assert look.strip() == "look at i-1 (+8.00)"
    assert also.strip() == "also seen in service EC2"
    acknowledged(settings, ID, "expected", 'a "test"')
    assert listed(settings) == ["No anomalies in the last 92 days of the data.", "1 acknowledged (--all shows them)"]
    assert "[expected]" in listed(settings, show_all=True)[0]


def test_of_what_is_seen_everywhere_some_names_are_enough(settings):
    drivers = json.dumps(DRIVERS | {"also_seen_in": [f"sku {number}" for number in range(35)]})
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("update fct_anomalies set drivers = ?", [drivers])
    assert listed(settings)[-1].endswith("sku 6, sku 7 and 27 more")


def test_of_a_young_company_nothing_is_said_to_be_usual(settings):
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("delete from fct_anomalies")
        connection.execute(
            "create table int_daily_series as select date '2026-10-15' as first_day, date '2026-11-02' as last_day"
        )
    assert listed(settings) == [
        "No anomalies in the last 92 days of the data: there are 19 so far, and nothing is judged before its day 35."
    ]


def test_what_is_new_was_expected_to_cost_nothing(settings):
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("update fct_anomalies set upper = null, kind = 'new_sku'")
    assert listed(settings)[1].strip().startswith("9.00; expected nothing: it is new; first shown")


def test_a_verdict_is_remembered_beside_the_configuration_and_replaced_by_a_later_one(settings, tmp_path):
    path = tmp_path / "anomalies.yaml"
    assert str(path) in acknowledged(settings, ID, "expected", "load: test # 1\nof two")
    acknowledged(settings, ID, "not-an-anomaly", None)
    remember(settings.config_path, Feedback(id="0" * 12, verdict="expected", note="load: test # 1\nof two"))
    first, second = load_anomaly_feedback(settings.config_path).feedback
    assert first == Feedback(id=ID, verdict="not-an-anomaly", said_on=date(2026, 11, 3))
    assert second.note == "load: test # 1\nof two"


def test_a_file_that_was_edited_keeps_its_comments_and_the_later_verdict_holds(settings, tmp_path):
    path = tmp_path / "anomalies.yaml"
    edited = f'# agreed with finance\nfeedback:\n  - id: "{ID}"  # ticket 12\n    verdict: expected\n'
    path.write_text(edited)
    acknowledged(settings, ID, "not-an-anomaly", "it was none")
    assert path.read_text().startswith(edited)
    assert "[not-an-anomaly]" in listed(settings, show_all=True)[0]
    path.write_text(f"feedback: [{{id: {ID}, verdict: expected}}]")
    acknowledged(settings, ID, "not-an-anomaly", None)
    [said] = load_anomaly_feedback(settings.config_path).feedback
    assert said.verdict == "not-an-anomaly"
    assert [file.name for file in tmp_path.glob("*anomalies.yaml*")] == ["anomalies.yaml"]


def test_an_id_written_by_hand_that_is_no_anomaly_is_told(settings, tmp_path):
    (tmp_path / "anomalies.yaml").write_text(
        "feedback:\n  - {id: deadbeef0000, verdict: expected}\n"
        "  - {id: deadbeef0001, verdict: expected, said_on: 2026-01-02}\n"
    )
    assert listed(settings)[-1] == "anomalies.yaml names what is no anomaly of these days: deadbeef0000"


def test_what_is_not_known_is_refused_and_nothing_is_written(settings, tmp_path):
    with pytest.raises(FinopsError, match="no anomaly 'abc'"):
        acknowledged(settings, "abc", "expected", None)
    with pytest.raises(ConfigurationError, match="allowed: expected, not-an-anomaly"):
        acknowledged(settings, ID, "fine", None)
    with pytest.raises(ConfigurationError, match=r"elsewhere.yaml does not exist.*--config"):
        acknowledged(replace(settings, config_path=tmp_path / "elsewhere.yaml"), ID, "expected", None)
    with pytest.raises(FinopsError, match="Nothing has been built"):
        listed(replace(settings, home=tmp_path / "elsewhere"))
    assert not (tmp_path / "anomalies.yaml").exists()


def test_a_faulty_file_is_told_by_key_and_line(tmp_path):
    (tmp_path / "anomalies.yaml").write_text("version: 1\nfeedback:\n  - id: x\n    verdict: fine\n")
    with pytest.raises(ConfigurationError, match=r"feedback\[0\].verdict \(line 4\)"):
        load_anomaly_feedback(tmp_path / "finops.yaml")


def test_the_table_holds_the_last_verdict_of_each_anomaly(tmp_path):
    (tmp_path / "anomalies.yaml").write_text(
        f"feedback:\n  - {{id: {ID}, verdict: expected}}\n  - {{id: {ID}, verdict: not-an-anomaly, note: n}}\n"
    )
    write_feedback_table(load_anomaly_feedback(tmp_path / "finops.yaml"), tmp_path)
    assert pq.read_table(tmp_path / "rules" / "anomaly_feedback.parquet").to_pylist() == [
        {"anomaly_id": ID, "verdict": "not-an-anomaly", "note": "n", "said_on": None}
    ]


def test_the_commands_end_as_they_should(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.yaml"))
    runner = CliRunner()
    assert ID in runner.invoke(app, ["anomalies"]).output
    assert runner.invoke(app, ["anomalies", "ack", ID, "--as", "expected"]).exit_code == 0
    assert runner.invoke(app, ["anomalies", "ack", ID, "--as", "fine"]).exit_code == 2
    assert runner.invoke(app, ["anomalies", "ack", "abc", "--as", "expected"]).exit_code == 1
