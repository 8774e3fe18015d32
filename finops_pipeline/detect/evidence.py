"""What stood behind a series on some day, and on the same weekdays before: the lines that drivers are told from.

Held in a private DuckDB: charges and ledger, cut to the days that were asked for and to the dimensions that
drivers speak of.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from finops_pipeline.detect.drivers import IDLE, NOBODY, Line, usual_day
from finops_pipeline.detect.series import Series

BOUGHT = ("total", "provider", "account", "service", "sku")
"""Scopes that are told from charges; the others from the ledger."""
WEEKS = 4
"""The usual day is the median of so many same weekdays."""

CHARGE_DIMENSIONS = {
    "sku": "coalesce(SkuMeter, SkuId)",
    "model": "x_ModelName",
    "team": "x_Team",
    "service": "ServiceName",
    "region": "RegionId",
    "account": "coalesce(SubAccountId, BillingAccountId)",
    "provider": "ProviderName",
}
# what nobody used has no owner because it is idle, not because it lost one
_OWNER = f"coalesce({{}}, case when is_idle then '{IDLE}' end)"
LEDGER_DIMENSIONS = {
    "dataset": _OWNER.format("dataset"),
    "model": _OWNER.format("model_name"),
    "project": _OWNER.format("project"),
    "team": _OWNER.format("team"),
    "gpu_cluster": "cluster",
    "service": "service_name",
    "account": "sub_account_id",
    "provider": "provider_name",
}

_CHARGES = """
    select x_SourceName as source_name, x_ChargeDate as charge_date, BillingCurrency as billing_currency,
        {dimensions}, x_Project as project, x_Cluster as gpu_cluster, x_Dataset as dataset, ResourceId as resource,
        case when x_Cluster is not null then x_PoolId end as pool, ConsumedUnit as unit, false as is_idle,
        false as is_unallocated,
        sum(EffectiveCost) as cost, sum(ConsumedQuantity) as usage
    from rows
    where ChargeCategory = 'Usage' and ({days})
    group by all"""

_LEDGER = """
    select source_name, charge_date, billing_currency, {dimensions}, driver_unit as unit, is_idle, is_unallocated,
        case when is_idle then pool_id end as pool,
        sum(allocated_effective_cost) as cost, sum(driver_quantity) as usage
    from rows
    where charge_category = 'Usage' and ({days})
    group by all"""


class Evidence:
    """The lines of the days around some findings."""

    def __init__(self, charges: duckdb.DuckDBPyRelation, ledger: duckdb.DuckDBPyRelation, days: Iterable[date]) -> None:
        """`charges` is `focus_cost_and_usage`, `ledger` is `fct_cost_allocations` with the cluster of each pool."""
        wanted = {day - timedelta(weeks=week) for day in days for week in range(WEEKS + 1)}
        self._database = duckdb.connect(config={"threads": 1})
        for name, relation, query, dimensions, charged_on in (
            ("charges", charges, _CHARGES, CHARGE_DIMENSIONS, "x_ChargeDate"),
            ("ledger", ledger, _LEDGER, LEDGER_DIMENSIONS, "charge_date"),
        ):
            columns = ", ".join(f"{column} as {dimension}" for dimension, column in dimensions.items())
            rows = relation.query("rows", query.format(dimensions=columns, days=_is_one_of(charged_on, wanted)))
            assert rows is not None
            self._database.register("rows_of_the_days", rows.to_arrow_table())
            self._database.execute(f"create table {name} as select * from rows_of_the_days")
            self._database.unregister("rows_of_the_days")

    def usual_and_actual(self, series: Series, day: date) -> tuple[list[Line], list[Line]]:
        """The series' lines as they usually are on this weekday, and as they were."""
        condition, values = _within(series)
        if series.metric == "untagged_share":
            condition += " and is_unallocated"
        elif series.metric == "idle_share":
            condition += " and is_idle"
        return self._lines(series, day, condition, values)

    def around(self, series: Series, day: date, services: Iterable[str]) -> tuple[list[Line], list[Line]]:
        """All owners' lines of some services where cost may have moved: on the provider, if the series names one, or
        on its cluster."""
        condition, values = "billing_currency = ?", [series.billing_currency]
        for column, name in (("provider", series.provider_name), ("gpu_cluster", _idle_cluster(series))):
            if name:
                condition, values = f"{condition} and {column} = ?", [*values, name]
        chosen = list(services)
        condition += f" and service in ({', '.join('?' * len(chosen))})" if chosen else ""
        return self._lines(series, day, condition, [*values, *chosen])

    def resources(
        self, series: Series, day: date, services: Sequence[str] = (), limit: int = 3
    ) -> list[tuple[str, Decimal]]:
        """The resources whose cost changed most against the mean of the weekdays before, with the change.

        Of cost without an owner: those without one, of the services that drive it.
        """
        condition, values = _within(series)
        if series.scope == "tag_coverage":
            condition += f" and team is null and service in ({', '.join('?' * len(services)) or 'null'})"
            values = [*values, *services]
        table, resource = "charges", "resource"
        if _idle_cluster(series):
            # the bill of an idle machine is what it was: its pool tells which ones they are
            table, resource = "ledger inner join machines using (source_name, pool)", "machines.resource"
            condition += " and is_idle"
        rows = self._database.execute(
            f"""with machines as (
                    select source_name, pool,
                        max(resource) || if(count(distinct resource) > 1,
                            ' and ' || (count(distinct resource) - 1) || ' more', '') as resource
                    from charges where pool is not null and charge_date = $day
                    group by all
                )
                select {resource} as resource, coalesce(sum(cost) filter (charge_date = $day), 0)
                    - cast(coalesce(sum(cost) filter (charge_date < $day), 0) / {WEEKS} as decimal(38, 6)) as change
                from {table}
                where {_numbered(condition)} and {resource} is not null and charge_date in ({_weekdays()})
                group by 1 order by abs(change) desc, resource limit {limit}""",
            {"day": day} | {f"v{n}": value for n, value in enumerate(values)},
        ).fetchall()
        return [(resource, change) for resource, change in rows if change]

    def _lines(self, series: Series, day: date, condition: str, values: list[str]) -> tuple[list[Line], list[Line]]:
        table, dimensions = _place(series)
        rows = self._database.execute(
            f"""select charge_date, {", ".join(dimensions)}, unit, sum(cost), sum(usage)
                from {table} where {_numbered(condition)} and charge_date in ({_weekdays()})
                group by all order by all""",
            {"day": day} | {f"v{n}": value for n, value in enumerate(values)},
        ).fetchall()
        by_day: dict[date, list[Line]] = {day - timedelta(weeks=week): [] for week in range(WEEKS + 1)}
        for then, *names, unit, cost, usage in rows:
            named = tuple((d, name or NOBODY) for d, name in zip(dimensions, names, strict=True))
            by_day[then].append(Line(named, cost, usage, unit))
        return usual_day([by_day[day - timedelta(weeks=week)] for week in range(1, WEEKS + 1)]), by_day[day]


def _is_one_of(column: str, days: set[date]) -> str:
    """The condition that a date is one of these, as ranges: DuckDB holds a column against ranges before it reads the
    others, against a list only afterwards."""
    ranges: list[list[date]] = []
    for day in sorted(days):
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    return " or ".join(f"{column} between date '{first}' and date '{last}'" for first, last in ranges) or "false"


def dimensions_of(series: Series) -> list[str]:
    """The dimensions that can tell something new about a series: not those that it is fixed in."""
    fixed = {
        "sku": {"sku", "service", "provider"},
        "service": {"service", "provider"},
        "account": {"account", "provider"},
        "tag_coverage": {"provider", "team", "project"},
    }.get(series.scope, {series.scope})
    return [dimension for dimension in _place(series)[1] if dimension not in fixed]


def _place(series: Series) -> tuple[str, list[str]]:
    if series.scope in BOUGHT:
        return "charges", list(CHARGE_DIMENSIONS)
    return "ledger", list(LEDGER_DIMENSIONS)


def _within(series: Series) -> tuple[str, list[str]]:
    """The condition under which a line belongs to a series."""
    named = {"billing_currency": series.billing_currency}
    if series.scope == "tag_coverage":
        named["provider"] = series.entity
    elif series.scope != "total":
        named[series.scope] = series.entity
    for column, value in (
        ("source_name", series.source_name),
        ("provider", series.provider_name),
        ("service", series.service_name),
    ):
        if value is not None:
            named[column] = value
    return " and ".join(f"{column} = ?" for column in named), list(named.values())


def _idle_cluster(series: Series) -> str | None:
    return series.entity if series.metric == "idle_share" else None


def _numbered(condition: str) -> str:
    parts = condition.split("?")
    return "".join(part + (f"$v{n}" if n < len(parts) - 1 else "") for n, part in enumerate(parts))


def _weekdays() -> str:
    return ", ".join(f"$day - {7 * week}" for week in range(WEEKS + 1))
