"""Who is told what today, and what is remembered so that nobody is told twice. Pure: no file, clock or network.

The rules, for each channel:

- A finding is told once. It is told again when it got worse (a fifth more of what it is weighed by, or an error now),
  or when it still holds after the configured days.
- One digest a day. What comes later waits for tomorrow's, unless it holds back publishing (an error): that cannot
  wait, and takes with it what was waiting.
- What is over is forgotten, so that its return is news, unless it is told once only. When an error is over, those who
  were told of it are told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase

from finops_pipeline.alerts.configuration import Alerts, Route
from finops_pipeline.alerts.finding import RUN_FAILED, Finding

WORSE_BY = 1.2
"""A fifth more than what was told: below that a message would only repeat the one before."""

REMEMBERED = timedelta(days=90)
"""How long what was told is kept where nobody can say that it is over, such as an anomaly of a past day."""


@dataclass(frozen=True)
class Told:
    """What a channel was told of a finding, and when."""

    name: str
    subject: str
    severity: str
    weight: float
    day: date
    is_told_once: bool = False


@dataclass
class ChannelState:
    """What one channel was told, what waits for its next digest, and the day and id of its last one."""

    told: dict[str, Told] = field(default_factory=dict)
    waiting: dict[str, Finding] = field(default_factory=dict)
    last_digest: date | None = None
    last_id: str = ""


@dataclass(frozen=True)
class Planned:
    """The digest of one channel: what is told now, and which errors are over."""

    channel: str
    findings: list[Finding]
    solved: list[str]


def channels_for(finding: Finding, alerts: Alerts) -> list[str]:
    """Every channel of every route that takes the finding; the default ones where none does."""
    names = [name for route in alerts.routes if _takes(route, finding) for name in route.channels]
    return list(dict.fromkeys(names or alerts.default))


def plan(
    alerts: Alerts,
    states: Mapping[str, ChannelState],
    findings: Iterable[Finding],
    evaluated: frozenset[str],
    today: date,
) -> list[Planned]:
    """The digests due now. Changes `states`: forgets what is over, keeps what has to wait.

    What is planned counts as told only by `mark_told`, once it was sent or kept for another try.
    """
    found = list(findings)
    planned = []
    for channel in alerts.channels:
        state = states[channel.name]
        mine = {finding.key: finding for finding in found if channel.name in channels_for(finding, alerts)}
        solved = _forget(state, {finding.key for finding in found}, evaluated, today)
        due = {key: finding for key, finding in state.waiting.items() if key not in mine}
        due |= {key: finding for key, finding in mine.items() if _is_news(finding, state.told.get(key), alerts, today)}
        is_urgent = bool(solved) or any(finding.is_error for finding in due.values())
        if (due or solved) and (is_urgent or state.last_digest != today):
            planned.append(Planned(channel.name, sorted(due.values(), key=_most_important_first), solved))
        else:
            state.waiting = due
    return planned


def mark_told(state: ChannelState, planned: Planned, today: date) -> None:
    """Remember that a digest is on its way."""
    for finding in planned.findings:
        told = (finding.name, finding.subject, finding.severity, finding.weight, today, finding.is_told_once)
        state.told[finding.key] = Told(*told)
    state.waiting = {}
    state.last_digest = today


def _takes(route: Route, finding: Finding) -> bool:
    return (
        (route.owners is None or finding.owner in route.owners)
        and (route.severities is None or finding.severity in route.severities)
        and (route.checks is None or any(fnmatchcase(finding.name, pattern) for pattern in route.checks))
    )


def _forget(state: ChannelState, current: set[str], evaluated: frozenset[str], today: date) -> list[str]:
    """Drop what is over, and return the errors among it."""
    over = [key for key, told in state.told.items() if key not in current and _is_judged(told, evaluated)]
    solved = [
        f"{state.told[key].name}: {state.told[key].subject}" for key in over if state.told[key].severity == "error"
    ]
    old = [key for key, told in state.told.items() if today - told.day > REMEMBERED]
    for key in {*(key for key in over if not state.told[key].is_told_once), *old}:
        del state.told[key]
    state.waiting = {
        key: finding for key, finding in state.waiting.items() if finding.name not in evaluated or key in current
    }
    return sorted(solved)


def _is_judged(told: Told, evaluated: frozenset[str]) -> bool:
    # A run that ended well had nothing that stops publishing, whether or not it found anything new to ask the check of.
    return told.name in evaluated or (told.severity == "error" and RUN_FAILED in evaluated)


def _is_news(finding: Finding, told: Told | None, alerts: Alerts, today: date) -> bool:
    if told is None:
        return True
    if finding.is_error and told.severity != "error":
        return True
    if told.weight > 0 and finding.weight >= told.weight * WORSE_BY:
        return True
    days = alerts.repeat_errors_after_days if finding.is_error else alerts.repeat_after_days
    return today - told.day >= timedelta(days=days)


def _most_important_first(finding: Finding) -> tuple[bool, str, str, float, str]:
    amount = float(abs(finding.amount)) if finding.amount is not None else 0.0
    return (not finding.is_error, finding.owner, finding.name, -amount, finding.subject)
