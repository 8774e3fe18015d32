"""The month-end forecast's SQL, for whoever has a `daily_costs` and a `forecast_origins` relation."""

from pathlib import Path

FORECAST_SQL = (Path(__file__).with_name("month_end_forecast.sql")).read_text(encoding="utf-8")
"""One row per series and origin; month_end_forecast.sql says what it reads."""
