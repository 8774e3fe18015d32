"""Exchange rates of the company: a CSV file of dated rates, and the table that dbt reads them from.

The file has the columns `date, from, to, rate, source`. A rate holds from its day until the next one of its currency,
at most `HELD_DAYS`: rates come daily without weekends, or once a month. No inverse and no cross rate is guessed.
"""

import csv
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from finops_pipeline.config import Config
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.reading import write_side_table
from finops_pipeline.uris import local_path

COLUMNS = ("date", "from", "to", "rate", "source")
HELD_DAYS = 31
"""A month's rate serves that month; what is older is no rate any more."""


@dataclass(frozen=True, order=True)
class FxRate:
    """Units of the reporting currency for one of `currency`, as of a day."""

    currency: str
    day: date
    rate: Decimal
    source: str


def load_fx_rates(config: Config) -> tuple[FxRate, ...]:
    """The rates into the reporting currency, ordered by currency and day; none where no file is configured.

    Raises:
        ConfigurationError: the file is missing or holds faults; the message names file, row and column of each.
    """
    if config.fx_rates is None:
        return ()
    path = local_path(config.fx_rates)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            rows = list(enumerate(reader, start=2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"fx_rates: {path} cannot be read ({error}). Check the path in finops.yaml."
        ) from error
    if missing:
        raise ConfigurationError(
            f"fx_rates: {path} has no column {', '.join(missing)}; expected {', '.join(COLUMNS)}. Add it."
        )
    problems: list[str] = []
    rates: dict[tuple[str, date], FxRate] = {}
    for number, row in rows:
        rate = _rate(row, number, problems)
        if rate is None or row["to"].strip() != config.reporting_currency:
            continue
        if rates.setdefault((rate.currency, rate.day), rate) != rate:
            problems.append(f"row {number}: a second rate of {rate.currency} on {rate.day}; expected one a day")
    if problems:
        raise ConfigurationError("\n".join([f"fx_rates: {path} has faults:", *problems[:20]]))
    return tuple(sorted(rates.values()))


def write_fx_table(rates: tuple[FxRate, ...], landing: Path) -> None:
    """Land `rules/fx_rates.parquet`: a row for every day and currency, with the rate that holds on it or none."""
    days = sorted(rate.day for rate in rates)
    last = days[-1] + timedelta(days=HELD_DAYS) if days else None
    held: dict[tuple[str, date], FxRate] = {}
    for rate, following in pairwise([*rates, None]):
        assert rate is not None
        until = rate.day + timedelta(days=HELD_DAYS)
        if following is not None and following.currency == rate.currency:
            until = min(until, following.day)
        for offset in range((until - rate.day).days):
            held[rate.currency, rate.day + timedelta(days=offset)] = rate
    table = []
    for currency in sorted({rate.currency for rate in rates}):
        day = days[0]
        while last is not None and day < last:
            rate = held.get((currency, day))
            table.append(
                {
                    "from_currency": currency,
                    "day": day,
                    "rate": rate and rate.rate,
                    "rate_date": rate and rate.day,
                    "source": rate and rate.source,
                }
            )
            day += timedelta(days=1)
    schema = [("from_currency", pa.string()), ("day", pa.date32()), ("rate", pa.decimal128(38, 12))]
    schema += [("rate_date", pa.date32()), ("source", pa.string())]
    write_side_table(landing / "rules" / "fx_rates.parquet", pa.schema(schema), table)


def _rate(row: dict[str, str], number: int, problems: list[str]) -> FxRate | None:
    def bad(column: str, expected: str) -> None:
        problems.append(f"row {number}: {column} is {row[column]!r}; expected {expected}")

    before = len(problems)
    for column in ("from", "to"):
        if not re.fullmatch(r"[A-Z]{3}", (row[column] or "").strip()):
            bad(column, "a three-letter code such as EUR")
    day, rate = None, None
    try:
        day = date.fromisoformat((row["date"] or "").strip())
    except ValueError:
        bad("date", "a day such as 2026-10-01")
    try:
        rate = Decimal((row["rate"] or "").strip())
    except InvalidOperation:
        bad("rate", "a number such as 1.0842")
    if rate is not None and not Decimal("1e-12") <= rate < Decimal("1e9"):
        bad("rate", "a positive number below 10^9")
    if not (row["source"] or "").strip():
        bad("source", "where the rate is from, such as ECB")
    if len(problems) > before or day is None or rate is None:
        return None
    rounded = rate.quantize(Decimal("1e-12"))
    return FxRate(row["from"].strip(), day, rounded, row["source"].strip())
