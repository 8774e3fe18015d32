"""Lines, weekdays, earlier prices and earlier looks speak for or against an alarm beside the cost of one day."""

import numpy as np
import pyarrow as pa

from finops_pipeline.detect.findings import Finding, detect, judge
from finops_pipeline.detect.panel import panel_of

DAYS = 250
DATES = np.datetime64("2025-03-03") + np.arange(DAYS)


def found(cost: np.ndarray, rows: np.ndarray | None = None, **columns: np.ndarray) -> list[Finding]:
    lines = np.full(DAYS, 40.0) if rows is None else rows
    table = {"series_id": ["s"] * DAYS, "date": pa.array(DATES), "cost": cost, "rows": lines}
    return detect(pa.table(table | columns))


def business() -> tuple[np.ndarray, np.ndarray]:
    """Work that comes and goes by itself: what costs more has more lines."""
    work = np.random.default_rng(1).lognormal(0, 0.3, DAYS)
    return 200 * work, np.round(400 * work)


def test_a_rise_that_the_lines_show_too_is_business() -> None:
    cost, rows = business()
    cost[200:205] *= 2.6
    rows[200:205] = np.round(2.6 * rows[200:205])
    assert found(cost, rows) == []


def test_a_rise_that_the_lines_do_not_show_stands_out_of_less_noise() -> None:
    cost, rows = business()
    cost[200] = 420
    rows[200] = 400
    # it lies within what the cost by itself shows every week
    assert (cost[:200] > 400).any()
    assert [(str(f.date), f.kind) for f in found(cost, rows)] == [(str(DATES[200]), "spike")]


def test_a_day_off_is_told_by_nobody_and_a_fall_on_its_second_day() -> None:
    cost = 100 * np.random.default_rng(2).normal(1, 0.02, DAYS)
    cost[150] = 40
    assert found(cost) == []
    cost[200:230] = 40
    assert [(f.date, f.as_of, f.direction) for f in found(cost)][:1] == [(DATES[201], DATES[202], "down")]


def test_a_week_that_keeps_its_shape_at_a_lower_height_is_a_fall() -> None:
    weekend = (DATES.astype(int) + 3) % 7 >= 5
    cost = np.where(weekend, 260, 690) * np.random.default_rng(4).normal(1, 0.03, DAYS)
    for day_off in (40, 83, 118, 152):
        cost[day_off : day_off + 2] = 250
    start = int(np.flatnonzero(weekend & (np.arange(DAYS) > 200))[0])
    cost[start : start + 25] *= 0.52
    falls = [f for f in found(cost) if DATES[start] <= f.date < DATES[start + 14]]
    assert [f.direction for f in falls] == ["down"]


def test_a_day_between_two_halves_of_it_came_twice_whatever_the_series_has_cost_before() -> None:
    machines = np.repeat(np.random.default_rng(9).choice([2, 4, 8, 16], DAYS // 10), 10)
    cost, rows = machines * np.random.default_rng(10).normal(100, 1, DAYS), machines * 10.0
    assert [f for f in found(cost, rows) if f.kind == "duplicated"] == []
    day = int(np.flatnonzero((machines == 4) & (np.arange(DAYS) > 150) & (np.arange(DAYS) % 10 == 5))[0])
    cost[day], rows[day] = 2 * cost[day], 2 * rows[day]
    told = [(f.date, f.as_of) for f in found(cost, rows) if f.kind == "duplicated"]
    assert told == [(DATES[day], DATES[day + 2])]


def test_a_price_that_comes_back_is_not_new() -> None:
    usage = 400 * np.random.default_rng(5).lognormal(0, 0.1, DAYS)
    price = np.ones(DAYS)
    price[150:175] = 0.7
    assert [(f.kind, f.direction) for f in found(usage * price, usage=usage)] == [("price", "down")]


def test_an_empty_second_look_is_believed_where_second_looks_show_most_of_a_day() -> None:
    cost = 100 * np.random.default_rng(6).normal(1, 0.02, DAYS)
    for least, lag in ((0.3, []), (0.9, [2])):
        second = np.random.default_rng(7).uniform(least, 1, DAYS)
        second[200] = 0
        looks = {"cost_lag1": cost * second * 0.5, "cost_lag2": cost * second}
        views = pa.table({"series_id": ["s"] * DAYS, "date": pa.array(DATES)} | looks)
        table = pa.table({"series_id": ["s"] * DAYS, "date": pa.array(DATES), "cost": cost})
        told = [f for f in detect(table, views) if f.kind == "zero"]
        assert [int((f.as_of - f.date).astype(int)) for f in told] == lag


def test_nothing_is_raised_on_days_after_the_last() -> None:
    random = np.random.default_rng(8)
    cost = np.where(random.random(DAYS) < 0.2, random.uniform(15, 25, DAYS), 0)
    # what stands in for a day without a row is a week before it
    cost[-6] = 400
    longer = {"series_id": ["t"] * (DAYS + 60), "date": pa.array(DATES[0] + np.arange(DAYS + 60))}
    longer |= {"cost": np.full(DAYS + 60, 100.0)}
    table = pa.table({"series_id": ["s"] * DAYS, "date": pa.array(DATES), "cost": cost})
    raised = judge(panel_of(pa.concat_tables([table, pa.table(longer)]))).raised
    assert len(raised) > 0
    assert raised["day"].max() < DAYS


def test_three_weeks_that_each_cost_a_little_more_are_growth_however_much_weekdays_differ() -> None:
    weekday = (DATES.astype(int) + 3) % 7
    cost = np.array([100, 180, 140, 220, 90, 40, 60])[weekday] * np.random.default_rng(8).normal(1, 0.08, DAYS)
    assert found(cost) == []
    cost[190:218] *= np.linspace(1, 1.6, 28)
    cost[218:] *= 1.6
    assert "ramp" in {f.kind for f in found(cost) if DATES[190] <= f.date < DATES[218]}


def second_look(cost: np.ndarray, rows: np.ndarray, first: float | np.ndarray, second: float) -> list[Finding]:
    """Findings where every day shows so much of itself on its first and second morning."""
    table = {"series_id": ["s"] * DAYS, "date": pa.array(DATES)}
    looks = {
        "cost_lag1": first * cost,
        "cost_lag2": second * cost,
        "rows_lag1": first * rows,
        "rows_lag2": second * rows,
    }
    return detect(pa.table(table | {"cost": cost, "rows": rows}), pa.table(table | looks))


def test_a_late_feeds_rise_without_lines_is_told_on_its_second_morning() -> None:
    cost, rows = business()
    cost[200], rows[200] = 420, 400
    assert [(f.date, f.as_of) for f in second_look(cost, rows, 0.4, 0.9)] == [(DATES[200], DATES[202])]


def test_a_late_feeds_new_line_is_told_on_its_first_morning() -> None:
    cost, rows = np.where(np.arange(DAYS) < 200, 0.0, 90.0), np.full(DAYS, 12.0)
    found_first = second_look(cost, rows, 0.4, 0.9)[0]
    assert (found_first.kind, found_first.date, found_first.as_of) == ("new_sku", DATES[200], DATES[201])


def test_a_lost_day_hushes_no_day_after_it_that_is_there_twice() -> None:
    cost, rows = 100 * np.random.default_rng(2).normal(1, 0.02, DAYS), np.full(DAYS, 41.0)
    cost[200], rows[200] = np.nan, np.nan
    cost[202] *= 2
    rows[202] *= 2
    told = [(f.kind, f.date) for f in found(cost, rows) if f.date >= DATES[200]]
    assert told == [("missing", DATES[200]), ("duplicated", DATES[202])]


def test_a_late_feeds_fall_is_told_on_its_second_days_first_morning() -> None:
    cost, rows = 100 * np.random.default_rng(2).normal(1, 0.02, DAYS), np.full(DAYS, 40.0)
    cost[200:230] = 20
    first = next(f for f in second_look(cost, rows, 0.6, 0.95) if f.date >= DATES[200])
    assert (first.direction, first.date, first.as_of) == ("down", DATES[201], DATES[202])


def test_a_late_feeds_fall_need_not_be_below_the_least_that_its_first_looks_have_shown() -> None:
    random = np.random.default_rng(2)
    cost, rows = 100 * random.normal(1, 0.02, DAYS), np.full(DAYS, 40.0)
    cost[200:230] = 50
    first = next(f for f in second_look(cost, rows, random.uniform(0.4, 0.8, DAYS), 0.95) if f.date >= DATES[200])
    assert (first.direction, first.date, first.as_of) == ("down", DATES[201], DATES[202])


def test_a_late_feeds_doubled_day_is_told_on_its_second_morning() -> None:
    work = np.random.default_rng(1).lognormal(0, 0.12, DAYS)
    work[[60, 110, 160]] *= 3.5
    work[200] *= 2
    first = next(f for f in second_look(200 * work, 2 * np.round(200 * work), 0.4, 0.9) if f.date >= DATES[200])
    assert (first.kind, first.date, first.as_of) == ("duplicated", DATES[200], DATES[202])


def test_a_late_feeds_largest_day_of_few_is_told_on_its_second_morning() -> None:
    random = np.random.default_rng(3)
    cost = np.where(random.random(DAYS) < 0.3, random.uniform(20, 60, DAYS), 0.0)
    cost[200] = 900
    first = next(f for f in second_look(cost, np.ones(DAYS), 0.4, 0.9) if f.date >= DATES[200])
    assert (first.date, first.as_of) == (DATES[200], DATES[202])


def test_what_a_feed_shows_too_much_of_at_first_is_no_rise() -> None:
    """Estimates, and charges before their credits: the first look is a quarter to a half above what stays."""
    random = np.random.default_rng(4)
    cost, rows = 100 * random.normal(1, 0.02, DAYS), np.full(DAYS, 40.0)
    shown = random.uniform(1.25, 1.5, DAYS)
    assert second_look(cost, rows, shown, 1.0) == []
    cost[200] = 400
    assert [(f.date, f.as_of) for f in second_look(cost, rows, shown, 1.0)] == [(DATES[200], DATES[201])]
