"""Has every source delivered lately? Clouds' bills within days, a vendor's and each usage feed in its own rhythm."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

from finops_pipeline.checks.completeness import Delivery
from finops_pipeline.checks.outcome import CheckOutcome, Offender, Subject, counted, some_of

DELIVERIES_COME_WITHIN = timedelta(days=3)
"""All three clouds deliver the open month at least daily; a weekend of theirs and one of ours make three days."""

RHYTHM_IS_AT_MOST = timedelta(days=35)
"""A feed that came once or twice may be a monthly one."""

PAUSES_TO_KNOW_OUTAGES = 10
"""Two weeks of a feed that comes on weekdays, with both weekends: before, its first one would pass for an outage."""

PAUSES_REMEMBERED = 60
"""A quarter of weekdays, two months of days, five years of months: two outages are not held for a rhythm for longer."""


def every_source_is_fresh(
    deliveries: Sequence[Delivery], sources: Sequence[tuple[str, str]], now: datetime
) -> CheckOutcome:
    """The newest delivery of every cloud's bill is at most three days old; a vendor's came within its own rhythm.

    Its age counts from when the provider delivered it, where the manifest says so, else from when it was first seen.

    Args:
        deliveries: the ledger.
        sources: (name, provider) of the billing exports; one without any delivery is told by the check on that.
        now: the run's clock.
    """
    instant = now.replace(tzinfo=None)
    newest, allowed = {}, {}
    for name, provider in sources:
        arrived = sorted(d["submitted_at"] or d["seen_at"] for d in deliveries if d["source_name"] == name)
        if arrived:
            newest[name] = arrived[-1]
            # who sells GPUs or software may bill once a month
            allowed[name] = _allowed_pause(arrived) if provider == "other" else DELIVERIES_COME_WITHIN
    ages = {name: instant - arrived for name, arrived in newest.items()}
    stale = {name: age for name, age in ages.items() if age > allowed[name]}
    return CheckOutcome(
        observed=", ".join(f"{name} {_hours(age)}" for name, age in sorted(ages.items())) or "no deliveries",
        expected=f"the newest delivery of every cloud's bill is at most {_hours(DELIVERIES_COME_WITHIN)} old,"
        " a vendor's at most as old as twice its usual longest pause",
        next_step="Clouds export daily. See `finops validate`, then whether the export was switched off or denied.",
        offenders=[
            Offender(name, _age(newest[name], age), f"at most {_hours(allowed[name])}")
            for name, age in sorted(stale.items())
        ],
        confirmed=[
            Subject(name, _age(newest[name], age), f"at most {_hours(allowed[name])}")
            for name, age in sorted(ages.items())
            if name not in stale
        ],
    )


def every_feed_is_fresh(deliveries: Sequence[Delivery], feeds: Sequence[str], now: datetime) -> CheckOutcome:
    """Every usage feed has brought something new within twice its usual longest pause.

    A feed of pods comes every day, one of seats every month: each is held to its own rhythm, which takes three
    arrivals to know. A file that changed counts as an arrival, one that is read again unchanged does not.

    Args:
        deliveries: the ledger, with what was superseded.
        feeds: names of the usage feeds; one without any delivery is told by the check on that.
        now: the run's clock.
    """
    instant = now.replace(tzinfo=None)
    offenders, confirmed = [], []
    for name in feeds:
        seen = sorted(d["seen_at"] for d in deliveries if d["source_name"] == name and d["provider"] == "usage")
        if not seen:
            continue
        allowed = _allowed_pause(seen)
        told = (name, _age(seen[-1], instant - seen[-1]), f"at most {_hours(allowed)}")
        if instant - seen[-1] > allowed:
            offenders.append(Offender(*told))
        else:
            confirmed.append(Subject(*told))
    return CheckOutcome(
        observed=some_of(len(offenders), len(offenders) + len(confirmed), "feed", "has paused", "have paused")
        + " for longer than usual",
        expected="every feed has brought something new within twice its usual longest pause",
        next_step="Look at what writes the feed; until it comes, the cost of its pools stays unallocated.",
        offenders=offenders,
        confirmed=confirmed,
    )


def _allowed_pause(seen: Sequence[datetime]) -> timedelta:
    """Twice the longest pause, between days with arrivals, that a feed has made a second time lately.

    A weekend or the days between two months come again; an outage, once, must not excuse the next one for ever.
    """
    last_of_days = {instant.date(): instant for instant in seen}
    pauses = [later - earlier for earlier, later in pairwise(last_of_days.values())][-PAUSES_REMEMBERED:]
    if len(pauses) < 2:
        return RHYTHM_IS_AT_MOST
    longest_first = sorted(pauses, reverse=True)
    return max(DELIVERIES_COME_WITHIN, 2 * longest_first[1 if len(pauses) >= PAUSES_TO_KNOW_OUTAGES else 0])


def _age(arrived: datetime, age: timedelta) -> str:
    return f"newest from {arrived:%Y-%m-%d %H:%M} UTC, {_hours(age)} old"


def _hours(age: timedelta) -> str:
    """Begun hours count: what is minutes older than allowed must not be told as just as old."""
    hours = max(0, ceil(age / timedelta(hours=1)))
    if hours < 72:
        return counted(hours, "hour")
    days, rest = divmod(hours, 24)
    return f"{days} days" + (f" {counted(rest, 'hour')}" if rest else "")
