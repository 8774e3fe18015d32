"""The statistics that are watched, each as a matrix of log changes: zero is as expected, up is more, down is less.

A channel says how long it looks (`span`), and how large a change must at least be to matter (`least_…`); the threshold
itself comes from the series' own past (thresholds.py). `within` is a second statement that must be unusual too: a
day may be odd for its weekday and yet lie among the costs of the last weeks, as holidays do.
"""

from dataclasses import dataclass, field

import numpy as np

from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation, ahead, recurring, to_log
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.windows import (
    back,
    carry_week,
    extremes_back,
    low_back,
    median_back,
    median_of,
    running_mean,
)

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Channel:
    """One statistic; `up` and `down` are how far it lies off in either direction, both positive."""

    name: str
    up: np.ndarray
    down: np.ndarray
    span: int
    least_up: float
    least_down: float
    margin: float = 1.3
    memory: int = 10
    early: dict[int, Pair] = field(default_factory=dict)
    within: "Channel | None" = None
    gate: np.ndarray | None = None
    sharp: bool = False
    rare: float = 3000
    noise: np.ndarray | None = None
    ease: np.ndarray | None = None
    wait: int = 0


def explained(change: np.ndarray, days: np.ndarray) -> Pair:
    """Rises and falls that the calendar has not shown before."""
    up, down = recurring(change, days)
    rise = np.where(change > 1.2 * up + 0.05, np.maximum(change, 0), 0)
    fall = np.where(-change > -1.2 * down + 0.05, np.maximum(-change, 0), 0)
    return rise, fall


def both_ways(change: np.ndarray) -> Pair:
    """A signed change as rises and falls."""
    return np.maximum(np.nan_to_num(change), 0), np.maximum(np.nan_to_num(-change), 0)


def support(panel: Panel, e: Expectation) -> np.ndarray:
    """What the rows say of a rise in cost where the two have gone together: above 1 means business as usual."""
    weekly = lambda v: v - median_of([back(v, 7 * weeks) for weeks in range(1, 5)])  # noqa: E731
    cost, rows = weekly(e.observed), weekly(np.log1p(carry_week(panel.rows)))
    x, y = np.clip(cost, -0.7, 0.7), np.clip(rows, -0.7, 0.7)
    past = lambda v: back(running_mean(v, 120), 3) + 1e-9  # noqa: E731
    xy, xx, yy = past(x * y), past(x * x), past(y * y)
    together, beta = xy / np.sqrt(xx * yy), xy / xx
    spread = np.sqrt(np.maximum(yy - beta * xy, 1e-5))
    off = np.abs(rows - beta * cost) / spread
    return np.where(together < 0.75, 1.0, np.where(off < 2.5, 1.4, np.where(off > 4, 0.85, 1.0)))


def cost_channel(panel: Panel, e: Expectation, first: Completeness, second: Completeness, gate: np.ndarray) -> Channel:
    """One day against its forecast; on early mornings against the least that the feed's lateness leaves possible."""
    up, down = explained(e.residual, panel.days)
    _, high28 = extremes_back(e.observed, 2, 29)
    middle = e.middle
    raw_up, raw_down = explained(e.observed - high28, panel.days)[0], both_ways(e.observed - middle)[1]
    early, raw_early = {}, {}
    known_up, known_down = recurring(e.residual, panel.days)
    for morning, seen, share in ((1, panel.first_cost, first), (2, panel.second_cost, second)):
        with np.errstate(divide="ignore", invalid="ignore"):
            most, least = to_log(seen / share.at_most, e.scale), to_log(seen / share.at_least, e.scale)
        high, low = most - e.expected, least - e.expected
        rise = np.where(high > 1.2 * known_up + 0.05, high, 0)
        fall = np.where(-low > -1.2 * known_down + 0.05, -low, 0)
        early[morning] = (np.nan_to_num(np.maximum(rise, 0)), np.nan_to_num(np.maximum(fall, 0)))
        raw_early[morning] = (both_ways(most - high28)[0], both_ways(least - middle)[1])
    raw = Channel("range", raw_up, raw_down, 1, 0.08, 0.08, 1.1, early=raw_early)
    noise = 4.5 * e.scatter
    return Channel(
        "cost", up, down, 1, 0.18, 0.2, 1.45, early=early, within=raw, gate=gate, noise=noise, ease=support(panel, e)
    )


def shift_channel(panel: Panel, e: Expectation, span: int, least: float, margin: float, gate: np.ndarray) -> Channel:
    """The middle of the last days against four weeks before them: steps too small for one day to show."""
    now = median_of([back(e.plain, d) for d in range(span)])
    before, earlier = median_back(e.plain, span, span + 27), median_back(e.plain, span + 28, span + 55)
    up, down = explained(now - before, panel.days)
    up, down = np.minimum(up, np.maximum(now - earlier, 0)), np.minimum(down, np.maximum(earlier - now, 0))
    middle = median_of([back(e.observed, d) for d in range(span)])
    low28, high28 = extremes_back(middle, span, span + 27)
    down = down if span < 7 else np.zeros_like(down)
    within = Channel(f"range{span}", both_ways(middle - high28)[0], both_ways(middle - low28)[1], span, 0.05, 0.2, 1.1)
    return Channel(
        f"shift{span}",
        up,
        down,
        span,
        least,
        max(0.4, least),
        margin,
        memory=28 + span,
        gate=gate,
        within=within,
        noise=(3.0 if span < 7 else 2.5) * e.scatter,
    )


def ramp_channel(panel: Panel, e: Expectation, gate: np.ndarray) -> Channel:
    """This week against three to five weeks ago, less what the weeks before had grown; rows growing too is business."""
    now = median_of([back(e.plain, d) for d in range(7)])
    change = now - np.maximum(median_back(e.plain, 18, 38), median_back(e.plain, 39, 66))
    change = change - np.maximum(back(change, 21), 0)
    week, fortnight = (
        median_of([back(e.plain, d) for d in range(7, 14)]),
        median_of([back(e.plain, d) for d in range(14, 21)]),
    )
    steady = (now - week > 0.2 * change) & (week - fortnight > 0.2 * change)
    up = np.where(steady & ~rows_grow(panel, 7, change), np.maximum(change, 0), 0)
    noise = 3.0 * e.scatter
    return Channel("ramp", up, np.zeros_like(change), 7, 0.3, 9.0, 1.5, memory=45, gate=gate, noise=noise)


def rows_grow(panel: Panel, span: int, change: np.ndarray) -> np.ndarray:
    """Whether at least half of a lasting change is a change of the number of lines too."""
    rows = np.log1p(carry_week(panel.rows))
    growth = median_of([back(rows, d) for d in range(span)]) - median_back(rows, span, span + 27)
    return (change > 0) & (growth > 0.5 * change)


def price_channel(panel: Panel, e: Expectation) -> Channel:
    """Cost per unit of usage against its last two weeks, on days that cost something."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(panel.cost / panel.usage)
    weighty = np.isfinite(ratio) & (np.abs(e.filled) > 8 * e.scale)
    level = carry(np.where(weighty, ratio, np.nan))
    change = np.where(weighty, level - median_back(level, 1, 14), 0.0)
    up, down = both_ways(change)
    noise = 6 * 1.48 * median_of([back(np.abs(np.nan_to_num(change)), days) for days in range(3, 63, 2)])
    return Channel("price", up, down, 1, 0.03, 0.03, 1.8, memory=15, sharp=True, noise=noise, gate=weighty)


def carry(values: np.ndarray) -> np.ndarray:
    """Fill gaps with the last value known."""
    index = np.where(np.isfinite(values), np.arange(values.shape[1])[None, :], 0)
    return np.take_along_axis(values, np.maximum.accumulate(index, axis=1), axis=1)


def sums_channel(e: Expectation, span: int, gate: np.ndarray) -> Channel:
    """For intermittent series: the sum of the last days against the largest such sum so far."""
    sign = np.where(e.filled < 0, 0, e.filled)
    usual = back(running_mean(sign, 120), span + 2) + 1e-9
    now = running_mean(sign, span)
    change = np.log1p(now / (0.1 * usual)) - np.log1p(10.0)
    return Channel(
        f"sum{span}",
        np.maximum(change, 0),
        np.zeros_like(change),
        span,
        0.5,
        9.0,
        1.15,
        memory=span,
        gate=gate,
        rare=1000,
    )


def log_rows(panel: Panel) -> np.ndarray:
    """Log row counts against their middle of four weeks."""
    rows = np.log1p(carry_week(panel.rows))
    return rows - median_back(rows, 2, 29)


def rows_residual(panel: Panel) -> np.ndarray:
    """Log of the row count against the same weekdays or the last days before, whichever is closer."""
    rows = np.log1p(carry_week(panel.rows))
    by_weekday, by_recent = rows - median_of([back(rows, 7 * w) for w in range(1, 6)]), rows - median_back(rows, 1, 7)
    return np.where(np.abs(by_weekday) < np.abs(by_recent), by_weekday, by_recent)


def twice_gate(panel: Panel) -> np.ndarray:
    """Ingested twice: an even number of rows, for one."""
    return np.isfinite(panel.rows) & (panel.rows >= 2) & (panel.rows % 2 == 0)


def novelty(cost: np.ndarray, rows: np.ndarray, shift: float, gate: np.ndarray) -> np.ndarray:
    """How far a day's (cost, rows), both lowered by `shift`, lies from the second nearest of four months."""
    out = np.zeros(cost.shape)
    row, day = np.nonzero(gate)
    window = np.arange(-122, -2)[None, :]
    for start in range(0, len(row), 4096):
        r, d = row[start : start + 4096, None], day[start : start + 4096, None]
        past = np.maximum(d + window, 0)
        apart = np.maximum(np.abs(cost[r, past] - cost[r, d] + shift), np.abs(rows[r, past] - rows[r, d] + shift))
        apart = np.where(d + window >= 14, apart, 9.0)
        out[r[:, 0], d[:, 0]] = np.partition(apart, 1, axis=1)[:, 1]
    return out


def twice_channel(panel: Panel, e: Expectation) -> Channel:
    """Ingested twice: even rows, a day unlike any before, while half its cost and rows is like many a day."""
    rows = np.log1p(carry_week(panel.rows))
    double = np.log(2.0)
    many = (rows - median_back(rows, 2, 29) > 0.25) | (rows_residual(panel) > 0.5 * double)
    half = novelty(e.observed, rows, double, many)
    alone = np.where(many & (half < 0.16), novelty(e.observed, rows, 0.0, many) - half, 0)
    alone = np.maximum(alone, 0)
    next_cost, next_rows = ahead(e.newest, 1), ahead(np.log1p(carry_week(panel.second_rows)), 1)
    lasts = (np.abs(next_cost - e.observed) < 0.16) & (np.abs(next_rows - rows) < 0.16)
    noise = np.where(e.bursty, 0.0, 2.5 * e.scatter) + np.where(e.intermittent, 0.4, 0.0)
    gate = twice_gate(panel) & ~lasts
    none = np.zeros_like(alone)
    return Channel("twice", alone, none, 1, 0.2, 9.0, 1.1, gate=gate, sharp=True, rare=0, noise=noise, wait=1)


def zero_channel(panel: Panel, e: Expectation, first: Completeness, second: Completeness) -> Channel:
    """Next to nothing where there was always something: lower than a fifth of the low days of two months."""
    size = np.abs(e.filled)
    low = low_back(size, 2, 61, rank=6)
    kept = low > 0.5
    deep = np.exp(np.maximum(4 * e.scatter, 0.8))
    nothing = (low + e.scale) / deep - e.scale
    lacking = kept & (size < np.minimum(nothing, 0.2 * low))
    starts = (lacking & ~back(lacking, 1)).astype(float)
    seldom = back(running_mean(starts, 90), 4) * 90 < 1.5

    def lack(seen: np.ndarray) -> np.ndarray:
        less = np.nan_to_num(seen, nan=np.inf) < np.minimum(nothing, 0.2 * low)
        return np.where(kept & seldom & less, 2.0, 0.0)

    early = {1: (np.zeros_like(size), lack(np.abs(panel.first_cost) / first.at_least))}
    early[2] = (np.zeros_like(size), lack(np.abs(panel.second_cost) / second.at_least))
    return Channel(
        "zero", np.zeros_like(size), lack(np.abs(panel.cost)), 1, 9.0, 1.0, 0.0, early=early, sharp=True, rare=0
    )


def missing_channel(panel: Panel, first: Completeness, second: Completeness) -> Channel:
    """No row on a day, of a series that has one every day; at once where the feed's lateness is known."""
    present = np.isfinite(panel.cost)
    inside = np.arange(present.shape[1])[None, :] < panel.length[:, None]
    regular = back(running_mean(present.astype(float), 56), 1) > 0.94
    gone = np.where(~present & inside & regular, 9.0, 0.0)
    none = np.zeros_like(gone)
    early = {
        1: (none, np.where(np.isfinite(panel.first_cost) | ~first.known, 0, gone)),
        2: (none, np.where(np.isfinite(panel.second_cost) | ~second.known, 0, gone)),
    }
    return Channel("missing", none, gone, 1, 99.0, 1.0, 0.0, early=early, sharp=True, rare=0)


def watched(panel: Panel, e: Expectation, first: Completeness, second: Completeness) -> list[Channel]:
    """All channels, the one whose band is shown first."""
    often = e.intermittent
    steady = ~often
    calm = steady & ~e.bursty
    return [
        cost_channel(panel, e, first, second, steady),
        shift_channel(panel, e, 3, 0.15, 1.4, calm),
        shift_channel(panel, e, 7, 0.12, 1.5, calm),
        ramp_channel(panel, e, calm),
        price_channel(panel, e),
        sums_channel(e, 1, often),
        twice_channel(panel, e),
        new_channel(panel, e),
        *envelope_channels(panel, e),
        zero_channel(panel, e, first, second),
        missing_channel(panel, first, second),
    ]


def run_channel(e: Expectation, gate: np.ndarray) -> Channel:
    """For intermittent series: days in a row with cost, against the longest such run."""
    active = np.abs(e.filled) > 0.6 * e.scale
    run = np.zeros(active.shape)
    for day in range(1, active.shape[1]):
        run[:, day] = np.where(active[:, day], run[:, day - 1] + 1, 0)
    up = np.log1p(run)
    return Channel("run", up, np.zeros_like(up), 1, np.log1p(4), 9.0, 1.5, memory=20, gate=gate, rare=20)


def above_envelope(value: np.ndarray, given: np.ndarray, slack: float, gate: np.ndarray) -> np.ndarray:
    """How far a value exceeds the second largest seen while the other measure was no higher than now."""
    out = np.zeros(value.shape)
    row, day = np.nonzero(gate)
    days = np.arange(value.shape[1])[None, :]
    for start in range(0, len(row), 4096):
        r, d = row[start : start + 4096], day[start : start + 4096]
        like = (given[r] <= given[r, d, None] + slack) & (days >= 14) & (days < d[:, None] - 2)
        top = np.partition(np.where(like, value[r], -99.0), -2, axis=1)[:, -2]
        enough = like.sum(axis=1) >= 15
        out[r, d] = np.where(enough, np.maximum(value[r, d] - np.maximum(top, 0), 0), 0)
    return out


def envelope_channels(panel: Panel, e: Expectation) -> list[Channel]:
    """Cost that its rows do not tell: a burst brings lines, a wrong setting does not."""
    cost = e.observed - e.middle
    rows = log_rows(panel)
    unknown = explained(e.residual, panel.days)[0] > 0.3
    high = (e.bursty | e.intermittent) & (cost > 0.3) & (rows < 0.25) & unknown
    none = np.zeros_like(cost)
    return [
        Channel("given_rows", above_envelope(cost, rows, 0.05, high), none, 1, 0.55, 9.0, 1.6, gate=high),
    ]


def new_channel(panel: Panel, e: Expectation) -> Channel:
    """A line that was about nothing for all its past, and now is something."""
    size = np.abs(e.filled)
    most = back(np.maximum.accumulate(size, axis=1), 1)
    change = np.log((size + 1e-9) / (20 * most + 1.0))
    change = np.where(np.arange(size.shape[1])[None, :] >= 40, change, 0)
    return Channel(
        "new", np.maximum(change, 0), np.zeros_like(change), 1, 0.05, 9.0, 1.0, memory=45, sharp=True, rare=0
    )
