"""An anomaly in words and numbers for people: what was seen, what drove it, what it comes to, where to look."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops_pipeline.checks.anomaly_plot import plot
from finops_pipeline.checks.outcome import Offender, cell

NEW = "nothing: it is new"
"""What was expected where the past of a series gives no range."""
_IN_TABLE, _PLOTS, _LONGEST_NAME = 20, 3, 60

NAMED = """
    case
        when scope = 'total' then 'the total'
        when metric = 'idle_share' then concat_ws(' ', scope, source_name, entity, 'idle share')
        else concat_ws(' ', scope, source_name, entity)
    end"""
"""What an anomaly is of, as SQL over `fct_anomalies`: a GPU cluster is watched by its cost and by its idle share."""


@dataclass(frozen=True)
class Anomaly:
    """A row of `fct_anomalies`, with what its plot needs."""

    anomaly_id: str
    charge_date: date
    detected_on: date
    name: str
    kind: str
    billing_currency: str
    observed: Decimal | None
    expected: Decimal
    lower: Decimal | None
    upper: Decimal | None
    impact: Decimal
    reporting_currency: str
    impact_reporting: Decimal | None
    drivers: dict[str, Any]
    history: list[float | None]
    history_position: int
    """Where in its history the day stands."""
    is_fault: bool
    """Whether it is a fault of the data, which holds publishing back."""

    @property
    def subject(self) -> str:
        """What it is called in a check's results."""
        return f"{self.name} {self.charge_date} {self.kind}"

    @property
    def band(self) -> tuple[Decimal, Decimal] | None:
        """What its past makes likely; of what is new nothing is."""
        return None if self.lower is None or self.upper is None else (self.lower, self.upper)

    @property
    def amount(self) -> Decimal:
        """The money of the whole incident: of all accounts, where a source lacks or doubles a day of several."""
        accounts = self.drivers.get("accounts")
        return Decimal(accounts["impact"]) if accounts else self.impact

    @property
    def amount_reporting(self) -> Decimal | None:
        """The same in the company's currency; null where there is no rate."""
        if self.impact_reporting is None or not self.impact:
            return self.impact_reporting
        return self.amount * (self.impact_reporting / self.impact)

    def offender(self) -> Offender:
        """What was seen and what was expected, in money."""
        likely = NEW
        if self.band:
            lower, upper = self.band
            likely = f"{lower:,.2f} to {upper:,.2f} ({self.expected:,.2f})"
        seen = "no row" if self.observed is None else f"{self.observed:,.2f} {self.billing_currency}"
        return Offender(
            self.subject,
            f"{seen} ({self.impact:+,.2f}); {why(self.drivers)}; id {self.anomaly_id}",
            likely,
        )


def anomaly_of(values: dict[str, Any]) -> Anomaly:
    """From a row whose columns are named as the fields."""
    return Anomaly(**values | {"drivers": json.loads(values["drivers"])})


def why(drivers: dict[str, Any]) -> str:
    """The drivers in a few words: what moved, or the first dimension's elements and the largest part of the change."""
    moved = drivers.get("moved")
    if moved:
        left, arrived = (", ".join(map(_short, moved[side])) for side in ("left", "arrived"))
        return f"moved, not spent: from {left} to {arrived}"
    elements = drivers.get("elements") or []
    first = [
        f"{_short(e['element'])} {float(e['share']):.0%}"
        for e in elements
        if e["dimension"] == elements[0]["dimension"]
    ]
    parts = {name: Decimal(amount) for name, amount in drivers["decomposition"].items() if name != "change"}
    largest = max(parts, key=lambda name: abs(parts[name]))
    by = f"mostly {largest} {parts[largest]:+,.2f}" if parts[largest] else "nothing changed by the meters"
    told = f"{elements[0]['dimension']} {', '.join(first[:3])}; {by}" if first else by
    return f"{_accounts(drivers)}{told}"


def _short(name: str) -> str:
    """What bills call things has no bound; the id that follows must not fall off the end of a message."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _accounts(drivers: dict[str, Any]) -> str:
    """Where a source lacks or doubles a day of several accounts, the money of all of them."""
    accounts = drivers.get("accounts")
    return f"{accounts['count']} accounts alike, {Decimal(accounts['impact']):+,.2f} in all; " if accounts else ""


def details(found: Sequence[Anomaly]) -> dict[str, str]:
    """What stands on a check's page below its first lines; nothing where nothing was found."""
    if not found:
        return {}
    return {
        "impact": _impact(found),
        "drivers": _drivers_table(found),
        "actual against the band": "\n\n".join(f"**{cell(a.subject)}**\n\n{_image(a)}" for a in found[:_PLOTS]),
    }


def _impact(found: Sequence[Anomaly]) -> str:
    """What is spent or saved by currency, and in one where all have rates; what only moved stands apart."""
    moved = [anomaly for anomaly in found if anomaly.drivers.get("moved")]
    spent = [anomaly for anomaly in found if not anomaly.drivers.get("moved")]
    parts = [_sums(spent)] if spent else []
    parts += [f"moved, not spent: {_sums(moved)}"] if moved else []
    return "; ".join(parts)


def _sums(found: Sequence[Anomaly]) -> str:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for anomaly in found:
        sums[anomaly.billing_currency] += anomaly.amount
    told = ", ".join(f"{amount:+,.2f} {currency}" for currency, amount in sorted(sums.items()))
    reporting, converted = found[0].reporting_currency, [anomaly.amount_reporting for anomaly in found]
    if sums.keys() == {reporting} or None in converted:
        return told
    return f"{told} ({sum(filter(None, converted)):+,.2f} {reporting} in all)"


def _image(anomaly: Anomaly) -> str:
    band = anomaly.band
    limits = band and (float(band[0]), float(band[1]))
    return plot(anomaly.history, anomaly.history_position, anomaly.charge_date, limits)


def _drivers_table(found: Sequence[Anomaly]) -> str:
    """The anomalies with their drivers and where to look, as a Markdown table."""
    lines = ["| anomaly | id | impact | drivers | look at |", "|---|---|---:|---|---|"]
    for anomaly in found[:_IN_TABLE]:
        resources = [f"{r['resource']} ({Decimal(r['change']):+,.2f})" for r in anomaly.drivers.get("resources", [])]
        columns = (
            anomaly.subject,
            anomaly.anomaly_id,
            f"{anomaly.amount:+,.2f} {anomaly.billing_currency}",
            why(anomaly.drivers),
            "; ".join(resources),
        )
        lines.append(f"| {' | '.join(cell(text) for text in columns)} |")
    if len(found) > _IN_TABLE:
        lines.append(f"\n… and {len(found) - _IN_TABLE} more: `finops anomalies` lists all.")
    return "\n".join(lines)
