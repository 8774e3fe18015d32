"""One incident, one alarm: findings that tell the same story become one anomaly, with what drove it.

An agent that runs wild shows in its SKUs, its service, account, model, team and provider. They are one incident when
they begin within days of each other, go the same way, and one's money is most of the other's. It is told under
the narrowest name that still holds most of the money.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np

from finops_pipeline.detect.drivers import IDLE, NOBODY, Driver, Line, Moved, drivers, moved
from finops_pipeline.detect.evidence import Evidence, dimensions_of
from finops_pipeline.detect.findings import Finding
from finops_pipeline.detect.series import Series
from finops_pipeline.detect.walk import YOUNG

APART = 3
"""Days between the parts of one incident; twice as many where a channel looks at a week."""
MOST = 0.4
"""Share of one finding's change that another has to hold to be the same incident."""
SIZES = 4
"""How many times larger one finding's change may be than that of another of the same incident."""
MOVED = Decimal("0.8")
"""How alike two amounts are that lost their tags together: a project loses them with its team."""
HEADLINE = 0.75
"""Share of the largest impact on the incident's first morning that the narrowest name has to hold."""
SURE = 1.2
"""Score from which a series of less than eight weeks is believed alone."""
LEAVES = Decimal("0.25")
"""Share of what something usually costs that has to leave it for another, to be called moved."""
SIBLINGS = ("model", "dataset", "project", "gpu_cluster", "team", "account")
"""Scopes in which one name may take over another's cost."""
FAULTS = ("missing", "zero", "duplicated")
"""Kinds that, of an account, are faults of the data before they are facts of the company."""

_NARROW = ("sku", "model", "dataset", "project", "gpu_cluster", "team", "service", "account", "tag_coverage")


@dataclass
class Told:
    """A finding with its evidence."""

    series: Series
    finding: Finding
    age: int
    before: list[Line]
    after: list[Line]
    drivers: list[Driver]
    moved: Moved | None = None
    also: list["Told"] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The day it names."""
        return self.finding.date.astype(date)

    @property
    def kind(self) -> str:
        """The finding's kind, unless cost only lost its owner or went over to another."""
        if self.moved is None or IDLE in self.moved.arrived:
            # what a GPU cluster leaves idle, and what of a bill has no owner, are shares: no price, and nothing bought
            is_share = self.series.metric != "cost" and self.finding.kind in ("price", "new_sku")
            return "step" if is_share else self.finding.kind
        return "lost_tags" if NOBODY in self.moved.arrived else "moved"

    @property
    def anomaly_id(self) -> str:
        """The same anomaly has the same id in every run."""
        s = self.series
        key = (s.scope, s.metric, s.source_name, s.provider_name, s.service_name, s.entity, s.billing_currency)
        return hashlib.sha256(json.dumps([*key, str(self.day)]).encode()).hexdigest()[:12]


def told(series: Series, finding: Finding, age: int, evidence: Evidence) -> Told:
    """Add to a finding what drove it. `age` is the number of days that the series had been known."""
    day = finding.date.astype(date)
    before, after = evidence.usual_and_actual(series, day)
    lines = (*before, *after)
    names = {d: {line.name(d) for line in lines} - {NOBODY, IDLE} for d in dimensions_of(series)}
    # who has all of it is the one to ask; that all of it is in one region tells nothing
    named = [d for d, seen in names.items() if len(seen) > (d == "region")]
    found = drivers(before, after, named)
    return Told(series, finding, age, before, after, found, _moved(series, finding, found, evidence))


def _moved(series: Series, finding: Finding, found: Sequence[Driver], evidence: Evidence) -> Moved | None:
    """Where the cost went, or came from, if a name of the series' dimension lost what nobody or another one gained."""
    untagged, idle = series.scope == "tag_coverage", series.metric == "idle_share"
    is_fault = series.scope == "account" and finding.kind in FAULTS
    if is_fault or not (untagged or idle or (series.metric == "cost" and series.scope in SIBLINGS)):
        return None
    dimension = "team" if untagged or idle else series.scope
    services = [driver.element for driver in found if driver.dimension == "service"]
    before, after = evidence.around(series, finding.date.astype(date), services)
    shift = moved(before, after, dimension)
    if shift is None:
        return None
    if idle or IDLE in shift.arrived:
        lost = series.entity in shift.left and finding.impact < 0
        return shift if shift.arrived == (IDLE,) and (idle or lost) else None
    if NOBODY in shift.arrived:
        return shift if untagged or (series.scope in ("team", "project") and finding.impact < 0) else None
    names = (*shift.left, *shift.arrived)
    usual = sum((line.cost for line in before if line.name(dimension) in shift.left), Decimal(0))
    # of many that go up and down some cancel by chance: one goes over to one, and with a good part of its cost
    return shift if len(names) == 2 and series.entity in names and shift.amount >= LEAVES * usual else None


def incidents(findings: Sequence[Told]) -> list[Told]:
    """One finding for each incident, with the others of the same incident in `also`, in the order of day and id."""
    rest = sorted(findings, key=lambda t: (t.day, t.anomaly_id))
    owner = list(range(len(rest)))

    def root(n: int) -> int:
        while owner[n] != n:
            n = owner[n]
        return n

    for n, later in enumerate(rest):
        for m in range(n - 1, -1, -1):
            if (later.day - rest[m].day).days > 2 * APART + 1:
                break
            if _same(rest[m], later):
                owner[root(n)] = root(m)
    groups: dict[int, list[Told]] = {}
    for n, one in enumerate(rest):
        groups.setdefault(root(n), []).append(one)
    heads = [_headline(group) for group in groups.values() if _stands(group)]
    return sorted(heads, key=lambda t: (t.day, t.anomaly_id))


def _same(a: Told, b: Told) -> bool:
    long = {"shift7", "ramp", "climb", "shift3", "weeks"} & {a.finding.channel, b.finding.channel}
    if a.series.billing_currency != b.series.billing_currency or (b.day - a.day).days > APART * (2 if long else 1):
        return False
    if a.series.scope == b.series.scope == "gpu_cluster" and a.series.entity == b.series.entity:
        # watched twice: what a cluster leaves idle makes the hours that are used dearer
        return True
    if a.moved or b.moved:
        return bool(a.moved and b.moved and _moved_alike(a.moved, b.moved))
    if a.finding.kind in FAULTS and _place(a) == _place(b):
        return a.kind == b.kind and a.day == b.day
    if (a.finding.impact > 0) != (b.finding.impact > 0):
        return False
    return _holds(a, b) or _holds(b, a)


def _place(one: Told) -> tuple[str | None, ...]:
    """Where something may be lacking for one reason: what two providers stop on a day has nothing in common."""
    return one.series.scope, one.series.source_name, one.series.provider_name


def _moved_alike(a: Moved, b: Moved) -> bool:
    """Whether two moves are one: between the same names, however much of it each day cost, or about the same money."""
    if (a.dimension, a.left, a.arrived) == (b.dimension, b.left, b.arrived):
        return True
    return MOVED * a.amount <= b.amount <= a.amount / MOVED


def _holds(whole: Told, part: Told) -> bool:
    """Whether the part is (most of) what changed in the whole."""
    ratio = abs(part.finding.impact) / max(abs(whole.finding.impact), 1e-9)
    faulty = part.series.scope == "account" and part.finding.kind in FAULTS
    inside = (faulty or 1 / SIZES <= ratio <= SIZES) and any(
        driver.dimension == part.series.scope and driver.element == part.series.entity and driver.share >= MOST
        for driver in whole.drivers
    )
    return inside or (
        whole.series.scope == "service"
        and part.series.scope == "sku"
        and (whole.series.provider_name, whole.series.entity) == (part.series.provider_name, part.series.service_name)
        and ratio >= 0.1
    )


def _headline(group: list[Told]) -> Told:
    faults = [t for t in group if t.series.scope == "account" and t.finding.kind in FAULTS]
    shifted = [t for t in group if t.moved]
    if faults:
        # who was seen first: what a later morning adds must not give the incident another name
        head = min(faults, key=lambda t: (t.finding.as_of, -abs(t.finding.impact), t.anomaly_id))
    elif shifted:
        # told as cost without an owner, else under the narrowest name that has the cost now: its team can be asked
        head = min(
            shifted,
            key=lambda t: (
                t.day, t.series.scope != "tag_coverage", t.finding.impact < 0, _rank(t.series.scope), t.anomaly_id
            ),
        )  # fmt: skip
    else:
        start = min(t.finding.as_of for t in group)
        first = [t for t in group if t.finding.as_of == start]
        most = max(abs(t.finding.impact) for t in first)
        enough = [t for t in first if abs(t.finding.impact) >= HEADLINE * most]
        head = min(enough, key=lambda t: (_rank(t.series.scope), -abs(t.finding.impact), t.anomaly_id))
    head.also = sorted((t for t in group if t is not head), key=lambda t: (_rank(t.series.scope), t.series.entity))
    return head


def _rank(scope: str) -> int:
    return _NARROW.index(scope) if scope in _NARROW else len(_NARROW) + (scope == "total")


def _stands(group: list[Told]) -> bool:
    """A young series that is hardly over its threshold needs a second voice."""
    return len(group) > 1 or group[0].moved is not None or group[0].age >= YOUNG or group[0].finding.score >= SURE


def age_of(finding: Finding, first_day: int) -> int:
    """Days that a series had been known when the finding's day came."""
    return int(finding.date.astype("datetime64[D]").astype(int) - first_day)


def is_bad_news(series: Series, finding: Finding) -> bool:
    """Less idle capacity and fewer missing tags are no anomalies."""
    return not (series.metric != "cost" and finding.direction == "down") and bool(np.isfinite(finding.expected))
