"""What the checks on anomalies tell of `fct_anomalies`: which rows block, which warn, and in which words."""

import json
import re
from base64 import b64decode
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from finops_pipeline.checks.anomaly_plot import plot
from finops_pipeline.checks.daily_cost import daily_cost_is_usual, every_account_day_is_there_once

DRIVERS = {
    "elements": [{"dimension": "team", "element": "a|b", "before": "1", "after": "9", "change": "8", "share": 0.97}],
    "decomposition": {"change": "8", "price": "0.5", "volume": "7.5", "mix": "0", "new": "0", "gone": "0", "fee": "0"},
    "moved": None,
    "resources": [{"resource": "i-1", "change": "8"}],
    "also_seen_in": [],
}


class Anomalies:
    """The tables that the checks read, of a company whose newest delivery is of 2026-11-03."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            """
            create table fct_anomalies (
                anomaly_id varchar, charge_date date, detected_on date, scope varchar, source_name varchar,
                entity varchar, metric varchar, kind varchar, billing_currency varchar, observed_cost decimal(38, 18),
                expected_cost decimal(38, 18), lower decimal(38, 18), upper decimal(38, 18), impact decimal(38, 18),
                reporting_currency varchar, impact_reporting decimal(38, 18), drivers varchar, feedback varchar
            );
            create table int_anomalies_found (anomaly_id varchar, history double[], history_position integer);
            create table int_charges_by_day as
            select source as source_name, provider as provider_name, account, 'USD' as billing_currency,
                day::date as charge_date, true as is_usage, cost
            from (values ('aws', 'AWS', 'x', 8), ('gcp', 'Google Cloud', 'x', 8), ('gcp', 'Google Cloud', 'y', 10))
                as charges (source, provider, account, cost),
                generate_series(date '2026-10-01', date '2026-11-01', interval 1 day) as days (day);
            create table int_daily_series as
            select 'account' as scope, 'cost' as metric, 'aws' as source_name, null as provider_name,
                null as service_name, '1' as entity, 'USD' as billing_currency, date '2026-09-01' as first_day,
                date '2026-09-01' as charge_date, date '2026-11-02' as last_day, date '2026-11-03' as as_of
            """
        )

    def add(
        self,
        scope="team",
        kind="spike",
        *,
        source="aws",
        detected=date(2026, 10, 30),
        feedback=None,
        drivers=DRIVERS,
        **cost,
    ):
        number = f"{len(self.connection.execute('from fct_anomalies').fetchall()):012x}"
        observed = cost.get("observed", Decimal(9))
        band = (None, None) if kind == "new_sku" else (0, 2)
        row = [
            number,
            date(2026, 10, 27),
            detected,
            scope,
            source if scope == "account" else None,
            "x",
            "cost",
            kind,
            "USD",
        ]
        impact = (observed or 0) - 1
        row += [observed, 1, *band, impact, "USD", impact, json.dumps(drivers), feedback]
        self.connection.execute(f"insert into fct_anomalies values ({', '.join('?' * len(row))})", row)
        self.connection.execute("insert into int_anomalies_found values (?, [1, 1, 9, null], 2)", [number])
        return number

    @property
    def warned(self):
        return daily_cost_is_usual(self.connection)

    @property
    def blocked(self):
        return every_account_day_is_there_once(self.connection)


@pytest.fixture
def anomalies() -> Anomalies:
    return Anomalies()


def test_without_anomalies_both_checks_pass_and_say_how_much_was_watched(anomalies):
    assert anomalies.warned.passed
    assert anomalies.blocked.passed
    assert anomalies.warned.observed == "0 anomalies in 1 series"


def test_what_is_too_young_to_be_judged_is_not_said_to_be_usual(anomalies):
    anomalies.connection.execute(
        """insert into int_daily_series
        select * replace ('team' as scope, unnest(['old', 'new']) as entity, null as source_name,
            unnest([date '2026-09-29', date '2026-09-30']) as first_day)
        from int_daily_series"""
    )
    assert anomalies.warned.observed == (
        "0 anomalies in 3 series; 1 of them is known for less than 35 days and not judged yet"
    )
    assert anomalies.blocked.observed == "0 anomalies in 1 series"


@pytest.mark.parametrize("kind", ["missing", "zero", "duplicated"])
def test_a_fault_of_an_account_blocks_and_is_not_warned_of_again(anomalies, kind):
    anomalies.add("account", kind)
    assert [o.subject for o in anomalies.blocked.offenders] == [f"account aws x 2026-10-27 {kind}"]
    assert anomalies.warned.passed


def test_a_project_of_google_that_was_switched_off_does_not_stop_the_books(anomalies):
    anomalies.add("account", "zero", source="gcp")
    assert anomalies.blocked.passed
    assert [o.subject for o in anomalies.warned.offenders] == ["account gcp x 2026-10-27 zero"]


def test_what_most_of_googles_projects_lack_is_a_fault_of_the_export(anomalies):
    anomalies.add("account", "missing", source="gcp", drivers=DRIVERS | {"accounts": {"count": 2, "impact": "-17.5"}})
    assert [o.subject for o in anomalies.blocked.offenders] == ["account gcp x 2026-10-27 missing"]
    assert anomalies.warned.passed


@pytest.mark.parametrize(("scope", "kind"), [("service", "zero"), ("project", "missing"), ("account", "spike")])
def test_what_is_below_an_account_or_only_money_warns(anomalies, scope, kind):
    anomalies.add(scope, kind)
    assert anomalies.blocked.passed
    assert len(anomalies.warned.offenders) == 1


def test_what_was_acknowledged_or_is_old_is_told_no_more(anomalies):
    anomalies.add(feedback="expected")
    anomalies.add(detected=date(2026, 10, 27))
    anomalies.add("account", "zero", feedback="not-an-anomaly")
    anomalies.add("account", "zero", detected=date(2026, 10, 20))
    assert anomalies.warned.passed
    assert anomalies.blocked.passed


@pytest.mark.parametrize(("published_on", "is_told"), [("2026-10-11", True), ("2026-10-13", False)])
def test_what_was_seen_since_the_published_version_is_told_however_long_ago(anomalies, tmp_path, published_on, is_told):
    anomalies.add(detected=date(2026, 10, 12))
    anomalies.add("account", "missing", detected=date(2026, 10, 12))
    published = tmp_path / "marts.duckdb"
    with duckdb.connect(published) as marts:
        marts.execute(f"create table fct_check_results as select timestamp '{published_on} 06:00:00' as checked_at")
        marts.execute("create table fct_anomalies as select '000000000001' as anomaly_id")
    assert daily_cost_is_usual(anomalies.connection, published).passed is not is_told
    assert every_account_day_is_there_once(anomalies.connection, published).passed is not is_told


@pytest.mark.parametrize(
    ("cost_published", "cost_now", "is_told_in_published", "blocks"),
    [
        # a restatement took the day out of a month long closed
        ("9", None, False, True),
        ("9", "0", False, True),
        ("9", "18", False, True),
        # it was never there, or never otherwise: another version of the detection sees it now
        (None, None, False, False),
        ("18", "18", False, False),
        # the books were published with it
        ("9", None, True, False),
    ],
)
def test_an_old_fault_blocks_where_its_day_is_not_the_published_one(
    anomalies, tmp_path, cost_published, cost_now, is_told_in_published, blocks
):
    number = anomalies.add("account", "missing", detected=date(2026, 3, 2))
    anomalies.add("account", "missing", detected=date(2026, 3, 2), feedback="expected")
    published = tmp_path / "marts.duckdb"
    with duckdb.connect(published) as marts:
        marts.execute("create table fct_anomalies (anomaly_id varchar)")
        marts.execute("create table fct_check_results as select timestamp '2026-11-02 06:00:00' as checked_at")
        if is_told_in_published:
            marts.execute("insert into fct_anomalies values (?)", [number])
        for connection, cost in ((marts, cost_published), (anomalies.connection, cost_now)):
            connection.execute(
                """
                create table focus_cost_and_usage as
                select 'aws' as "x_SourceName", null::varchar as "SubAccountId", 'x' as "BillingAccountId",
                    'USD' as "BillingCurrency", day as "ChargePeriodStart", cost::decimal(38, 18) as "EffectiveCost"
                from (values (timestamp '2026-10-27 05:00', ?), (timestamp '2026-10-28 00:00', '7')) as t (day, cost)
                where cost is not null
                """,
                [cost],
            )
    outcome = every_account_day_is_there_once(anomalies.connection, published)
    assert [offender.subject for offender in outcome.offenders] == ["account aws x 2026-10-27 missing"] * blocks


def test_an_offender_tells_money_cause_and_what_to_acknowledge_it_by(anomalies):
    number = anomalies.add()
    [offender] = anomalies.warned.offenders
    assert offender.observed == f"9.00 USD (+8.00); team a|b 97%; mostly volume +7.50; id {number}"
    assert offender.expected == "0.00 to 2.00 (1.00)"
    assert "finops anomalies ack" in anomalies.warned.next_step


def test_a_day_without_a_row_has_no_cost(anomalies):
    anomalies.add("account", "missing", observed=None)
    assert anomalies.blocked.offenders[0].observed.startswith("no row (-1.00)")


def test_what_is_new_is_held_against_no_range(anomalies):
    anomalies.add("sku", "new_sku")
    [offender] = anomalies.warned.offenders
    assert offender.expected == "nothing: it is new"
    assert "data:image/svg+xml;base64," in anomalies.warned.details["actual against the band"]


def test_lost_tags_are_told_as_moved(anomalies):
    moved = {"dimension": "team", "left": ["a"], "arrived": ["(none)"], "amount": "8"}
    anomalies.add("tag_coverage", "lost_tags", drivers={**DRIVERS, "moved": moved})
    assert "moved, not spent: from a to (none)" in anomalies.warned.offenders[0].observed


def test_the_page_shows_the_sum_a_table_that_odd_names_do_not_break_and_a_plot(anomalies):
    anomalies.add()
    anomalies.add()
    details = anomalies.warned.details
    assert details["impact"] == "+16.00 USD"
    assert "a\\|b 97%" in details["drivers"]
    assert "i-1 (+8.00)" in details["drivers"]
    assert details["actual against the band"].count("data:image/svg+xml;base64,") == 2


def test_a_plot_of_one_missing_day_is_a_plot():
    assert plot([None], 0, date(2026, 10, 27), (0.0, 0.0)).startswith("![")


def test_money_of_several_currencies_is_compared_and_summed_in_the_companys_own(anomalies):
    large, small = anomalies.add(), anomalies.add(observed=Decimal(801))
    anomalies.connection.execute(
        "update fct_anomalies set billing_currency = 'JPY', impact_reporting = 5 where anomaly_id = ?", [small]
    )
    outcome = anomalies.warned
    assert [large in offender.observed for offender in outcome.offenders] == [True, False]
    assert outcome.details["impact"] == "+800.00 JPY, +8.00 USD (+13.00 USD in all)"
    anomalies.connection.execute("update fct_anomalies set impact_reporting = null where anomaly_id = ?", [small])
    assert anomalies.warned.details["impact"] == "+800.00 JPY, +8.00 USD"


def test_what_moved_is_no_money_that_was_spent(anomalies):
    moved = {"dimension": "team", "left": ["a"], "arrived": ["(none)"], "amount": "8"}
    anomalies.add("tag_coverage", "lost_tags", drivers={**DRIVERS, "moved": moved})
    assert anomalies.warned.details["impact"] == "moved, not spent: +8.00 USD"
    anomalies.add()
    assert anomalies.warned.details["impact"] == "+8.00 USD; moved, not spent: +8.00 USD"


def test_a_day_that_several_accounts_lack_is_told_with_the_money_of_all(anomalies):
    anomalies.add("account", "missing", observed=None, drivers={**DRIVERS, "accounts": {"count": 3, "impact": "-70.5"}})
    [offender] = anomalies.blocked.offenders
    assert offender.observed.startswith("no row (-1.00); 3 accounts alike, -70.50 in all; team a|b 97%")
    assert anomalies.blocked.details["impact"] == "-70.50 USD"


def test_the_idle_share_of_a_cluster_is_not_called_as_its_cost(anomalies):
    anomalies.add("gpu_cluster")
    anomalies.connection.execute("update fct_anomalies set metric = 'idle_share'")
    anomalies.add("gpu_cluster")
    assert [offender.subject for offender in anomalies.warned.offenders] == [
        "gpu_cluster x idle share 2026-10-27 spike", "gpu_cluster x 2026-10-27 spike",
    ]  # fmt: skip


def test_a_table_that_is_cut_off_says_so(anomalies):
    for _ in range(22):
        anomalies.add()
    assert anomalies.warned.details["drivers"].endswith("\n… and 2 more: `finops anomalies` lists all.")


def drawn(band):
    return b64decode(plot([1, 9, None], 1, date(2026, 11, 1), band).split("base64,")[1].rstrip(")")).decode()


def test_a_plot_tells_its_first_and_its_last_day():
    assert re.findall(r"<text[^>]*>([\d,-]+)</text>", drawn((0.0, 2.0))) == ["9", "2026-10-31", "2026-11-02"]


def test_a_plot_without_a_band_has_none():
    assert drawn(None) == re.sub(r'<rect .*?fill="#d0ebff"/>', "", drawn((0.0, 2.0)))
    assert "<rect" not in drawn(None)
