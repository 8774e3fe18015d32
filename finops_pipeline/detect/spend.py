"""Channels of spending: spikes, steps, drops, ramps, prices and new lines, as log changes."""

from functools import cache

import numpy as np

from finops_pipeline.detect.channel import Channel, both_ways
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation, to_log
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.recurring import Calendar, Pair, Recurring, beyond
from finops_pipeline.detect.windows import back, extremes_back, median_at, median_back, running_mean

YOUNG = 56
"""Days in which weekdays are hardly known."""


def cost_channel(
    panel: Panel, e: Expectation, calendar: Calendar, first: Completeness, second: Completeness, gate: np.ndarray
) -> Channel:
    """One day against its forecast; on early mornings against the least that the feed's lateness leaves possible."""
    _, high28 = extremes_back(e.observed, 2, 29)
    over = e.observed - high28
    # below zero is a credit, and no fall of what is used
    credited = panel.cost < 0
    recurs, over_recurs = Recurring(e.residual, calendar), Recurring(over, calendar)
    up, down = beyond(e.residual, recurs.before())
    raw_up, raw_down = beyond(over, over_recurs.before())[0], both_ways(e.observed - e.middle)[1]
    down = np.where(credited, 0, down)
    early, raw_early = {}, {}
    waits = np.flatnonzero(panel.late.any(axis=1))
    recurs_late = recurs.part(waits)
    for morning, seen, share in ((1, panel.first_cost, first), (2, panel.second_cost, second)):
        most, least = to_log(seen / share.at_most, e.scale), to_log(seen / share.at_least, e.scale)
        rise, fall = up.copy(), down.copy()
        high, low = (most - e.expected)[waits], (least - e.expected)[waits]
        known = recurs_late.before(high, low)
        rise[waits] = beyond(high, known)[0]
        # what a first look lacks comes later more often than not: a late feed's fall waits for the second
        fall[waits] = beyond(low, known)[1] if morning > 1 else np.where(panel.late[waits], 0, fall[waits])
        early[morning] = (np.nan_to_num(rise), np.where(seen < 0, 0, np.nan_to_num(fall)))
        raw_early[morning] = (both_ways(most - high28)[0], both_ways(least - e.middle)[1])
    raw = Channel(
        "range", raw_up, raw_down, 1, 0.08, 0.08, 1.1, early=raw_early,
        hindsight=cache(lambda: (beyond(over, over_recurs.in_hindsight())[0], raw_down)),
    )  # fmt: skip
    return Channel(
        "cost", up, down, 1, 0.18, 0.2, 1.45, early=early, within=raw, gate=gate, noise=4.5 * e.scatter,
        ease=cache(lambda: support(panel, e)),
        hindsight=cache(lambda: relearnt(e, beyond(e.residual, recurs.in_hindsight()))),
    )  # fmt: skip


def relearnt(e: Expectation, known: Pair) -> Pair:
    """What surprised in the first weeks, when weekdays were hardly known, less what they turned out to be."""
    young = np.arange(e.observed.shape[1])[None, :] < YOUNG
    up, down = both_ways(e.observed - median_at(e.observed, (-28, -21, -14, -7, 7, 14, 21, 28)))
    return np.where(young, np.minimum(known[0], up), known[0]), np.where(young, np.minimum(known[1], down), known[1])


def support(panel: Panel, e: Expectation) -> np.ndarray:
    """What the rows say of a rise in cost where the two have gone together: above 1 means business as usual."""
    weekly = lambda v: v - median_at(v, range(7, 35, 7))  # noqa: E731
    cost, rows = weekly(e.observed), weekly(panel.log_rows)
    x, y = np.clip(cost, -0.7, 0.7), np.clip(rows, -0.7, 0.7)
    past = lambda v: back(running_mean(v, 120), 3) + 1e-9  # noqa: E731
    xy, xx, yy = past(x * y), past(x * x), past(y * y)
    together, beta = xy / np.sqrt(xx * yy), xy / xx
    spread = np.sqrt(np.maximum(yy - beta * xy, 1e-5))
    off = np.abs(rows - beta * cost) / spread
    ease = np.where(together < 0.75, 1.0, np.where(off < 2.5, 1.4, np.where(off > 4, 0.85, 1.0)))
    return ease.astype(cost.dtype)


def shift_channel(
    e: Expectation, calendar: Calendar, span: int, least: float, margin: float, gate: np.ndarray
) -> Channel:
    """The middle of the last days against four weeks before them: steps too small for one day to show."""
    now = median_at(e.plain, range(span))
    before, earlier = median_back(e.plain, span, span + 27), median_back(e.plain, span + 28, span + 55)
    up, down = beyond(now - before, Recurring(now - before, calendar).before())
    up, down = np.minimum(up, np.maximum(now - earlier, 0)), np.minimum(down, np.maximum(earlier - now, 0))
    middle = median_at(e.observed, range(span))
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
    now = median_at(e.plain, range(7))
    change = now - np.maximum(median_back(e.plain, 18, 38), median_back(e.plain, 39, 66))
    change = change - np.maximum(back(change, 21), 0)
    week, fortnight = (
        median_at(e.plain, range(7, 14)),
        median_at(e.plain, range(14, 21)),
    )
    steady = (now - week > 0.2 * change) & (week - fortnight > 0.2 * change)
    up = np.where(steady & ~rows_grow(panel, 7, change), np.maximum(change, 0), 0)
    noise = 3.0 * e.scatter
    return Channel("ramp", up, np.zeros_like(change), 7, 0.3, 9.0, 1.5, memory=45, gate=gate, noise=noise, gap=14)


def rows_grow(panel: Panel, span: int, change: np.ndarray) -> np.ndarray:
    """Whether at least half of a lasting change is a change of the number of lines too."""
    rows = panel.log_rows
    growth = median_at(rows, range(span)) - median_back(rows, span, span + 27)
    return (change > 0) & (growth > 0.5 * change)


def price_channel(panel: Panel, e: Expectation) -> Channel:
    """Cost per unit of usage against its last two weeks, on days that cost something."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(panel.cost / panel.usage)
    weighty = np.isfinite(ratio) & (np.abs(e.filled) > 8 * e.scale)
    level = carry(np.where(weighty, ratio, np.nan))
    change = np.where(weighty, level - median_back(level, 1, 14), 0.0)
    up, down = both_ways(change)
    noise = 6 * 1.48 * median_at(np.abs(np.nan_to_num(change)), range(3, 63, 2))
    unsure = weighty & ~np.isfinite(back(level, 77))
    return Channel(
        "price", up, down, 1, 0.03, 0.25, 1.8, memory=15, sharp=True, noise=noise, gate=weighty, unsure=unsure
    )


def carry(values: np.ndarray) -> np.ndarray:
    """Fill gaps with the last value known."""
    index = np.where(np.isfinite(values), np.arange(values.shape[1])[None, :], 0)
    return np.take_along_axis(values, np.maximum.accumulate(index, axis=1), axis=1)


def sums_channels(e: Expectation, often: np.ndarray) -> list[Channel]:
    """The sum of the last days against the largest such sum so far: days of sparse series, weeks of bursty ones too."""
    cost = np.where(e.filled < 0, 0, e.filled)
    channels = []
    for span, gate, least, margin, rare in ((1, often, 0.5, 1.15, 1000), (7, often | e.bursty, 1.0, 1.6, 3000)):
        usual = back(running_mean(cost, 120), span + 2) + 1e-9
        change = np.log1p(running_mean(cost, span) / (0.1 * usual)) - float(np.log1p(10.0))
        up, none = np.maximum(change, 0), np.zeros_like(change)
        channels.append(Channel(f"sum{span}", up, none, span, least, 9.0, margin, memory=span, gate=gate, rare=rare))
    return channels


def envelope_channels(panel: Panel, e: Expectation, cost_up: np.ndarray) -> list[Channel]:
    """Cost that its rows do not tell: a burst brings lines, a wrong setting does not."""
    cost = e.observed - e.middle
    rows = log_rows(panel)
    unknown = cost_up > 0.3
    usual = e.observed > extremes_back(e.observed, 2, 29)[1] - 0.3
    high = (e.bursty | e.intermittent) & (cost > 0.3) & (rows < 0.25) & unknown & usual
    none = np.zeros_like(cost)
    above = above_envelope(cost, rows, 0.05, high)
    return [Channel("given_rows", above, none, 1, 0.55, 9.0, 1.6, gate=high, unsure=high)]


def above_envelope(value: np.ndarray, given: np.ndarray, slack: float, gate: np.ndarray) -> np.ndarray:
    """How far a value exceeds the second largest seen while the other measure was no higher than now."""
    out = np.zeros_like(value)
    row, day = np.nonzero(gate)
    days = np.arange(value.shape[1])[None, :]
    for start in range(0, len(row), 4096):
        r, d = row[start : start + 4096], day[start : start + 4096]
        like = (given[r] <= given[r, d, None] + slack) & (days >= 14) & (days < d[:, None] - 2)
        top = np.partition(np.where(like, value[r], -99.0), -2, axis=1)[:, -2]
        enough = like.sum(axis=1) >= 15
        out[r, d] = np.where(enough, np.maximum(value[r, d] - np.maximum(top, 0), 0), 0)
    return out


def log_rows(panel: Panel) -> np.ndarray:
    """Log row counts against their middle of four weeks."""
    rows = panel.log_rows
    return rows - median_back(rows, 2, 29)


def new_channel(panel: Panel, e: Expectation) -> Channel:
    """A line that was about nothing for all its past, and now is something."""
    size = np.abs(e.filled)
    most = back(np.maximum.accumulate(size, axis=1), 1)
    change = np.log((size + 1e-9) / (20 * most + 1.0))
    change = np.where(np.arange(size.shape[1])[None, :] >= 40, change, 0)
    return Channel(
        "new", np.maximum(change, 0), np.zeros_like(change), 1, 0.05, 9.0, 1.0, memory=45, sharp=True, rare=0
    )
