"""From charges and ledger to `fct_anomalies`: each planted event is found once, under its name, with its cause."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from ledger_fixture import run_dbt

from finops_pipeline.checks.daily_cost import daily_cost_is_usual, every_account_day_is_there_once
from finops_pipeline.detect.anomalies import anomalies
from finops_pipeline.rules import load_rules, write_rule_tables
from finops_pipeline.settings import DBT_PROJECT_DIR
from finops_pipeline.side_files.anomaly_feedback import AnomalyFeedback, Feedback, write_feedback_table
from finops_pipeline.side_files.fx_rates import write_fx_table

FIRST = date(2026, 5, 1)
DAYS = 140
DELIVERED = datetime(2026, 9, 18, 5)

MODELS = ("int_charges_by_day", "int_allocations_by_day", "int_daily_series", "int_anomalies_found", "fct_anomalies")

LINES = """
    create table lines as
    with days as (
        select n, date '2026-05-01' + cast(n as integer) as day,
            -- business as usual: quieter on weekends, and never twice the same
            case when isodow(day) > 5 then 0.7 else 1.0 end as weekday
        from (select unnest(range(140)) as n)
    ),
    things as (
        select * from (values
            ('aws', 'AWS', '111', 'EC2', 'box', 'search', 'web', null, 'i-1', 'Hours', 400.0, 1.0, 12),
            ('aws', 'AWS', '222', 'S3', 'bytes', 'research', 'lake', null, 'bucket', 'GB', 300.0, 0.5, 12),
            ('aws', 'AWS', '333', 'RDS', 'db', 'search', 'shop', null, 'db-1', 'Hours', 100.0, 2.0, 12),
            ('aws', 'AWS', '444', 'SQS', 'queue', 'search', 'jobs', null, 'q', 'Requests', 150.0, 1.0, 12),
            ('aws', 'AWS', '555', 'Bedrock', 'tokens', 'research', 'evals', null, 'profile', 'Tokens', 250.0, 1.0, 12),
            ('gcp', 'Google Cloud', 'p-1', 'Compute', 'a100', 'vision', 'train', 'gke', 'vm-1', 'Hours', 64.0, 9.0, 4),
            ('gcp', 'Google Cloud', 'p-2', 'Storage', 'std', 'vision', 'media', null, 'media', 'GB', 800.0, 0.2, 6),
            ('gcp', 'Google Cloud', 'p-2', 'Functions', 'call', 'vision', 'api', null, 'f', 'Calls', 90.0, 1.0, 6)
        ) as t(source, provider, account, service, sku, team, project, cluster, resource, unit, quantity, price, rows)
    )
    select things.* replace (
            cast(quantity * weekday * (1 + 0.05 * sin(n * 2.3 + length(sku) * phase)) as decimal(38, 6)) as quantity,
            cast(price as decimal(38, 6)) as price
        ), n, day, cast(0 as decimal(3, 2)) as idle
    from things, days, lateral (select ascii(service) as phase)
"""

EVENTS = {
    "an agent calls itself": "update lines set quantity = quantity * 9 where sku = 'tokens' and n = 124",
    "a price rises": "update lines set price = price * 1.15 where sku = 'db' and n >= 110",
    "a day is not delivered": "delete from lines where account = '222' and n = 118",
    "a day is delivered twice": """update lines set quantity = quantity * 2, rows = rows * 2
        where account = '111' and n = 130""",
    "an account falls silent": "update lines set quantity = 0 where account = '444' and n = 134",
    "a service is new": """insert into lines
        select * replace ('Warehouse' as service, 'credit' as sku, 'wh-1' as resource, 60 as price, 1 as quantity)
        from lines where sku = 'call' and n >= 105""",
    "the newest days are half delivered": "update lines set quantity = quantity * 0.4 where n >= 138",
    "a day is still to come": """insert into lines
        select * replace (cast(day + 30 as date) as day, quantity * 50 as quantity) from lines where n = 120""",
    "tags are lost": "update lines set team = null, project = null where sku = 'std' and n between 115 and 137",
}


@dataclass(frozen=True)
class Found:
    """The warehouse of the planted company."""

    home: Path

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    def rows(self, condition: str = "true") -> list[dict]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            table = connection.sql(f"select * from fct_anomalies where {condition} order by charge_date, anomaly_id")
            return table.to_arrow_table().to_pylist()


def build(home: Path, events: list[str]) -> Found:
    """A company of two sources with some events, and the models from its charges and its ledger."""
    landing = home / "landing"
    landing.mkdir(parents=True)
    write_rule_tables(load_rules(), landing)
    write_fx_table((), landing)
    write_feedback_table(AnomalyFeedback(), landing)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(LINES)
        for event in events:
            connection.execute(event)
        connection.execute(
            """create table focus_cost_and_usage as
            select source as x_SourceName, provider as ProviderName, account as SubAccountId,
                'payer' as BillingAccountId, service as ServiceName, sku as SkuMeter, sku as SkuId,
                'USD' as BillingCurrency, day as x_ChargeDate,
                strftime(day, '%Y-%m') as x_BillingPeriod, unit as ConsumedUnit, 'Usage' as ChargeCategory,
                cast(quantity * price / rows as decimal(38, 18)) as EffectiveCost,
                cast(quantity / rows as decimal(38, 18)) as ConsumedQuantity, cast(null as varchar) as x_ModelName,
                team as x_Team, 'r-1' as RegionId, project as x_Project, cluster as x_Cluster,
                cast(null as varchar) as x_Dataset, resource as ResourceId,
                'pool of ' || resource as x_PoolId, idle as x_Idle
            from lines, range(rows) as copies"""
        )
        connection.execute(
            """create table fct_cost_allocations as
            select x_SourceName as source_name, ProviderName as provider_name, SubAccountId as sub_account_id,
                ServiceName as service_name, x_PoolId as pool_id, case when not is_idle then x_Team end as team,
                case when not is_idle then x_Project end as project, x_ModelName as model_name, x_Dataset as dataset,
                x_Cluster as cluster, is_idle, x_Team is null and not is_idle as is_unallocated,
                BillingCurrency as billing_currency, x_ChargeDate as charge_date, 'Usage' as charge_category,
                case when x_Cluster is not null then 'gpu_hours' end as driver,
                case when x_Cluster is not null then 'GPU-Hours' end as driver_unit,
                cast(sum(ConsumedQuantity * part) filter (x_Cluster is not null) as decimal(38, 18)) as driver_quantity,
                cast(sum(EffectiveCost * part) as decimal(38, 18)) as allocated_effective_cost
            from focus_cost_and_usage, lateral (
                select unnest([false, true]) as is_idle, unnest([1 - x_Idle, x_Idle]) as part
            )
            where part > 0
            group by all"""
        )
        connection.execute(
            f"""copy (
                select 'aws_cur2' as table_name, x_SourceName as source_name, 'aws' as provider, 'live' as status,
                    x_BillingPeriod as billing_period, cast(null as timestamp) as submitted_at,
                    timestamp '{DELIVERED}' as seen_at,
                    [{{'billing_currency': 'USD', 'cost_basis': 'effective', 'raw_cost': sum(EffectiveCost)}}] as totals
                from focus_cost_and_usage group by all
                union all
                -- each morning of a month, Google's delivery lacked three tenths of the day before
                select 'gcp_detailed', 'gcp', 'gcp', 'superseded', strftime(morning - 1, '%Y-%m'), null,
                    morning + interval 9 hours,
                    [{{'billing_currency': 'USD', 'cost_basis': 'effective', 'raw_cost': cast(sum(
                        EffectiveCost * case when x_ChargeDate = morning - 1 then 0.7 else 1 end
                    ) as decimal(38, 18))}}]
                from focus_cost_and_usage,
                    (select date '2026-08-17' + cast(n as integer) as morning from range(31) as t(n))
                where x_SourceName = 'gcp' and x_ChargeDate < morning
                    and x_BillingPeriod = strftime(morning - 1, '%Y-%m')
                group by all
            ) to '{landing / "deliveries.parquet"}' (format parquet)"""
        )
    run_dbt(home, "run", "--select", *MODELS)
    return Found(home)


@pytest.fixture(scope="module")
def found(ledgers: Path) -> Found:
    return build(ledgers / "anomalies", list(EVENTS.values()))


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.mark.parametrize(
    ("kind", "number", "entity"),
    [
        ("spike", 124, "tokens"),
        ("price", 110, "db"),
        ("missing", 118, "222"),
        ("duplicated", 130, "111"),
        ("zero", 134, "444"),
        ("new_sku", 105, "credit"),
        ("lost_tags", 115, "Google Cloud"),
    ],
)
def test_each_event_is_found_on_its_day_under_its_name(found: Found, kind: str, number: int, entity: str) -> None:
    [row] = found.rows(f"kind = '{kind}'")
    assert (row["charge_date"], row["entity"]) == (day(number), entity)
    # nobody knows yet how late the feeds are, so the third morning tells, as the bill stands then; but what was
    # never there is new however much of it a first delivery lacks, and only Google's first ones were kept
    assert row["detected_on"] - row["charge_date"] == timedelta(days=1 if kind == "lost_tags" else 3)


def test_one_incident_is_one_anomaly(found: Found) -> None:
    assert [(row["kind"], row["entity"]) for row in found.rows()] == [
        ("new_sku", "credit"),
        ("price", "db"),
        ("lost_tags", "Google Cloud"),
        ("missing", "222"),
        ("spike", "tokens"),
        ("duplicated", "111"),
        ("zero", "444"),
    ]


def test_days_to_come_and_days_that_ended_less_than_two_days_ago_are_not_judged(found: Found) -> None:
    assert found.rows(f"charge_date >= date '{day(138)}'") == []
    with duckdb.connect(str(found.warehouse), read_only=True) as connection:
        assert connection.execute("select max(charge_date), max(last_day) from int_daily_series").fetchone() == (
            day(139),
            day(139),
        )


def test_a_sources_lateness_is_told_by_what_its_earlier_deliveries_lacked(found: Found) -> None:
    with duckdb.connect(str(found.warehouse), read_only=True) as connection:
        shares = connection.execute(
            """select distinct source_name, first_share is not null, round(first_share, 6), round(second_share, 6)
            from int_daily_series where scope = 'account' and charge_date between '2026-08-17' and '2026-09-14'"""
        ).fetchall()
    assert sorted(shares) == [("aws", False, None, None), ("gcp", True, 0.7, 1.0)]


def test_drivers_name_the_cause_and_add_up_to_the_change(found: Found) -> None:
    causes = {"spike": "volume", "price": "price", "new_sku": "new", "duplicated": "volume", "zero": "gone"}
    for row in found.rows():
        parts = {name: Decimal(part) for name, part in json.loads(row["drivers"])["decomposition"].items()}
        change = parts.pop("change")
        assert sum(parts.values()) == change
        if row["kind"] in causes:
            assert max(parts, key=lambda name: abs(parts[name])) == causes[row["kind"]], row["kind"]


def test_what_is_new_has_no_range_and_all_else_has_one(found: Found) -> None:
    assert {row["kind"] for row in found.rows("lower is null or upper is null")} == {"new_sku"}
    [row] = found.rows("kind = 'new_sku'")
    assert row["impact"] == row["observed_cost"] - row["expected_cost"]


def test_lost_tags_are_moved_and_not_spent(found: Found) -> None:
    [row] = found.rows("kind = 'lost_tags'")
    drivers = json.loads(row["drivers"])
    assert (drivers["moved"]["left"], drivers["moved"]["arrived"]) == (["vision"], ["(none)"])
    assert [resource["resource"] for resource in drivers["resources"]] == ["media"]


HANDED_OVER = {
    "a project gets another name and another team": """update lines set team = 'archive', project = 'media-2'
        where sku = 'std' and n >= 132""",
    "one service is used less while another is used more": """update lines
        set quantity = quantity * case sku when 'queue' then 0.3 else 1.7 end
        where sku in ('queue', 'bytes') and n >= 90""",
    "the newest days are half delivered": EVENTS["the newest days are half delivered"],
}


@pytest.fixture(scope="module")
def handed_over(ledgers: Path) -> Found:
    return build(ledgers / "handed-over", list(HANDED_OVER.values()))


def test_cost_that_goes_from_one_name_to_another_is_one_anomaly_that_says_so(handed_over: Found) -> None:
    [row] = handed_over.rows("kind = 'moved'")
    assert (row["charge_date"], row["scope"], row["entity"]) == (day(132), "project", "media-2")
    drivers = json.loads(row["drivers"])
    moved = drivers["moved"]
    assert (moved["dimension"], moved["left"], moved["arrived"]) == ("project", ["media"], ["media-2"])
    assert abs(Decimal(moved["amount"]) - row["impact"]) < Decimal("0.1") * row["impact"]
    assert drivers["also_seen_in"] == ["project media", "team archive"]
    with duckdb.connect(str(handed_over.warehouse), read_only=True) as connection:
        [offender] = daily_cost_is_usual(connection).offenders
        assert every_account_day_is_there_once(connection).passed
    assert offender.subject == f"project media-2 {day(132)} moved"
    assert "moved, not spent: from media to media-2" in offender.observed


def test_what_rises_in_one_service_has_not_moved_from_another(handed_over: Found) -> None:
    others = handed_over.rows("kind <> 'moved'")
    # a fall is told on its second day
    assert [(row["entity"], row["charge_date"]) for row in others] == [("bytes", day(90)), ("queue", day(91))]
    assert {json.loads(row["drivers"])["moved"] for row in others} == {None}


IDLING = {
    "a tenth of the machines rests": "update lines set idle = 0.1 where cluster = 'gke'",
    "most of them do": "update lines set idle = 0.7 where cluster = 'gke' and n >= 132",
    "the newest days are half delivered": EVENTS["the newest days are half delivered"],
}


@pytest.fixture(scope="module")
def idling(ledgers: Path) -> Found:
    return build(ledgers / "idling", list(IDLING.values()))


def test_machines_that_stand_idle_are_one_anomaly_of_their_cluster_and_no_lost_tags(idling: Found) -> None:
    [row] = idling.rows()
    assert (row["charge_date"], row["scope"], row["metric"], row["kind"]) == (
        day(132), "gpu_cluster", "idle_share", "step",
    )  # fmt: skip
    drivers = json.loads(row["drivers"])
    assert (drivers["moved"]["left"], drivers["moved"]["arrived"]) == (["vision"], ["(idle)"])
    assert drivers["also_seen_in"] == ["project train", "gpu_cluster gke", "team vision"]
    [resource] = drivers["resources"]
    assert resource["resource"] == "vm-1"
    with duckdb.connect(str(idling.warehouse), read_only=True) as connection:
        [offender] = daily_cost_is_usual(connection).offenders
    assert offender.subject == f"gpu_cluster gke idle share {day(132)} step"


def test_a_spike_names_what_to_look_at_and_what_else_saw_it(found: Found) -> None:
    [row] = found.rows("kind = 'spike'")
    drivers = json.loads(row["drivers"])
    assert drivers["resources"][0]["resource"] == "profile"
    # all that is billed lies in one region
    assert {element["dimension"] for element in drivers["elements"]} == {"team", "account"}
    assert {"service Bedrock", "team research"} <= set(drivers["also_seen_in"])
    assert row["impact"] == row["observed_cost"] - row["expected_cost"]
    assert row["upper"] < row["observed_cost"]


def test_faults_of_the_data_block_and_money_warns(found: Found) -> None:
    with duckdb.connect(str(found.warehouse), read_only=True) as connection:
        blocking, warning = every_account_day_is_there_once(connection), daily_cost_is_usual(connection)
    assert [offender.subject for offender in blocking.offenders] == [
        f"account aws 111 {day(130)} duplicated",
        f"account aws 444 {day(134)} zero",
    ]
    assert warning.passed, warning.summary()
    assert "data:image/svg+xml;base64," in blocking.details["actual against the band"]
    assert "db" not in blocking.details["drivers"]


SWITCHED_OFF = {
    "Google's export was off for a day": "delete from lines where source = 'gcp' and n = 128",
    "a project is switched off": "delete from lines where account = 'p-2' and n >= 134",
    "the newest days are half delivered": EVENTS["the newest days are half delivered"],
}


@pytest.fixture(scope="module")
def switched_off(ledgers: Path) -> Found:
    return build(ledgers / "switched-off", list(SWITCHED_OFF.values()))


def test_a_project_of_google_that_was_switched_off_warns_and_a_day_that_all_of_them_lack_blocks(
    switched_off: Found,
) -> None:
    with duckdb.connect(str(switched_off.warehouse), read_only=True) as connection:
        blocking, warning = every_account_day_is_there_once(connection), daily_cost_is_usual(connection)
    assert [offender.subject for offender in blocking.offenders] == [f"account gcp p-1 {day(128)} missing"]
    assert [offender.subject for offender in warning.offenders] == [f"account gcp p-2 {day(134)} missing"]


def test_what_was_acknowledged_is_told_no_more_and_the_same_input_gives_the_same_rows(found: Found) -> None:
    before = found.rows()
    [row] = found.rows("kind = 'duplicated'")
    said = (Feedback(id=row["anomaly_id"], verdict="expected", note="an audit"),)
    write_feedback_table(AnomalyFeedback(feedback=said), found.home / "landing")
    run_dbt(found.home, "run", "--select", *MODELS)
    after = found.rows()
    assert [r | {"feedback": None, "feedback_note": None} for r in after] == before
    with duckdb.connect(str(found.warehouse), read_only=True) as connection:
        assert [o.subject for o in every_account_day_is_there_once(connection).offenders] == [
            f"account aws 444 {day(134)} zero"
        ]


def test_the_next_mornings_run_goes_on_and_tells_what_a_run_from_nothing_tells(found: Found, tmp_path: Path) -> None:
    kept = tmp_path / "judged_mornings.npz"
    with duckdb.connect(str(found.warehouse), read_only=True) as connection:
        ledger = connection.table("fct_cost_allocations")
        charges = connection.table("focus_cost_and_usage")
        told = []
        for back in (6, 1, 0):
            series = connection.sql(
                f"""select * replace (last_day - {back} as last_day, as_of - {back} as as_of)
                from int_daily_series where charge_date <= last_day - {back}"""
            ).to_arrow_table()
            told.append(anomalies(series, charges, ledger, kept))
            assert told[-1].equals(anomalies(series, charges, ledger))
    assert [table.num_rows for table in told] == [6, 7, 7]


def test_the_order_of_rows_and_the_seed_of_hashes_change_nothing(found: Found) -> None:
    code = """if True:
        import duckdb, hashlib, sys
        from finops_pipeline.detect.anomalies import anomalies
        with duckdb.connect(sys.argv[1], read_only=True) as connection:
            ledger = connection.table("fct_cost_allocations")
            series = connection.sql(f"from int_daily_series order by hash(entity, charge_date, {sys.argv[2]})")
            rows = anomalies(series.to_arrow_table(), connection.table("focus_cost_and_usage"), ledger).to_pylist()
            print(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())"""
    told = {
        subprocess.run(
            [sys.executable, "-c", code, str(found.warehouse), seed],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=DBT_PROJECT_DIR.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert told.pop().startswith("7 ")
