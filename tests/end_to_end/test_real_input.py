"""The same code on data that no one here wrote. Skipped where the reference data does not lie beside the checkout.

Expected numbers are computed here, from the files, with Decimal and Fraction: nothing of the pipeline is reused.
"""

import csv
import gzip
import json
import shutil
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.conftest import Company


def _company(folder: Path, source: dict, now: str) -> Company:
    config = {"version": 1, "reporting_currency": "USD", "sources": [source], "usage": []}
    (folder / "finops.yaml").write_text(yaml.safe_dump(config))
    return Company(folder / "finops.yaml", folder / "home", now)


def _csv_rows(path: Path) -> list[dict[str, str]]:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as file
    ):
        return list(csv.DictReader(file))


def _total(rows: list[dict[str, str]], amount) -> Decimal:
    with localcontext() as context:
        context.prec = 200
        return sum((amount(row) for row in rows), Decimal(0))


def _number(text: str) -> Decimal:
    return Decimal(text or "0")


def _assert_reconciled(company: Company, source: str, expected: dict[str, Decimal]) -> None:
    rows = {
        basis: (raw, rounding, normalized, allocated)
        for basis, raw, rounding, normalized, allocated in company.query(
            "select cost_basis, raw_cost, rounding_difference, normalized_cost, allocated_cost"
            f" from fct_reconciliation where source_name = '{source}'"
        )
    }
    for basis, total in expected.items():
        raw, rounding, normalized, allocated = rows[basis]
        assert raw == total, basis
        assert raw == normalized + rounding, basis
        assert normalized == allocated, basis


def test_the_real_legacy_cur_comes_out_exact_to_its_last_digit(reference_data: Path, tmp_path: Path):
    delivered = reference_data / "exports/aws/focus_converters_legacy_cur_anonymised.csv.gz"
    rows = _csv_rows(delivered)
    assert len(rows) == 1281
    assert sum("E" in row["lineItem/UnblendedCost"] for row in rows) == 681

    period = tmp_path / "billing/cur/20231101-20231201"
    (period / "assembly-1").mkdir(parents=True)
    shutil.copy(delivered, period / "assembly-1/cur-00001.csv.gz")
    manifest = {
        "assemblyId": "assembly-1",
        "account": rows[0]["bill/PayerAccountId"],
        "charset": "UTF-8",
        "compression": "GZIP",
        "contentType": "text/csv",
        "reportName": "cur",
        "bucket": "billing",
        "billingPeriod": {"start": "20231101T000000.000Z", "end": "20231201T000000.000Z"},
        "columns": [dict(zip(("category", "name"), name.split("/", 1), strict=True)) for name in rows[0]],
        "reportKeys": ["cur/20231101-20231201/assembly-1/cur-00001.csv.gz"],
    }
    for folder in (period, period / "assembly-1"):
        (folder / "cur-Manifest.json").write_text(json.dumps(manifest))

    source = {"name": "real-cur", "provider": "aws", "dataset": "cur1", "uri": f"file://{tmp_path}/billing/cur"}
    company = _company(tmp_path, source, now="2023-12-20T00:00:00Z")
    finished = company.finops("run")
    assert finished.exit_code == 0, finished.output

    unblended = _total(rows, lambda row: _number(row["lineItem/UnblendedCost"]))
    assert {row["lineItem/LineItemType"] for row in rows} <= {"Usage", "Tax", "Credit", "Fee", "Refund"}
    _assert_reconciled(company, "real-cur", {"billed": unblended, "effective": unblended})
    assert company.query("select count(*) from focus_cost_and_usage") == [(1281,)]
    by_service = defaultdict(Decimal)
    for row in rows:
        by_service[row["lineItem/LineItemType"]] += _number(row["lineItem/UnblendedCost"])
    published = dict(company.query("select ChargeCategory, sum(BilledCost) from focus_cost_and_usage group by 1"))
    assert published == {kind: total for kind, total in by_service.items()}


@pytest.mark.parametrize(
    ("file", "kind", "basis"),
    [
        ("EA_ActualCost_Small.csv", "ActualCost", "billed"),
        ("EA_AmortizedCost_Small.csv", "AmortizedCost", "effective"),
    ],
)
def test_each_real_azure_file_alone_comes_out_exact(
    reference_data: Path, tmp_path: Path, file: str, kind: str, basis: str
):
    delivered = reference_data / "exports/azure/finops_toolkit" / file
    rows = _csv_rows(delivered)
    run = tmp_path / "container/exports/ea/20230901-20230930/202310010300/00000000-0000-4000-8000-000000000001"
    run.mkdir(parents=True)
    shutil.copy(delivered, run / "part_0_0001.csv")
    blob = f"exports/ea/20230901-20230930/202310010300/{run.name}/part_0_0001.csv"
    (run / "manifest.json").write_text(
        json.dumps(
            {
                "manifestVersion": "2024-04-01",
                "byteCount": delivered.stat().st_size,
                "blobCount": 1,
                "dataRowCount": len(rows),
                "exportConfig": {
                    "exportName": "ea",
                    "type": kind,
                    "dataVersion": "2023-05-01",
                    "timeFrame": "MonthToDate",
                },
                "deliveryConfig": {
                    "partitionData": True,
                    "dataOverwriteBehavior": "CreateNewReport",
                    "fileFormat": "Csv",
                    "compressionMode": "None",
                    "rootFolderPath": "exports",
                },
                "runInfo": {
                    "executionType": "Scheduled",
                    "submittedTime": "2023-10-01T03:00:00.0000000Z",
                    "runId": run.name,
                    "startDate": "2023-09-01T00:00:00",
                    "endDate": "2023-09-30T00:00:00Z",
                },
                "blobs": [{"blobName": blob, "byteCount": delivered.stat().st_size, "dataRowCount": len(rows)}],
            }
        )
    )
    source = {
        "name": "real-ea",
        "provider": "azure",
        "dataset": "cost_details",
        "uri": f"file://{tmp_path}/container/exports/ea",
    }
    company = _company(tmp_path, source, now="2023-10-20T00:00:00Z")
    finished = company.finops("run")
    assert finished.exit_code == 0, finished.output
    _assert_reconciled(company, "real-ea", {basis: _total(rows, lambda row: _number(row["Cost"]))})
    assert company.query("select count(*) from focus_cost_and_usage") == [(len(rows),)]


def test_real_focus_rows_of_three_providers_come_out_exact(reference_data: Path, tmp_path: Path):
    delivered = reference_data / "focus/focus_sample_half.csv"
    rows = _csv_rows(delivered)
    assert len(rows) == 518
    assert sum(value == "NULL" for row in rows for value in row.values()) > 1000
    month = tmp_path / "vendors/2024-09"
    month.mkdir(parents=True)
    shutil.copy(delivered, month / "focus.csv")
    uri = f"file://{tmp_path}/vendors"
    source = {"name": "real-focus", "provider": "other", "dataset": "focus", "vendor": "Several", "uri": uri}
    company = _company(tmp_path, source, now="2024-10-20T00:00:00Z")
    finished = company.finops("run")
    assert finished.exit_code == 0, finished.output

    billed, effective = (
        _total(rows, lambda row, name=name: _number(row[name])) for name in ("BilledCost", "EffectiveCost")
    )
    _assert_reconciled(company, "real-focus", {"billed": billed, "effective": effective})
    by_provider: dict = defaultdict(Decimal)
    for row in rows:
        by_provider[row["ProviderName"], row["ServiceName"], row["ServiceCategory"]] += _number(row["BilledCost"])
    published = company.query(
        "select ProviderName, ServiceName, ServiceCategory, sum(BilledCost) from focus_cost_and_usage group by all"
    )
    assert {tuple(names): total for *names, total in published} == by_provider
    [(nulls,)] = company.query(
        "select count(*) from focus_cost_and_usage where 'NULL' in (Tags, ResourceId, ChargeClass, SkuId, RegionName)"
    )
    assert nulls == 0


TRACE_DAYS = 61
CLUSTER_RULE_MICRO = 1_000_000


def _pods(trace: Path) -> list[dict]:
    """The trace's last 61 days laid on September and October 2026; GPU-hours of each pod inside them, exactly."""
    rows = _csv_rows(trace)
    assert len(rows) == 8152
    assert sum(row["num_gpu"] == "0" for row in rows) == 1088
    assert sum(row["scheduled_time"] == "" for row in rows) == 897
    last = max(int(row["deletion_time"]) for row in rows)
    origin = last - TRACE_DAYS * 86400
    pods = []
    for row in rows:
        created, deleted = int(row["creation_time"]), int(row["deletion_time"])
        scheduled = row["scheduled_time"] != ""
        start = max(int(row["scheduled_time"]) if scheduled else created, origin)
        end = max(deleted, start)
        gpus = Fraction(int(row["num_gpu"]) * int(row["gpu_milli"]), 1000) if scheduled else Fraction(0)
        pods.append(
            {
                "workload": row["name"],
                "team": row["qos"],
                "start": start - origin,
                "end": end - origin,
                "gpus": gpus,
                "fraction": Fraction(int(row["gpu_milli"]), 1000),
                "gpu_hours": gpus * Fraction(end - start, 3600),
            }
        )
    return pods


def _instant(seconds: int) -> str:
    return (datetime(2026, 9, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _decimal_text(value: Fraction) -> str:
    with localcontext() as context:
        context.prec = 60
        return format((Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-12")), "f")


def test_a_production_gpu_trace_splits_one_clusters_bill(reference_data: Path, company_copy):
    pods = _pods(reference_data / "traces/openb_pod_list_default.csv.gz")
    company: Company = company_copy()
    config = yaml.safe_load(company.config.read_text())
    cluster = _cluster_level_cluster(company, config)
    for feed in config["usage"]:
        if feed["kind"] == "gpu_hours":
            _replace_cluster_rows(feed, cluster, pods)
    company.config.write_text(yaml.safe_dump(config))
    rules = company.config.with_name("allocation.yaml")
    rules.write_text(rules.read_text().replace("basis: requested}", "basis: requested, alternative: peak}"))
    finished = company.finops("run")
    assert finished.exit_code == 0, finished.output

    bill = dict(
        company.query(
            "select ChargePeriodStart::date, sum(EffectiveCost) from focus_cost_and_usage"
            f" where x_Cluster = '{cluster}' and x_PoolId in"
            " (select pool_id from fct_cost_allocations where driver = 'gpu_hours') group by 1"
        )
    )
    ledger = company.query(
        "select charge_date, workload, sum(allocated_effective_cost), max(driver_quantity)"
        " from fct_cost_allocations where driver = 'gpu_hours' and pool_id in"
        f" (select x_PoolId from focus_cost_and_usage where x_Cluster = '{cluster}') group by all"
    )
    allocated: dict = defaultdict(dict)
    for day, workload, cost, quantity in ledger:
        allocated[day][workload] = (cost, quantity)

    expected_hours = _gpu_hours_by_day(pods)
    days_compared = 0
    for day, total in bill.items():
        assert sum(cost for cost, _ in allocated[day].values()) == total
        hours = expected_hours.get(day, {})
        if not hours:
            continue
        days_compared += 1
        assert {workload for workload in allocated[day] if workload} == set(hours)
        capacity = sum(quantity for workload, (_, quantity) in allocated[day].items() if workload is None)
        whole = sum(hours.values()) + Fraction(capacity)
        for workload, quantity in hours.items():
            cost, driver = allocated[day][workload]
            # GPU-hours are counted in millionths; a cost share has 15 decimals
            assert abs(Fraction(driver) - quantity) <= Fraction(1, CLUSTER_RULE_MICRO)
            tolerance = Fraction(total) * (Fraction(len(hours) + 2, CLUSTER_RULE_MICRO) / whole + Fraction(1, 10**14))
            assert abs(Fraction(cost) - Fraction(total) * quantity / whole) <= tolerance
    assert days_compared >= 60

    in_focus = company.query(f"""
        select ChargePeriodStart::date, x_Workload,
            max((AllocatedMethodDetails::json -> 'Elements' -> 0 ->> 'UsageQuantity')::decimal(38, 18))
        from focus_allocated where AllocatedMethodId = 'gpu_hours' and x_PoolId in
        (select x_PoolId from focus_cost_and_usage where x_Cluster = '{cluster}') group by all
    """)
    assert {(day, pod): hours for day, pod, hours in in_focus} == {
        (day, pod): hours for day, by_pod in allocated.items() for pod, (_, hours) in by_pod.items()
    }
    _assert_peaks(company, cluster, expected_hours, {pod["workload"]: pod["team"] for pod in pods})


def _assert_peaks(company: Company, cluster: str, hours: dict, team_of: dict[str, str]) -> None:
    """The alternative by peaks, worked out level by level: a level of demand is shared by the days that reach it."""
    rows = company.query(f"""
        select billing_period, team, sum(effective_cost), sum(alternative_effective_cost)
        from fct_allocation_alternatives where cluster = '{cluster}' group by all
    """)
    for month in ("2026-09", "2026-10"):
        found = {team: (Fraction(cost), Fraction(other)) for period, team, cost, other in rows if period == month}
        total = sum(cost for cost, _ in found.values())
        assert sum(other for _, other in found.values()) == total > 0
        days = {day: by_pod for day, by_pod in hours.items() if f"{day:%Y-%m}" == month}
        demand = {day: sum(by_pod.values()) for day, by_pod in days.items()}
        levels = sorted({Fraction(0), *demand.values()})
        steps = [(upper, (upper - lower) / sum(held >= upper for held in demand.values()))
                 for lower, upper in pairwise(levels)]  # fmt: skip
        value = {day: sum(rise for upper, rise in steps if upper <= held) for day, held in demand.items()}
        expected: dict = defaultdict(Fraction)
        for day, by_pod in days.items():
            for pod, held in by_pod.items():
                expected[team_of[pod]] += value[day] * held / demand[day] / sum(value.values()) * total
        assert {team for team, (_, other) in found.items() if other} == set(expected)
        for team, cost in expected.items():
            # the ledger counts GPU-hours of thousands of pods in millionths
            assert abs(found[team][1] - cost) <= total / 10**6


def _gpu_hours_by_day(pods: list[dict]) -> dict:
    by_day: dict = defaultdict(dict)
    first = datetime(2026, 9, 1).date()
    for pod in pods:
        for day in range(pod["start"] // 86400, min(pod["end"] // 86400, TRACE_DAYS) + 1):
            seconds = min(pod["end"], (day + 1) * 86400) - max(pod["start"], day * 86400)
            if seconds > 0 and pod["gpus"] > 0 and day < TRACE_DAYS:
                by_day[first + timedelta(days=day)][pod["workload"]] = pod["gpus"] * Fraction(seconds, 3600)
    return by_day


def _cluster_level_cluster(company: Company, config: dict) -> str:
    """The sample's cluster whose telemetry names no node and no node pool."""
    globs = [feed["uri"].removeprefix("file://") for feed in config["usage"] if feed["kind"] == "gpu_hours"]
    rows = duckdb.sql(
        " union all by name ".join(f"select * from {_reader(glob)}('{glob}', union_by_name=true)" for glob in globs)
    )
    found = duckdb.sql("select cluster from rows group by 1 having count(node) = 0 and count(node_pool) = 0").fetchall()
    assert rows is not None
    assert len(found) == 1
    return found[0][0]


def _reader(glob: str) -> str:
    return "read_parquet" if glob.endswith(".parquet") else "read_csv"


def _replace_cluster_rows(feed: dict, cluster: str, pods: list[dict]) -> None:
    """Rewrite the feed's files without the cluster, and put the trace in a file of the same form."""
    glob = feed["uri"].removeprefix("file://")
    folder = Path(glob).parent
    files = sorted(folder.glob(Path(glob).name))
    touched = False
    for path in files:
        rows = duckdb.sql(f"select * from {_reader(glob)}('{path}')")
        columns = rows.columns
        kept = duckdb.sql(f"select * from rows where cluster <> '{cluster}'")
        if len(kept) < len(rows):
            touched = True
            temporary = path.with_suffix(".new")
            duckdb.sql("from kept").write_parquet(str(temporary)) if _reader(glob) == "read_parquet" else _write_csv(
                temporary, columns, kept.fetchall()
            )
            temporary.replace(path)
    if touched:
        assert _reader(glob) == "read_csv", "the trace is written as CSV"
        _write_csv(
            folder / f"trace{Path(glob).suffix}",
            ["usage_start", "usage_end", "cluster", "workload", "team", "gpu_fraction", "gpu_hours_requested"],
            [
                (
                    _instant(p["start"]),
                    _instant(p["end"]),
                    cluster,
                    p["workload"],
                    p["team"],
                    float(p["fraction"]),
                    _decimal_text(p["gpu_hours"]),
                )
                for p in pods
            ],
        )


def _write_csv(path: Path, columns: list[str], rows: list[tuple]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows([value.isoformat() if isinstance(value, datetime) else value for value in row] for row in rows)
