"""What there is to tell: of a run's verdicts and failures, of the published anomalies and budgets; and its pages."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from finops_pipeline.alerts.digest import as_text, make_digest
from finops_pipeline.alerts.finding import Finding, check_link, run_link
from finops_pipeline.alerts.gather import gather, newest_run
from finops_pipeline.alerts.marts import findings_of_marts
from finops_pipeline.checks.outcome import CheckOutcome, Offender
from finops_pipeline.checks.results import CheckResult, record_results, results_of
from finops_pipeline.settings import load_settings

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
BASE = "http://127.0.0.1:3000"


@pytest.fixture
def settings(tmp_path):
    return load_settings({"FINOPS_HOME": str(tmp_path), "FINOPS_NOW": NOW.isoformat()})


def record(settings, name, offenders, severity="warn", run_id="run-1"):
    outcome = CheckOutcome(f"{len(offenders)} differ", "none", "Look.", offenders)
    rows = results_of(
        outcome, check_name=name, subject="raw/deliveries", severity=severity, run_id=run_id, checked_at=NOW
    )
    record_results(settings.check_results, rows)


def found(settings, run_id="run-1", failures=(), secrets=frozenset()):
    return gather(settings, run_id=run_id, failures=failures, base=BASE, secrets=secrets)


def test_each_offender_of_a_failed_check_is_a_finding_and_passed_checks_are_none(settings):
    record(settings, "sources_are_fresh", (Offender("aws", "5 days", "3 days"), Offender("gcp", "9 days", "3 days")))
    record(settings, "books_balance", ())
    gathered = found(settings)
    assert [(f.name, f.subject, f.told) for f in gathered.findings] == [
        ("sources_are_fresh", "aws", "5 days; expected 3 days"),
        ("sources_are_fresh", "gcp", "9 days; expected 3 days"),
    ]
    assert gathered.evaluated == {"sources_are_fresh", "books_balance", "run_failed"}
    assert gathered.findings[0].link == (
        "http://127.0.0.1:3000/assets/raw/deliveries?view=checks&checkDetail=sources_are_fresh"
    )


def test_a_subject_that_has_an_owner_is_told_to_it(settings):
    record(settings, "nothing_runs", (Offender("notebook", "on", "off", owner="vision"), Offender("disk", "on", "off")))
    assert [finding.owner for finding in found(settings).findings] == ["vision", "finops"]


def test_what_a_check_is_about_in_money_is_told_and_weighed(settings):
    lacks = Offender("team AWS", "70 %", "85 %", amount=Decimal("30.000000000000000001"), currency="USD")
    record(settings, "tags_cover", (lacks, Offender("team GCP", "84 %", "85 %")))
    first, second = found(settings).findings
    assert (first.money, first.amount, first.weight) == ("+30.00 USD", lacks.amount, 30)
    assert (second.amount, second.currency, second.weight) == (None, None, 0)


def test_a_finding_says_what_to_do_next_and_leaves_its_owner_to_the_heading(settings):
    record(settings, "nothing_runs", (Offender("notebook", "on", "off; vision answers", owner="vision"),))
    [finding] = found(settings).findings
    assert (finding.told, finding.next_step) == ("on; expected off", "Look.")


def test_a_failed_dbt_test_is_told_by_its_asset_and_weighed_by_its_rows(settings):
    test = CheckResult("keys_are_unique", "fct_x", "error", False, "failing rows: 12", "failing rows: 0", "run-1", "")
    record_results(settings.check_results, [test])
    [finding] = found(settings).findings
    assert (finding.subject, finding.weight, finding.is_error) == ("fct_x", 12.0, True)
    assert finding.told == "failing rows: 12"


def test_failures_are_told_by_their_first_line_and_are_over_only_after_a_good_run(settings):
    gathered = found(settings, failures=["raw__aws_cur2: key denied\n  File x, line 1", ""])
    assert [finding.subject for finding in gathered.findings] == ["raw__aws_cur2: key denied", "no message"]
    assert all(finding.is_error and finding.link == f"{BASE}/runs/run-1" for finding in gathered.findings)
    assert "run_failed" not in gathered.evaluated


def test_no_secret_gets_into_a_finding_however_it_got_into_a_message(settings, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "c4n4ry-token")
    address = "https://hooks.slack.test/services/T0CANARY0/c4n4ry1234567"
    said = f"denied c4n4ry-token at {address} (/services/T0CANARY0/c4n4ry1234567)?sig=c4n4ryx"
    record(settings, "sources_are_fresh", (Offender(said, said, said),))
    gathered = found(settings, failures=[said], secrets=frozenset({address}))
    assert len(gathered.findings) == 2
    assert "c4n4ry" not in "".join(str(finding.as_dict()) for finding in gathered.findings)


def test_the_newest_run_is_the_one_that_recorded_last(settings):
    assert newest_run(settings.check_results) is None
    record(settings, "a", (), run_id="run-1")
    record(settings, "a", (), run_id="run-2")
    assert newest_run(settings.check_results) == "run-2"


def test_links_escape_what_names_hold():
    assert check_link(BASE, "raw/a b", "x&y") == f"{BASE}/assets/raw/a%20b?view=checks&checkDetail=x%26y"
    assert run_link(BASE, "../x") == f"{BASE}/runs/..%2Fx"


def test_a_finding_survives_its_way_through_a_file_to_the_last_digit():
    finding = Finding("k", "n", "warn", "s", "t", amount=Decimal("1234567.000000000000000001"), currency="USD")
    assert Finding.from_dict(finding.as_dict() | {"unknown": 1}) == finding


def test_a_digest_groups_by_owner_and_check_and_counts_what_it_does_not_show():
    many = [Finding(f"k{i}", "check_a", "warn", f"subject {i}", "told", owner="vision") for i in range(8)]
    error = Finding("e", "check_b", "error", "broken", "told", next_step="Mend it.")
    text = as_text(make_digest("chat", "2026-11-03", BASE, [*many, error], ["run_failed: disk full"]))
    assert text.splitlines()[0] == "FinOps 2026-11-03: 1 stops publishing, 8 to look at, 1 solved"
    assert text.index("FAILED check_b") < text.index("For vision") < text.index("warning check_a (8)")
    assert "subject 4" in text
    assert "subject 5" not in text
    assert "… and 3 more" in text
    assert "Next: Mend it." in text


def test_what_is_told_in_the_same_words_to_one_owner_is_told_once_with_all_its_subjects():
    def finding(subject, told):
        return Finding(subject, "required_tags_cover_their_floor", "warn", subject, told, owner="vision")

    keys = [finding("project AWS", "94.2 %; S3"), finding("project GCP", "89.9 %"), finding("team AWS", "94.2 %; S3")]
    digest = make_digest("chat", "2026-11-03", BASE, keys, [])
    [entry] = digest.entries()
    assert [(one.subject, one.told) for one in entry.findings] == [
        ("project AWS, team AWS", "94.2 %; S3"), ("project GCP", "89.9 %"),
    ]  # fmt: skip
    assert (entry.count, entry.more) == (3, None)
    assert as_text(digest).count("94.2 %") == 1
    assert len(digest.as_dict()["findings"]) == 3


LEDGER = """
    create table fct_cost_allocations as
    select *, service_name as provider_name, null::varchar as sub_account_id, null::varchar as project,
        null::varchar as model_name, null::varchar as dataset
    from (values
        ('a1', date '2026-10-27', 'USD', 'Azure AI Foundry', 'vision', 100::decimal(38, 18)),
        ('a2', date '2026-10-27', 'USD', 'Azure AI Foundry', 'vision', 900),
        ('a3', date '2026-10-27', 'USD', 'Azure AI Foundry', 'search', 950),
        ('a4', date '2026-11-02', 'USD', 'Amazon EC2', 'search', 5)
    ) t(allocation_id, charge_date, billing_currency, service_name, team, allocated_effective_cost)
"""


@pytest.fixture
def marts():
    with duckdb.connect() as connection:
        connection.execute(LEDGER)
        connection.execute(CHECKED)
        yield connection


ANOMALIES = """
    create table fct_anomalies as
    select unnest(rows, recursive := true) from (select [
        {'anomaly_id': 'x1', 'charge_date': date '2026-10-27', 'detected_on': date '2026-10-29', 'scope': 'service',
            'entity': 'Azure AI Foundry', 'source_name': null, 'service_name': 'Azure AI Foundry', 'metric': 'cost',
            'billing_currency': 'USD', 'observed_cost': 6237.69::decimal(38, 18),
            'expected_cost': 441.94::decimal(38, 18), 'upper': 800::decimal(38, 18),
            'impact': 5795.75::decimal(38, 18), 'kind': 'spike', 'feedback': null::varchar,
            'drivers': '{"elements": [{"dimension": "model", "element": "gpt-4o", "share": "0.93"}],
                "decomposition": {"change": "5795.75", "price": "0", "volume": "5795.75"},
                "resources": [{"resource": "/deployments/x", "change": "5795.75"}]}'},
    ] as rows)
"""
CHECKED = """
    create table fct_check_results as
    select 'daily_cost_is_usual' as check_name, false as passed, '9.00 USD (+8.00); id x7' as observed,
        timestamp '2026-11-03 06:00:00' as checked_at
"""
BUDGETS = """
    create table fct_budget_status as
    select * from (values
        ('gpu', 'search', '2026-11', 'USD', 100::decimal(38, 18), 90::decimal(38, 18), 130::decimal(38, 18),
            'forecast_over_budget', null, 100, date '2026-11-20', date '2026-11-02'),
        ('gpu', 'search', '2026-11', 'USD', 100, 10, 110, 'on_track', null, null, null, date '2026-11-01'),
        ('all', null, '2026-11', 'USD', 100, 10, null, 'unknown', null, null, null, date '2026-11-02'),
        ('api', null, '2026-11', 'USD', 100, 101, null, 'over_budget', 100, null, date '2026-11-02', date '2026-11-02'),
        ('lab', null, '2026', 'USD', 100, 55, 95, 'threshold_passed', 50, 90, null, date '2026-11-02'),
        ('new', null, '2026-11', 'USD', 100, 9, 95, 'threshold_passed', null, 90, null, date '2026-11-02'),
        ('lax', null, '2026-11', 'USD', 100, 110, 130, 'over_budget', null, null, date '2026-11-01', date '2026-11-02'),
        ('old', 'search', '2026-08', 'USD', 100, 210, 210, 'over_budget', 100, 100, date '2026-08-09',
            date '2026-08-31')
    ) t(
        budget, owner, period, billing_currency, budget_amount, actual_to_date, forecast, status,
        actual_threshold_passed, forecast_threshold_passed, runs_out_on, as_of
    )
"""


WASTE = """
    create table fct_waste as
    select *, '2026-11' as month, 'bill' as source_name, 'USD' as billing_currency,
        'billed around the clock' as evidence
    from (values
        ('w1', 'notebook_never_stopped', 'lab-7', 'vision', date '2026-10-31', 30::decimal(38, 18)),
        ('w2', 'notebook_never_stopped', 'lab-7', 'vision', date '2026-11-01', 35),
        ('w3', 'disk_without_machine', 'data', 'search', date '2026-11-01', 60),
        ('w4', 'disk_without_machine', 'data', null, date '2026-11-01', 70),
        ('w5', 'idle_address', 'ip', 'search', date '2026-11-01', 1),
        ('w6', 'unallocated_capacity', 'gpus', 'search', date '2026-11-01', 1000)
    ) t(allocation_id, waste_kind, subject, team, charge_date, avoidable_cost)
"""


def of_marts(marts):
    return findings_of_marts(marts, date(2026, 11, 3), BASE)


def test_nothing_is_read_of_marts_that_are_not_published(marts):
    assert of_marts(marts).findings == []
    assert of_marts(marts).evaluated == frozenset()


def test_an_anomaly_is_told_to_whom_most_of_the_cost_belongs_with_an_amount_to_explain(marts):
    marts.execute(ANOMALIES)
    [spike] = of_marts(marts).findings
    assert (spike.key, spike.owner, spike.allocation_id) == ("daily_cost_is_usual/x1", "vision", "a2")
    assert spike.subject == "spike of service Azure AI Foundry on 2026-10-27"
    assert spike.told == (
        "6,237.69 USD; expected 441.94; model gpt-4o 93%; mostly volume +5,795.75; look at /deployments/x; id x1"
    )
    assert (spike.amount, spike.money) == (Decimal("5795.75"), "+5,795.75 USD")
    assert spike.command == "finops explain a2"
    assert spike.link == f"{BASE}/assets/fct_anomalies?view=checks&checkDetail=daily_cost_is_usual"


def test_names_of_any_length_leave_room_for_the_id(settings):
    current = settings.marts / "current"
    current.mkdir(parents=True)
    long = {"dimension": "team", "element": "ü" * 300, "share": 0.3}
    drivers = json.dumps(
        {
            "elements": [long, long, long],
            "decomposition": {"change": "8", "volume": "8"},
            "resources": [{"resource": "/subscriptions/" + "x" * 300, "change": "8"}],
        }
    )
    with duckdb.connect(str(current / "marts.duckdb")) as marts:
        for table in (LEDGER, CHECKED, ANOMALIES):
            marts.execute(table)
        marts.execute("update fct_anomalies set drivers = ?", [drivers])
    [finding] = found(settings).findings
    assert finding.told.endswith("; id x1")
    assert "ü" * 59 + "…" in finding.told


def test_what_is_new_was_not_expected_to_cost_anything(marts):
    marts.execute(ANOMALIES)
    marts.execute("update fct_anomalies set kind = 'new_sku', expected_cost = 0, upper = null")
    [finding] = of_marts(marts).findings
    assert finding.told.startswith("6,237.69 USD; expected nothing: it is new; model gpt-4o 93%")


@pytest.mark.parametrize(
    "change",
    [
        "feedback = 'expected'",
        "detected_on = date '2026-10-24'",
        "scope = 'account', kind = 'missing'",
    ],
)
def test_anomalies_that_are_acknowledged_or_old_or_a_fault_of_the_data_are_not_told(marts, change):
    marts.execute(ANOMALIES)
    marts.execute(f"update fct_anomalies set {change}")
    assert of_marts(marts).findings == []


@pytest.mark.parametrize(
    ("change", "subject", "owner"),
    [
        ("scope = 'total', entity = 'total'", "spike of the total on 2026-10-27", "finops"),
        ("scope = 'sku', entity = 'gpt-4o input'", "spike of sku gpt-4o input on 2026-10-27", "vision"),
        ("scope = 'team', entity = 'gone'", "spike of team gone on 2026-10-27", "gone"),
        ("scope = 'gpu_cluster', entity = 'train'", "spike of gpu_cluster train on 2026-10-27", "finops"),
    ],
)
def test_anomalies_of_every_scope_have_an_owner(marts, change, subject, owner):
    marts.execute(ANOMALIES)
    marts.execute(f"update fct_anomalies set {change}")
    [finding] = of_marts(marts).findings
    assert (finding.subject, finding.owner) == (subject, owner)


def test_what_a_project_of_google_lacks_is_told_because_no_blocking_check_tells_it(marts):
    marts.execute(ANOMALIES)
    marts.execute("update fct_anomalies set scope = 'account', kind = 'missing'")
    marts.execute("update fct_check_results set observed = 'no row (-250.00); id x1'")
    assert [finding.key for finding in of_marts(marts).findings] == ["daily_cost_is_usual/x1"]


def test_an_old_anomaly_is_told_where_the_check_tells_it_because_nobody_was_told_before(marts):
    marts.execute(ANOMALIES)
    marts.execute("update fct_anomalies set detected_on = date '2026-10-12'")
    assert of_marts(marts).findings == []
    marts.execute("update fct_check_results set observed = '6,237.69 USD (+5,795.75); id x1'")
    assert [finding.key for finding in of_marts(marts).findings] == ["daily_cost_is_usual/x1"]


@pytest.mark.parametrize(
    ("left", "arrived", "owner"),
    [
        (["research"], ["(none)"], "research"),
        (["ml"], ["(idle)"], "ml"),
        (["a", "b"], ["(none)"], "vision"),
        (["a"], ["b"], "vision"),
    ],
)
def test_lost_tags_and_idle_machines_are_told_to_the_team_that_left_them(marts, left, arrived, owner):
    marts.execute(ANOMALIES)
    moved = json.dumps({"dimension": "team", "left": left, "arrived": arrived, "amount": "8"})
    marts.execute(f"update fct_anomalies set drivers = json_merge_patch(drivers, '{{\"moved\": {moved}}}')")
    [finding] = of_marts(marts).findings
    assert (finding.owner, finding.told.count("moved, not spent")) == (owner, 1)


def test_budgets_are_told_as_they_stand_on_the_newest_day(marts):
    marts.execute(BUDGETS)
    api, gpu, *_ = of_marts(marts).findings
    assert gpu.subject == "budget gpu of 2026-11: forecast over budget"
    assert (gpu.owner, gpu.amount) == ("search", Decimal(30))
    assert gpu.told == "spent 90.00 of 100.00 USD, forecast 130.00, used up on 2026-11-20"
    assert (api.owner, api.amount, api.told) == (
        "finops",
        Decimal(1),
        "spent 101.00 of 100.00 USD, forecast unknown, used up on 2026-11-02",
    )
    assert of_marts(marts).evaluated == {"budgets_are_kept"}


def test_a_budget_below_its_amount_tells_the_threshold_it_passed_and_no_money_beyond(marts):
    marts.execute(BUDGETS)
    *_, lab, new = of_marts(marts).findings
    assert (lab.subject, lab.amount) == ("budget lab of 2026: 50 % spent", None)
    assert lab.told == "spent 55.00 of 100.00 USD, forecast 95.00"
    assert (new.subject, new.amount) == ("budget new of 2026-11: 90 % forecast", None)


def test_a_budget_that_passed_no_threshold_is_not_told_though_its_amount_is_spent(marts):
    marts.execute(BUDGETS)
    assert not [finding for finding in of_marts(marts).findings if "budget lax" in finding.subject]


def test_each_threshold_of_what_is_spent_is_news(marts):
    marts.execute(BUDGETS)
    keys = []
    for threshold, spent in ((50, 55), (50, 70), (80, 81)):
        marts.execute(
            "update fct_budget_status set actual_threshold_passed = $threshold, actual_to_date = $spent"
            " where budget = 'lab'",
            {"threshold": threshold, "spent": spent},
        )
        [key] = [finding.key for finding in of_marts(marts).findings if "budget lab" in finding.subject]
        keys.append(key)
    assert keys[0] == keys[1] != keys[2]


def test_each_threshold_of_a_forecast_is_news_once(marts):
    marts.execute(BUDGETS)
    keys = []
    for threshold in (90, 100, 90):
        marts.execute("update fct_budget_status set forecast_threshold_passed = ? where budget = 'new'", [threshold])
        [budget] = [finding for finding in of_marts(marts).findings if "budget new" in finding.subject]
        assert budget.is_told_once
        keys.append(budget.key)
    assert keys[0] == keys[2] != keys[1]


def test_what_was_left_running_is_told_to_its_team_with_its_money_and_an_amount_to_explain(marts):
    marts.execute(WASTE)
    found = {(finding.subject, finding.owner): finding for finding in of_marts(marts).findings}
    assert set(found) == {("lab-7 (bill)", "vision"), ("data (bill)", "search"), ("data (bill)", "finops")}
    assert len({finding.key for finding in found.values()}) == 3
    notebook = found["lab-7 (bill)", "vision"]
    assert (notebook.name, notebook.money, notebook.command) == (
        "nothing_is_left_running",
        "+65.00 USD",
        "finops explain w2",
    )
    assert notebook.told == "notebook_never_stopped on 2 days up to 2026-11-01; billed around the clock"
    assert of_marts(marts).evaluated == {"nothing_is_left_running"}


def test_what_is_left_running_for_longer_is_no_worse_and_what_costs_more_a_day_is(marts):
    def weight():
        [notebook] = [finding for finding in of_marts(marts).findings if finding.owner == "vision"]
        return notebook.weight

    marts.execute(WASTE)
    assert weight() == 32.5
    marts.execute(
        "insert into fct_waste select * replace (date '2026-11-02' as charge_date, 32.5 as avoidable_cost)"
        " from fct_waste where allocation_id = 'w2'"
    )
    assert weight() == 32.5
    marts.execute("update fct_waste set avoidable_cost = 2 * avoidable_cost")
    assert weight() == 65


def test_anomalies_of_a_run_that_was_held_back_are_told_as_they_will_be_when_published(settings):
    seen = (
        Offender("sku gpt 2026-11-01 spike", "9.00 USD (+8.00); id 0123456789ab", "1"),
        Offender("the check itself", "OutOfMemory", "a result"),
    )
    record(settings, "daily_cost_is_usual", seen)
    current = settings.marts / "current"
    current.mkdir(parents=True)
    with duckdb.connect(str(current / "marts.duckdb")) as marts:
        for table in (LEDGER, CHECKED, ANOMALIES):
            marts.execute(table)
    told = {finding.key: finding.owner for finding in found(settings).findings}
    assert told == {
        "daily_cost_is_usual/x1": "vision",
        "daily_cost_is_usual/0123456789ab": "finops",
        "daily_cost_is_usual/the check itself": "finops",
    }


def test_what_a_mart_tells_is_not_told_again_by_its_check(settings):
    record(settings, "daily_cost_is_usual", (Offender("service Azure AI Foundry 2026-10-27 spike", "6,237", "441"),))
    [of_check] = found(settings).findings
    assert of_check.owner == "finops"
    current = settings.marts / "current"
    current.mkdir(parents=True)
    with duckdb.connect(str(current / "marts.duckdb")) as marts:
        marts.execute(LEDGER)
        marts.execute(CHECKED)
        marts.execute(ANOMALIES)
    [of_mart] = found(settings).findings
    assert of_mart.owner == "vision"
