"""What `finops anomalies` shows and remembers: the anomalies of the last run, published or held back.

A fault of the data holds publishing back, so the newest anomalies stand in the warehouse; where there is none, or a run
is writing it, the published marts answer.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb

from finops_pipeline.checks.anomaly_words import NAMED, NEW, why
from finops_pipeline.config_yaml import read_yaml
from finops_pipeline.detect.walk import WARM_UP
from finops_pipeline.errors import ConfigurationError, FinopsError
from finops_pipeline.settings import Settings
from finops_pipeline.side_files.anomaly_feedback import VERDICTS, Feedback, Verdict, load_anomaly_feedback, remember

_COLUMNS = (
    f"anomaly_id, charge_date, detected_on, {NAMED} as name, kind, "
    "billing_currency, observed_cost, impact, drivers, if(upper is null, null, expected_cost)"
)
_ALSO_SHOWN = 8
"""Names of what else saw it; a day that a whole export lacks is seen in everything."""


def listed(settings: Settings, *, show_all: bool = False) -> list[str]:
    """The anomalies as lines of text, the newest first; acknowledged ones only if all are asked for."""
    said = {item.id: item for item in load_anomaly_feedback(settings.config_path).feedback}
    lines, hidden, rows = [], 0, _rows(settings)
    for anomaly_id, day, detected, name, kind, currency, observed, impact, drivers, likely in rows:
        verdict = said.get(anomaly_id)
        if verdict and not show_all:
            hidden += 1
            continue
        seen = "no row" if observed is None else f"{observed:,.2f}"
        seen += f"; expected {NEW if likely is None else f'{likely:,.2f}'}"
        head = f"{anomaly_id}  {day}  {kind:10}  {impact:>+14,.2f} {currency}  {name}"
        lines.append(f"{head}{f'  [{verdict.verdict}]' if verdict else ''}")
        lines += [f"    {line}" for line in _told(seen, detected, verdict, json.loads(drivers))]
    if not lines:
        lines.append(f"No anomalies in the last 92 days of the data{_so_far(settings)}.")
    if hidden:
        lines.append(f"{hidden} acknowledged (--all shows them)")
    # what `ack` wrote was an anomaly on that day; by hand, an id is easily another one
    strange = sorted(
        item.id for item in said.values() if item.said_on is None and item.id not in {row[0] for row in rows}
    )
    if strange:
        lines.append(f"anomalies.yaml names what is no anomaly of these days: {', '.join(strange)}")
    return lines


def acknowledged(settings: Settings, anomaly_id: str, verdict: str, note: str | None) -> str:
    """Remember what an anomaly was; says where.

    Raises:
        ConfigurationError: no such verdict, or no configuration to write it beside.
        FinopsError: no such anomaly in the last run.
    """
    allowed: dict[str, Verdict] = {name: name for name in VERDICTS}
    if verdict not in allowed:
        raise ConfigurationError(f"--as is {verdict!r}; allowed: {', '.join(VERDICTS)}.")
    known = {row[0]: row for row in _rows(settings)}
    if anomaly_id not in known:
        raise FinopsError(f"There is no anomaly {anomaly_id!r} in the last run; `finops anomalies` lists them.")
    read_yaml(settings.config_path)  # beside no configuration, no run would read the verdict
    said = Feedback(id=anomaly_id, verdict=allowed[verdict], note=note, said_on=settings.now.date())
    path = remember(settings.config_path, said)
    _, day, _, name, kind, *_ = known[anomaly_id]
    return f"{path}: {kind} of {name} on {day} is {verdict}. The next `finops run` raises no alarm for it."


def _told(seen: str, detected: object, verdict: Feedback | None, drivers: dict) -> Iterator[str]:
    yield f"{seen}; first shown by the data of {detected}; {why(drivers)}"
    for resource in drivers["resources"]:
        yield f"look at {resource['resource']} ({Decimal(resource['change']):+,.2f})"
    also = drivers["also_seen_in"]
    if also:
        more = f" and {len(also) - _ALSO_SHOWN} more" if len(also) > _ALSO_SHOWN else ""
        yield f"also seen in {', '.join(also[:_ALSO_SHOWN])}{more}"
    if verdict and verdict.note:
        yield f"note: {verdict.note}"


def _rows(settings: Settings) -> list[tuple]:
    with _newest(settings) as connection:
        try:
            return connection.execute(
                f"select {_COLUMNS} from fct_anomalies order by charge_date desc, abs(impact) desc, anomaly_id"
            ).fetchall()
        except duckdb.CatalogException as error:
            raise FinopsError("The last run looked for no anomalies. Run `finops run`.") from error


def _so_far(settings: Settings) -> str:
    """How many days there are, where that is too few for anything to have been judged."""
    with _newest(settings) as connection:
        try:
            [(days,)] = connection.execute("select max(last_day) + 1 - min(first_day) from int_daily_series").fetchall()
        except duckdb.CatalogException:
            return ""
    if days is None or days >= WARM_UP:
        return ""
    return f": there are {days} so far, and nothing is judged before its day {WARM_UP}"


@contextmanager
def _newest(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    for path in (settings.warehouse, settings.marts / "current" / "marts.duckdb"):
        connection = _open(path)
        if connection is not None:
            try:
                yield connection
            finally:
                connection.close()
            return
    raise FinopsError(f"Nothing has been built in {settings.home} yet, or a run is building it. Run `finops run`.")


def _open(path: Path) -> duckdb.DuckDBPyConnection | None:
    try:
        return duckdb.connect(str(path), read_only=True) if path.exists() else None
    except duckdb.IOException:
        return None
