"""Channels of faults in the data: days that were delivered twice, without cost, or not at all."""

import numpy as np

from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation, to_log
from finops_pipeline.detect.panel import SETTLED, Panel
from finops_pipeline.detect.recurring import Pair
from finops_pipeline.detect.windows import ahead, back, low_back, median_at, median_back, running_mean

NEAR, LIKE = 0.08, 0.2
"""How far a doubled day may lie from twice each neighbour, and how near no day before may have come; as logarithms."""
DOUBLE = float(np.log(2.0))
WHOLE = 0.98
"""Share of a day's final cost from which a first look counts as all of it."""
ALMOST = 1.16
"""How many times its usual share a second look may have shown at most to be made whole by it."""
SURE = 0.5
"""Share of a day that every second look of the last weeks has to have shown for an empty one to be believed."""
OFTEN = 1 / 30
"""Share of its days that a feed has to have been late to be one that may be late again."""

Usual = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Row counts of the last weeks, the same weekdays and the last days, as logarithms."""


def twice_channel(panel: Panel, e: Expectation, first: Completeness, second: Completeness) -> Channel:
    """Ingested twice: even rows, a day unlike any before, while half its cost and rows is like many a day."""
    rows = panel.log_rows
    usual = usual_rows(rows)
    alone = unlike_but_for_half(e, rows, (e.observed, rows), many(rows, usual))
    next_cost, next_rows = ahead(e.newest, 1), ahead(panel.log_second_rows, 1)
    lasts = followed(panel) & (np.abs(next_cost - e.observed) < 0.16) & (np.abs(next_rows - rows) < 0.16)
    varies = e.bursty | e.intermittent
    settled = twice_gate(panel) & ~lasts & (near_twice(e, e.residual) | varies)
    waits = panel.late | ahead(panel.late, 1)
    early = twice_at_second_look(panel, e, first, second, waits & ~varies, usual)
    early = np.where(waits, early, np.where(settled, alone, 0))
    none = np.zeros_like(alone)
    return Channel(
        "twice",
        alone,
        none,
        1,
        0.26,
        9.0,
        1.5,
        early={2: (early, none)},
        settled=settled,
        sharp=True,
        fault="twice",
        rare=0,
        noise=np.where(e.bursty, 0.0, 1.8 * e.scatter) + np.float32(0.4) * e.intermittent,
        wait=1,
        weighed=False,
    )


def twice_at_second_look(
    panel: Panel, e: Expectation, first: Completeness, second: Completeness, asked: np.ndarray, usual: Usual
) -> np.ndarray:
    """The same of a late day, or one before a late day, as its second morning shows it, made whole by the usual share.

    Then the number of its lines need not be even: it has to go half as far again.
    """
    rows = panel.log_rows
    with np.errstate(all="ignore"):
        seen_rows = np.where(panel.late, np.log1p(panel.second_rows / second.usual), rows).astype(rows.dtype)
        next_rows = np.where(panel.late, np.log1p(panel.first_rows / first.usual), rows)
        next_cost = np.where(panel.late, to_log(panel.first_cost / first.usual, e.scale), e.observed)
    # a share that is now and then much more than usual would make a usual day look like two
    told = second.known & (second.most < ALMOST * second.usual) & np.isfinite(panel.second_cost + panel.second_rows)
    lasts = [np.abs(ahead(next_cost, 1) - e.newest), np.abs(ahead(next_rows, 1) - seen_rows)]
    lasts = followed(panel) & (np.fmax(*lasts) < np.where(ahead(panel.late, 1), 0.35, 0.16))
    gate = asked & (told | ~panel.late) & ~lasts & many(seen_rows, usual) & near_twice(e, e.newest - e.expected)
    return unlike_but_for_half(e, rows, (e.newest, seen_rows), gate) / np.float32(1.5)


def followed(panel: Panel) -> np.ndarray:
    """Days that are not the last of their series."""
    return np.arange(1, panel.cost.shape[1] + 1)[None, :] < panel.length[:, None]


def near_twice(e: Expectation, off: np.ndarray) -> np.ndarray:
    """Whether a day is about twice what was expected of it."""
    return np.abs(off - DOUBLE) < np.maximum(0.35, 2.5 * e.scatter)


def between_halves_channel(panel: Panel, e: Expectation) -> Channel:
    """Ingested twice: a day that costs twice as much as either neighbour and has twice their lines; never seen before.

    Series whose days vary by multiples have had most costs before: only that both neighbours are one half tells.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rows, next_rows = (np.log(np.expm1(count)) for count in (panel.log_rows, ahead(panel.log_second_rows, 1)))
        times = [
            e.observed - back(e.observed, 1),
            e.observed - ahead(e.newest, 1),
            rows - back(rows, 1),
            rows - next_rows,
        ]
        off = np.maximum.reduce([np.abs(np.nan_to_num(each, nan=9.0) - DOUBLE) for each in times])
    seldom = back(running_mean((off < LIKE).astype(np.float32), 120), 3) * 120 < 0.5
    twice = np.float32(9) * (followed(panel) & seldom & (off < NEAR))
    return Channel(
        "halves",
        twice,
        np.zeros_like(twice),
        1,
        1.0,
        9.0,
        0.0,
        gate=twice_gate(panel),
        sharp=True,
        fault="twice",
        rare=0,
        wait=1,
        weighed=False,
    )


def unlike_but_for_half(e: Expectation, rows: np.ndarray, now: Pair, gate: np.ndarray) -> np.ndarray:
    """How much farther a day's (cost, rows) lies from earlier days than its half, which lies near some."""
    half = novelty((e.observed, rows), now, DOUBLE, gate)
    return np.where(gate & (half < 0.16), np.maximum(novelty((e.observed, rows), now, 0.0, gate) - half, 0), 0)


def novelty(past: Pair, now: Pair, shift: float, gate: np.ndarray) -> np.ndarray:
    """How far a day's (cost, rows), both lowered by `shift`, lies from the second nearest of four months."""
    (cost, rows), (cost_now, rows_now) = past, now
    out = np.zeros_like(cost)
    row, day = np.nonzero(gate)
    window = np.arange(-122, -2)[None, :]
    for start in range(0, len(row), 4096):
        r, d = row[start : start + 4096, None], day[start : start + 4096, None]
        before = np.maximum(d + window, 0)
        off = cost[r, before] - cost_now[r, d] + shift, rows[r, before] - rows_now[r, d] + shift
        apart = np.where(d + window >= 14, np.maximum(*np.abs(off)), 9.0)
        out[r[:, 0], d[:, 0]] = np.partition(apart, 1, axis=1)[:, 1]
    return out


def twice_gate(panel: Panel) -> np.ndarray:
    """Ingested twice: an even number of rows, for one."""
    return np.isfinite(panel.rows) & (panel.rows >= 2) & (panel.rows % 2 == 0)


def usual_rows(rows: np.ndarray) -> Usual:
    """By each day, of the days before it."""
    return median_back(rows, 2, 29), median_at(rows, range(7, 42, 7)), median_back(rows, 1, 7)


def many(rows: np.ndarray, usual: Usual) -> np.ndarray:
    """Whether a day has many more rows than the last weeks, or than the same weekdays and the last days both."""
    by_month, by_weekday, by_recent = (rows - before for before in usual)
    closer = np.where(np.abs(by_weekday) < np.abs(by_recent), by_weekday, by_recent)
    return (by_month > 0.25) | (closer > 0.5 * DOUBLE)


def zero_channel(panel: Panel, e: Expectation, first: Completeness, second: Completeness) -> Channel:
    """Next to nothing where there was always something: lower than a tenth of the low days of two months."""
    size = np.abs(e.filled)
    low = low_back(size, 2, 61, rank=6)
    # a day that usually costs next to nothing, as the weekends of a few people do, may well cost nothing
    kept = (low > 0.5) & (e.money(e.expected) > 5 * e.scale)
    deep = np.exp(np.maximum(4 * e.scatter, 0.8))
    nothing = (low + e.scale) / deep - e.scale
    # a series whose days vary by multiples is still never nothing at all
    bound = np.minimum(nothing, 0.1 * low)
    lacking = kept & (size < bound)
    starts = (lacking & ~back(lacking, 1)).astype(np.float32)
    seldom = back(running_mean(starts, 90), 4) * 90 < 1.5

    def lack(seen: np.ndarray) -> np.ndarray:
        less = np.nan_to_num(seen, nan=np.inf) < bound
        return np.float32(2) * (kept & seldom & less)

    none = np.zeros_like(size)
    early = {}
    for morning, seen, share in ((1, panel.first_cost, first), (2, panel.second_cost, second)):
        early[morning] = (
            none,
            np.where(believed(panel, seen, morning) & (share.least > SURE), lack(np.abs(seen) / share.at_least), 0),
        )
    return Channel(
        "zero",
        none,
        lack(np.abs(panel.cost)),
        1,
        9.0,
        1.0,
        0.0,
        early=early,
        sharp=True,
        fault="gone",
        rare=0,
        weighed=False,
    )


def missing_channel(panel: Panel, first: Completeness, second: Completeness) -> Channel:
    """No row on a day, of a series that has one every day; at once where the feed always shows something at once."""
    inside = np.arange(panel.cost.shape[1])[None, :] < panel.length[:, None]
    regular = inside & (back(running_mean(np.isfinite(panel.cost).astype(np.float32), 56), 1) > 0.94)
    none = np.zeros_like(panel.cost)
    early = {}
    for morning, seen, share in ((1, panel.first_cost, first), (2, panel.second_cost, second)):
        gone = regular & share.known & ~np.isfinite(seen) & believed(panel, seen, morning)
        early[morning] = (none, np.float32(9) * gone)
    gone = np.float32(9) * (regular & ~np.isfinite(panel.cost))
    late = panel.late | behind(panel)
    return Channel(
        "missing",
        none,
        gone,
        1,
        99.0,
        1.0,
        0.0,
        early=early,
        sharp=True,
        fault="gone",
        rare=0,
        late=late,
        weighed=False,
    )


def believed(panel: Panel, seen: np.ndarray, morning: int) -> np.ndarray:
    """Whether nothing means nothing: a late feed is given a second morning, one that ever showed nothing then a third.

    The second morning is still within a day, and a late feed's first look may be empty without any fault.
    """
    if morning == 1:
        return ~behind(panel)
    blank = costly(panel) & (np.abs(np.nan_to_num(seen)) == 0)
    return back(running_mean(blank.astype(np.float32), 90), SETTLED) < 0.5 / 90


def behind(panel: Panel) -> np.ndarray:
    """Days before which a feed's first morning lacked something of at least one day in thirty that had cost."""
    lacking = costly(panel) & panel.late & ~(np.abs(panel.first_cost) >= WHOLE * np.abs(panel.cost))
    days, lacked = (back(running_mean(each.astype(np.float32), 90), SETTLED) for each in (costly(panel), lacking))
    return lacked >= OFTEN * days


def costly(panel: Panel) -> np.ndarray:
    """Days that cost anything."""
    return np.abs(np.nan_to_num(panel.cost)) > 0
