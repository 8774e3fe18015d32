"""After a run: who is told, once; what is kept when nobody answers; and that no secret is left anywhere."""

import json
import os
import re
import threading
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from alert_servers import Answer
from typer.testing import CliRunner

from finops_pipeline import run
from finops_pipeline.alerts import deliver, memory
from finops_pipeline.alerts.send import tell_after_run
from finops_pipeline.checks.outcome import CheckOutcome, Offender
from finops_pipeline.checks.results import record_results, results_of
from finops_pipeline.cli import app
from finops_pipeline.defs.alerts import alerts_after_failure, alerts_after_success
from finops_pipeline.defs.automation import refresh
from finops_pipeline.errors import FinopsError
from finops_pipeline.settings import load_settings

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
CANARY = "c4n4ry1234567890"
CHANNELS = """\
version: 1
channels:
  - {name: chat, kind: slack, webhook_env: CHAT_ADDRESS}
  - {name: pager, kind: webhook, url_env: PAGER_ADDRESS, secret_env: PAGER_KEY}
routes:
  - {severities: [error], channels: [pager]}
default: [chat]
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(deliver, "FIRST_PAUSE", 0.01)


@pytest.fixture
def company(tmp_path, monkeypatch, web):
    """A configuration with two channels on the web server, and a data folder in which nothing ran yet."""
    (tmp_path / "alerts.yaml").write_text(CHANNELS)
    (tmp_path / "finops.yaml").write_text(
        "version: 1\nsources:\n  - {name: aws, provider: aws, dataset: cur2, uri: 'file:///absent'}\n"
    )
    for name, value in {
        "FINOPS_HOME": str(tmp_path / "home"),
        "FINOPS_CONFIG": str(tmp_path / "finops.yaml"),
        "FINOPS_NOW": NOW.isoformat(),
        "CHAT_ADDRESS": web.url(f"/services/T0/{CANARY}"),
        "PAGER_ADDRESS": web.url(f"/hook/{CANARY}"),
        "PAGER_KEY": f"key-{CANARY}",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def recorded(day=0, *subjects, run_id="run-1", severity="warn", name="sources_are_fresh"):
    """Settings of a morning on which a run recorded a check with these offenders."""
    settings = load_settings({**os.environ, "FINOPS_NOW": (NOW + timedelta(days=day)).isoformat()})
    outcome = CheckOutcome("some differ", "none", "Look.", [Offender(s, "5 days", "3 days") for s in subjects])
    rows = results_of(
        outcome, check_name=name, subject="raw/deliveries", severity=severity, run_id=run_id, checked_at=settings.now
    )
    record_results(settings.check_results, rows)
    return settings


def told(web):
    """The paths of all requests so far, and forget them."""
    paths = [request.path.split("/")[1] for request in web.received]
    web.received.clear()
    return paths


def test_without_a_configuration_nobody_is_told_anything(company, web):
    (company / "alerts.yaml").unlink()
    assert tell_after_run(recorded(0, "aws"), "run-1", []) == []
    assert not (company / "home" / "alerts").exists()


def test_a_finding_is_told_once_and_its_end_only_where_it_stopped_publishing(company, web):
    assert tell_after_run(recorded(0, "aws"), "run-1", []) == ["Alerts: told chat 2026-11-03: 1 to look at"]
    assert told(web) == ["services"]
    assert tell_after_run(recorded(1, "aws", run_id="run-2"), "run-2", []) == []
    assert tell_after_run(recorded(2, run_id="run-3"), "run-3", []) == []
    assert told(web) == []


def test_a_failed_run_is_told_at_once_and_its_end_too(company, web):
    failures = ["raw__aws_cur2: the export cannot be read"]
    assert tell_after_run(recorded(0), "run-1", failures) == ["Alerts: told pager 2026-11-03: 1 stops publishing"]
    [request] = web.received
    [finding] = request.json["findings"]
    assert finding["subject"] == failures[0]
    assert finding["link"] == "http://127.0.0.1:3000/runs/run-1"
    assert tell_after_run(recorded(0), "run-1", []) == ["Alerts: told pager 2026-11-03: 1 solved"]


def test_what_fails_again_on_the_same_day_has_an_id_of_its_own(company, web):
    ids = []
    for number, subjects in enumerate((["aws"], [], ["aws"], [], ["aws"])):
        run_id = f"run-{number}"
        tell_after_run(recorded(0, *subjects, run_id=run_id, severity="error"), run_id, [])
        ids += [request.json["digest_id"] for request in web.received]
        web.received.clear()
    # a receiver drops what comes with an id that it has seen
    assert len(set(ids)) == 5


def refreshed(settings, monkeypatch, execute):
    """What `finops run` does around the job, which is `execute` here."""
    monkeypatch.setattr(run, "_execute", lambda console, run_id, asked: execute(run_id))
    return run.refresh(settings, from_period=None, to_period=None, rebuild=False)


def test_finops_run_tells_at_its_end_however_it_ended(company, web, monkeypatch, capfd):
    def finds_something(run_id):
        recorded(0, "aws", run_id=run_id)
        return run.Outcome(succeeded=True, failures=[])

    settings = load_settings()
    assert refreshed(settings, monkeypatch, finds_something) == 0
    assert told(web) == ["services"]
    assert refreshed(settings, monkeypatch, lambda _: run.Outcome(succeeded=False, failures=["disk full"])) == 1
    assert told(web) == ["hook"]
    assert "Alerts: told pager 2026-11-03: 1 stops publishing" in capfd.readouterr().out


def test_finops_run_tells_of_what_stops_it_before_its_first_step(company, web, monkeypatch):
    def breaks(run_id):
        raise FinopsError("the dbt project cannot be parsed")

    with pytest.raises(FinopsError):
        refreshed(load_settings(), monkeypatch, breaks)
    assert "the dbt project cannot be parsed" in web.received[0].body.decode()
    assert told(web) == ["hook"]


def test_an_interrupted_run_is_no_news(company, web):
    assert tell_after_run(recorded(0), "run-1", ["interrupted"]) == []
    assert told(web) == []


def test_what_nobody_took_is_kept_retried_by_the_next_run_and_not_told_twice(company, web):
    web.answers = [Answer(status=500, body=CANARY)]
    [line] = tell_after_run(recorded(0, "aws"), "run-1", [])
    assert line.startswith("Alerts: chat answered HTTP 500 (4 tries); kept as a dead letter")
    [letter] = memory.dead_letters(company / "home")
    assert (letter.attempts, letter.reason) == (1, "answered HTTP 500 (4 tries)")
    told(web)

    [line] = tell_after_run(recorded(1, run_id="run-2"), "run-2", [])
    assert memory.dead_letters(company / "home")[0].attempts == 2
    told(web)

    web.answers = [Answer()]
    assert tell_after_run(recorded(2, "aws", run_id="run-3"), "run-3", []) != []
    bodies = [json.dumps(request.json) for request in web.received]
    assert "2026-11-03" in bodies[0]
    assert memory.dead_letters(company / "home") == []
    told(web)
    assert tell_after_run(recorded(3, "aws", run_id="run-4"), "run-4", []) == []


def test_who_has_a_mail_does_not_get_it_again_because_a_colleague_left(company, mail_server):
    server = mail_server(tls=False)
    server.box.unknown = {"gone@acme.test"}
    (company / "alerts.yaml").write_text(
        "version: 1\nchannels:\n"
        f"  - {{name: mail, kind: email, host: 127.0.0.1, port: {server.port}, tls: none, from: f@acme.test,\n"
        "     to: [here@acme.test, gone@acme.test]}\ndefault: [mail]\n"
    )
    told_of = "Alerts: told mail 2026-11-03: 1 to look at; it takes no mail for 1 of 2 recipients (SMTP 550)"
    assert tell_after_run(recorded(0, "aws"), "run-1", []) == [told_of]
    assert tell_after_run(recorded(0, "aws", run_id="run-2"), "run-2", []) == []
    assert len(server.box.mails) == 1
    result = CliRunner().invoke(app, ["alerts", "test", "mail"])
    assert result.output == "mail took a test message, but takes no mail for 1 of 2 recipients (SMTP 550).\n"


def test_one_dead_channel_does_not_keep_the_other_from_being_told(company, web, monkeypatch):
    monkeypatch.setenv("CHAT_ADDRESS", "http://127.0.0.1:9/x")
    settings = recorded(0, "aws")
    lines = tell_after_run(settings, "run-1", ["disk full"])
    assert len(lines) == 2
    assert told(web) == ["hook"]
    assert [letter.digest.channel for letter in memory.dead_letters(company / "home")] == ["chat"]


def test_news_a_week_old_are_kept_but_no_longer_tried_and_deleted_after_ninety_days(company, web):
    web.answers = [Answer(status=500)]
    tell_after_run(recorded(0, "aws"), "run-1", [])
    told(web)
    web.answers = [Answer()]
    for day, left in ((8, 1), (90, 1), (91, 0)):
        tell_after_run(recorded(day, run_id=f"run-{day}"), f"run-{day}", [])
        assert told(web) == []
        assert len(memory.dead_letters(company / "home")) == left


def test_dead_letters_end_with_their_channel_and_what_still_holds_goes_to_who_takes_it_now(company, web):
    web.answers = [Answer(status=500)]
    tell_after_run(recorded(0, "aws", severity="error"), "run-1", [])
    told(web)
    web.answers = [Answer()]
    without = CHANNELS.replace("  - {name: pager, kind: webhook, url_env: PAGER_ADDRESS, secret_env: PAGER_KEY}\n", "")
    (company / "alerts.yaml").write_text(without.replace("[pager]", "[chat]"))

    dropped, sent = tell_after_run(recorded(1, "aws", run_id="run-2", severity="error"), "run-2", [])
    assert dropped == (
        "Alerts: dropped a dead letter of pager, which alerts.yaml no longer has: FinOps 2026-11-03: 1 stops publishing"
    )
    assert sent == "Alerts: told chat 2026-11-04: 1 stops publishing"
    assert told(web) == ["services"]
    assert memory.dead_letters(company / "home") == []
    assert tell_after_run(recorded(1, "aws", run_id="run-3", severity="error"), "run-3", []) == []


@pytest.mark.parametrize("damage", ["version: [", "version: 2", None])
def test_nothing_that_goes_wrong_in_alerts_fails_a_run(company, web, damage):
    if damage is None:
        (company / "home").mkdir()
        (company / "home" / "alerts").write_text("a file where a folder should be")
    else:
        (company / "alerts.yaml").write_text(damage)
    [line] = tell_after_run(recorded(0, "aws"), "run-1", [])
    assert line.startswith("Alerts: nobody was told")


def test_a_damaged_memory_tells_again_instead_of_never(company, web):
    tell_after_run(recorded(0, "aws"), "run-1", [])
    (company / "home" / "alerts" / "told.json").write_text('{"channels": {"chat": {"told"')
    (company / "home" / "alerts" / "dead-letters").mkdir(exist_ok=True)
    (company / "home" / "alerts" / "dead-letters" / "x.json").write_text("{")
    tell_after_run(recorded(1, "aws"), "run-1", [])
    assert told(web) == ["services", "services"]


def test_a_run_and_a_sensor_that_tell_at_once_tell_once(company, web):
    settings = recorded(0, "aws")
    threads = [threading.Thread(target=tell_after_run, args=(settings, "run-1", ["disk full"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told(web)) == ["hook", "services"]


def finops(*arguments):
    """Exit code and everything printed."""
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


def test_no_secret_is_left_in_any_file_message_or_output(company, web, monkeypatch):
    """The addresses and the key are in the environment; a client's error quotes them; every try fails."""
    said = f"denied at {os.environ['CHAT_ADDRESS']} and /services/T0/{CANARY} with key-{CANARY}"
    settings = recorded(0, said)
    web.answers = [Answer(status=500, body=said)]
    lines = tell_after_run(settings, "run-1", [said, f"Traceback: {said}"])
    outputs = [finops(*arguments) for arguments in (["alerts"], ["alerts", "send"], ["alerts", "test", "chat"])]
    monkeypatch.setenv("CHAT_ADDRESS", f"http://nowhere.invalid/{CANARY}")
    outputs += [finops("alerts", "test", "chat")]

    assert [code for code, _ in outputs] == [0, 1, 1, 1]
    left = {str(path): path.read_text() for path in (company / "home" / "alerts").rglob("*") if path.is_file()}
    assert len(left) >= 4
    bodies = [request.body.decode() for request in web.received]
    assert any("denied at" in body for body in bodies)
    texts = [*left.values(), *lines, *(text for _, text in outputs), *bodies]
    assert [text for text in texts if CANARY in text] == []


def test_files_of_alerts_are_for_their_owner_alone(company, web):
    web.answers = [Answer(status=500)]
    tell_after_run(recorded(0, "aws"), "run-1", [])
    files = [path for path in (company / "home" / "alerts").rglob("*.json")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_the_command_shows_tries_and_sends(company, web):
    recorded(0, "aws")
    code, text = finops("alerts", "send", "--dry-run")
    assert (code, told(web)) == (0, [])
    assert "--- to chat\nFinOps 2026-11-03: 1 to look at" in text
    assert "sources_are_fresh" in text

    assert finops("alerts", "send") == (0, "Alerts: told chat 2026-11-03: 1 to look at\n")
    assert finops("alerts", "send") == (0, "Nothing to tell.\n")
    code, text = finops("alerts")
    assert text.splitlines() == [
        "chat (slack): last digest 2026-11-03, 1 finding told",
        "pager (webhook): no digest yet, 0 findings told",
    ]
    told(web)
    for _ in range(2):
        assert finops("alerts", "test", "pager") == (0, "pager took a test message.\n")
    first, second = (json.loads(request.body) for request in web.received)
    assert first["digest_id"] != second["digest_id"]
    assert re.fullmatch(r"FinOps \d{4}-\d\d-\d\d: 1 to look at", first["headline"])
    assert told(web) == ["hook", "hook"]
    code, text = finops("alerts", "test", "nobody")
    assert (code, text) == (2, "error: there is no channel 'nobody'; channels are chat, pager.\n")


def test_validate_names_the_variables_that_are_missing(company, web, monkeypatch):
    monkeypatch.delenv("PAGER_KEY")
    code, text = finops("validate")
    assert code == 1
    assert "alerts channel pager: PAGER_KEY is not set; secret_env names it." in text


def run_in(instance, *, fails, tags):
    """A recorded run of a job named as ours, that ended as asked."""

    @dg.op
    def extract():
        if fails:
            raise dg.Failure("raw__aws_cur2: the export cannot be read", allow_retries=False)

    @dg.job(name=refresh.name)
    def small():
        extract()

    return small.execute_in_process(instance=instance, raise_on_error=False, tags=tags)


@pytest.mark.parametrize(
    ("fails", "tags", "requests"),
    [(True, {}, ["hook"]), (False, {}, []), (True, {"finops/by": "finops run"}, [])],
    ids=["a failed run of the UI", "a good run of the UI", "a failed `finops run`"],
)
def test_the_sensors_tell_of_runs_that_no_finops_run_told_of(company, web, fails, tags, requests):
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_in(instance, fails=fails, tags=tags)
        event = result.all_events[-1]
        context = dg.build_run_status_sensor_context(
            sensor_name="alerts", dagster_event=event, dagster_instance=instance, dagster_run=result.dagster_run
        )
        sensor = alerts_after_failure if fails else alerts_after_success
        skip = sensor(context)
    assert isinstance(skip, dg.SkipReason)
    assert told(web) == requests
