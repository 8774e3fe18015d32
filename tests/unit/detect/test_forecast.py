"""The month-end forecast: exact where the bill is regular, knows last month's fee, less sure where there is noise."""

import datetime as dt

import duckdb
import pytest

from finops_pipeline.detect.forecast import FORECAST_SQL

FIRST = dt.date(2026, 1, 1)


def forecast(cost_of, as_of: dt.date) -> tuple[float, float, float, float]:
    """Known, forecast, lower and upper of one series of half a year."""
    connection = duckdb.connect()
    connection.execute("create table daily_costs (series_id text, charge_date date, cost double)")
    days = [FIRST + dt.timedelta(days=n) for n in range((as_of - FIRST).days + 1)]
    connection.executemany("insert into daily_costs values ('s', ?, ?)", [(day, float(cost_of(day))) for day in days])
    connection.execute("create table forecast_origins as select 's' as series_id, ?::date as as_of", [as_of])
    row = connection.execute(
        f"select known_cost, forecast_cost, forecast_lower, forecast_upper from ({FORECAST_SQL})"
    ).fetchone()
    assert row is not None
    return row


def test_a_weekly_rhythm_is_forecast_exactly() -> None:
    known, total, lower, upper = forecast(lambda day: 100 if day.weekday() < 5 else 40, dt.date(2026, 6, 10))
    assert known == pytest.approx(8 * 100 + 2 * 40)
    assert total == lower == upper == pytest.approx(22 * 100 + 8 * 40)


def test_a_fee_at_the_end_of_the_last_months_is_expected_again() -> None:
    _, total, _, _ = forecast(lambda day: 10 + 300 * ((day + dt.timedelta(days=1)).day == 1), dt.date(2026, 6, 10))
    assert total == pytest.approx(30 * 10 + 300)


def test_a_fee_on_the_first_of_the_month_is_no_part_of_the_last_week() -> None:
    _, total, _, _ = forecast(lambda day: 10 + 300 * (day.day == 1), dt.date(2026, 6, 5))
    # as a part of the week it would be there four times; its first month, when nobody knew of it, still counts a little
    assert total == pytest.approx(300 + 30 * 10, rel=0.03)


def test_bursts_come_back_as_often_as_in_half_a_year() -> None:
    # two days of a thousand in a dozen; the last week had none, nor do its weekdays tell when
    _, total, lower, upper = forecast(
        lambda day: 20 + 1000 * (day.toordinal() * 7919 % 12 < 2) * (day < dt.date(2026, 6, 3)), dt.date(2026, 6, 10)
    )
    assert total > 1500
    assert lower < upper


def test_on_the_last_day_the_forecast_is_what_is_known() -> None:
    known, total, lower, upper = forecast(lambda day: day.day, dt.date(2026, 6, 30))
    assert known == total == lower == upper == pytest.approx(465)


def test_a_noisier_series_has_a_wider_interval() -> None:
    widths = []
    for size in (1, 30):
        _, _, lower, upper = forecast(
            lambda day, size=size: 100 + size * ((day.toordinal() * 7919) % 11 - 5), dt.date(2026, 6, 10)
        )
        widths.append(upper - lower)
    assert widths[1] > 5 * widths[0] > 0


def test_a_line_that_is_new_goes_on_as_its_last_days() -> None:
    known, total, _, _ = forecast(lambda day: 500 if day >= dt.date(2026, 6, 7) else 0, dt.date(2026, 6, 10))
    assert (known, total) == (2000, pytest.approx(24 * 500))


def test_a_burst_over_a_base_is_not_a_new_line() -> None:
    burst = (dt.date(2026, 6, 7), dt.date(2026, 6, 8))
    _, total, _, _ = forecast(lambda day: 50_000 if day in burst else 20, dt.date(2026, 6, 10))
    # as a new line it would go on for 700,000
    assert total < 300_000
