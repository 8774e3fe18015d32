"""Channels of spending: spikes, steps, drops, ramps, prices and new lines, as log changes."""

from functools import cache

import numpy as np

from finops_pipeline.detect.beside_rows import BesideRows, rows_follow, untold
from finops_pipeline.detect.channel import Channel, both_ways
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation, to_log
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.recurring import Calendar, Pair, Recurring, beyond
from finops_pipeline.detect.windows import back, extremes_back, low_back, median_at, median_back, running_mean

LEAST_PRICE = 0.03
"""Change of a price, as a logarithm, that anyone may be told of."""
YOUNG = 56
"""Days in which weekdays are hardly known."""


def cost_channel(
    panel: Panel, e: Expectation, calendar: Calendar, first: Completeness, second: Completeness,
    beside: BesideRows, gate: np.ndarray,
) -> Channel:  # fmt: skip
    """One day against its forecast; on early mornings against the least that the feed's lateness leaves possible."""
    _, high28 = extremes_back(e.observed, 2, 29)
    over = e.observed - high28
    # below zero is a credit, and no fall of what is used
    credited = panel.cost < 0
    recurs, over_recurs = Recurring(e.residual, calendar), Recurring(over, calendar)
    up, down = beyond(e.residual, recurs.before())
    raw_up, raw_down = beyond(over, over_recurs.before())[0], both_ways(e.observed - e.middle)[1]
    down = np.where(credited, 0, down)
    # a holiday costs nothing: a fall is told on its second day, by what the day before it made likely
    fell, likely = back(down, 1), back(e.expected - e.profile, 1) + e.profile
    down = np.minimum(fell, np.maximum(down, likely - e.observed))
    early, raw_early = {}, {}
    waits = np.flatnonzero(panel.late.any(axis=1))
    recurs_late = recurs.part(waits)
    fell_before = fell[waits]
    # on a day's first morning the day before is seen for the second time
    for morning, seen, share, least_share in (
        (2, panel.second_cost, second, second.at_least),
        (1, panel.first_cost, first, first.likely_least),
    ):
        most, least = to_log(seen / share.at_most, e.scale), to_log(seen / least_share, e.scale)
        rise, fall = up.copy(), down.copy()
        high, low = (most - e.expected)[waits], (least - e.expected)[waits]
        known = recurs_late.before(high, low)
        rise[waits] = beyond(high, known)[0]
        lower = beyond(low, known)[1]
        fall[waits] = np.minimum(fell_before, np.maximum(lower, np.nan_to_num(likely - least)[waits]))
        fell_before = back(np.nan_to_num(lower), 1)
        early[morning] = (np.nan_to_num(rise), np.where(seen < 0, 0, np.nan_to_num(fall)))
        raw_early[morning] = (both_ways(most - high28)[0], both_ways(least - e.middle)[1])
    raw = Channel(
        "range", raw_up, raw_down, 1, 0.08, 0.08, 1.1, early=raw_early,
        hindsight=cache(lambda: (beyond(over, over_recurs.in_hindsight())[0], raw_down)),
    )  # fmt: skip
    return Channel(
        "cost", up, down, 1, 0.18, 0.2, 1.45, early=early, within=raw, gate=gate, noise=4.5 * e.scatter,
        ease=cache(beside.ease),
        hindsight=cache(lambda: relearnt(e, beyond(e.residual, recurs.in_hindsight()))),
    )  # fmt: skip


def relearnt(e: Expectation, known: Pair) -> Pair:
    """What surprised in the first weeks, when weekdays were hardly known, less what they turned out to be."""
    young = np.arange(e.observed.shape[1])[None, :] < YOUNG
    up, down = both_ways(e.observed - median_at(e.observed, (-28, -21, -14, -7, 7, 14, 21, 28)))
    return np.where(young, np.minimum(known[0], up), known[0]), np.where(young, np.minimum(known[1], down), known[1])


def shift_channel(
    panel: Panel,
    e: Expectation,
    calendar: Calendar,
    span: int,
    least: float,
    margin: float,
    gate: np.ndarray,
) -> Channel:
    """The middle of the last days against four weeks before them: steps too small for one day to show."""
    now = median_at(e.plain, range(span))
    before, earlier = median_back(e.plain, span, span + 27), median_back(e.plain, span + 28, span + 55)
    up, down = beyond(now - before, Recurring(now - before, calendar).before())
    up, down = np.minimum(up, np.maximum(now - earlier, 0)), np.minimum(down, np.maximum(earlier - now, 0))
    up, down = untold(panel, span, up, down)
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


def weeks_channel(panel: Panel, e: Expectation, gate: np.ndarray) -> Channel:
    """Six of the last seven days lie off what the weeks before showed on the same weekdays: no holiday does that.

    What a weekday usually costs may differ by multiples: a week that keeps its shape at half the height lies within
    what other days of the last month have cost.
    """
    usual = median_at(e.observed, range(7, 35, 7))
    off, longer = e.observed - usual, e.observed - median_at(e.observed, range(7, 63, 7))
    (low, high), (longer_low, longer_high) = extremes_back(off, 0, 6), extremes_back(longer, 0, 6)
    up, down = np.maximum(np.minimum(low, longer_low), 0), np.maximum(-np.maximum(high, longer_high), 0)
    up, down = untold(panel, 7, up, down)
    size = np.abs(off)
    noise = 3 * np.maximum(1.48 * median_at(size, range(3, 63, 2)), back(running_mean(size, 56), 7))
    return Channel("weeks", up, down, 7, 0.15, 0.25, 1.5, memory=35, gate=gate, noise=noise, usual=usual)


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
    up = np.where(steady & ~rows_follow(panel, 7, change), np.maximum(change, 0), 0)
    noise = 3.0 * e.scatter
    return Channel("ramp", up, np.zeros_like(change), 7, 0.3, 9.0, 1.5, memory=45, gate=gate, noise=noise, gap=14)


def climb_channel(panel: Panel, e: Expectation, gate: np.ndarray) -> Channel:
    """Seventeen of three weeks' days cost more than the same weekday a week before: only growth does that."""
    change = e.observed - back(e.observed, 7)
    least = np.maximum(low_back(change, 0, 20, rank=5), 0)
    # what it grew by in the weeks before it will grow by again; rows growing too is business
    up = np.maximum(least - np.maximum(median_back(change, 21, 41), 0), 0)
    up = np.where(rows_follow(panel, 7, 2 * least), 0, up)
    return Channel(
        "climb", up, np.zeros_like(up), 28, 0.03, 9.0, 1.5, memory=45, gate=gate, noise=0.2 * e.scatter, gap=14,
    )  # fmt: skip


def price_channel(panel: Panel, e: Expectation) -> Channel:
    """Cost per unit of usage against its last two weeks, on days that cost something."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(panel.cost / panel.usage)
    weighty = np.isfinite(ratio) & (np.abs(e.filled) > 8 * e.scale)
    level = carry(np.where(weighty, ratio, np.nan))
    change = np.where(weighty, level - median_back(level, 1, 14), 0.0)
    up, down = both_ways(change)
    gate = weighty & ~charged_before(level, change, weighty)
    noise = 6 * 1.48 * median_at(np.abs(np.nan_to_num(change)), range(3, 63, 2))
    unsure = weighty & ~np.isfinite(back(level, 77))
    return Channel(
        "price",
        up,
        down,
        1,
        LEAST_PRICE,
        0.15,
        1.8,
        memory=15,
        sharp=True,
        noise=noise,
        gate=gate,
        unsure=unsure,
        weighed=False,
    )


def charged_before(level: np.ndarray, change: np.ndarray, gate: np.ndarray) -> np.ndarray:
    """Where a changed price is nearer to one of the last four months than to the usual one: it is back, not new."""
    out = np.zeros(level.shape, bool)
    row, day = np.nonzero(gate & (np.abs(change) > LEAST_PRICE))
    window = np.arange(-120, -14)[None, :]
    for start in range(0, len(row), 4096):
        r, d = row[start : start + 4096, None], day[start : start + 4096, None]
        off = np.abs(level[r, d] - level[r, np.maximum(d + window, 0)])
        nearest = np.where((d + window >= 0) & np.isfinite(off), off, np.inf).min(axis=1, keepdims=True)
        out[r, d] = nearest < 0.5 * np.abs(change[r, d])
    return out


def carry(values: np.ndarray) -> np.ndarray:
    """Fill gaps with the last value known."""
    index = np.where(np.isfinite(values), np.arange(values.shape[1])[None, :], 0)
    return np.take_along_axis(values, np.maximum.accumulate(index, axis=1), axis=1)


def sums_channels(panel: Panel, e: Expectation, second: Completeness, often: np.ndarray) -> list[Channel]:
    """The sum of the last days against the largest such sum so far: days of sparse series, weeks of bursty ones too."""
    cost = np.where(e.filled < 0, 0, e.filled)
    channels = []
    for span, gate, least, margin, rare in ((1, often, 0.5, 1.15, 1000), (7, often | e.bursty, 1.2, 1.6, 3000)):
        usual = back(running_mean(cost, 120), span + 2) + 1e-9
        none = np.zeros_like(cost)

        def rise(mean: np.ndarray, usual: np.ndarray = usual) -> np.ndarray:
            return np.maximum(np.log1p(mean / (0.1 * usual)) - np.float32(np.log1p(10.0)), 0)

        # one day of a late feed is at least what its second morning shows
        seen = np.nan_to_num(np.maximum(panel.second_cost / second.at_most, 0))
        early = {2: (rise(seen), none)} if span == 1 else {}
        up = rise(running_mean(cost, span))
        channels.append(
            Channel(
                f"sum{span}", up, none, span, least, 9.0, margin,
                memory=span, early=early, gate=gate, rare=rare, weighed=span > 1,
            )
        )  # fmt: skip
    return channels


def new_channel(panel: Panel, e: Expectation) -> Channel:
    """A line that was about nothing for all its past, and now is something."""
    size = np.abs(e.filled)
    first, second = (np.abs(np.nan_to_num(seen)) for seen in (panel.first_cost, panel.second_cost))
    largest = np.maximum.accumulate(size, axis=1)
    old = np.arange(size.shape[1])[None, :] >= 40
    none = np.zeros_like(size)

    def rise(cost: np.ndarray, most: np.ndarray) -> np.ndarray:
        return np.where(old, np.maximum(np.log((cost + 1e-9) / (20 * most + 1.0)), 0), 0)

    # what a late feed shows is at least there; yesterday it shows for the second time
    until_now = np.maximum(back(largest, 2), back(second, 1))
    early = {1: (rise(first, until_now), none), 2: (rise(second, back(largest, 1)), none)}
    up = rise(size, back(largest, 1))
    return Channel("new", up, none, 1, 0.05, 9.0, 1.0, memory=45, early=early, sharp=True, rare=0, weighed=False)
