"""Exchange rates as the company writes them: every fault told with its row, and no day served by too old a rate."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops_pipeline.config import load_config
from finops_pipeline.errors import ConfigurationError
from finops_pipeline.side_files.fx_rates import FxRate, load_fx_rates, write_fx_table

HEADER = "date,from,to,rate,source\n"


def load(folder: Path, lines: str) -> tuple[FxRate, ...]:
    (folder / "rates.csv").write_text(lines)
    (folder / "finops.yaml").write_text(
        "version: 1\nreporting_currency: USD\nfx_rates: rates.csv\n"
        "sources:\n  - {name: a, provider: aws, dataset: cur2, uri: 'file:///x/y'}\n"
    )
    return load_fx_rates(load_config(folder / "finops.yaml"))


def test_only_rates_into_the_reporting_currency_are_taken(tmp_path: Path):
    rates = load(
        tmp_path,
        HEADER + "2026-10-02,EUR,USD,1.10,ECB\n2026-10-01,EUR,USD,1.0842,ECB\n2026-10-01,USD,EUR,0.92,ECB\n",
    )
    assert rates == (
        FxRate("EUR", date(2026, 10, 1), Decimal("1.0842"), "ECB"),
        FxRate("EUR", date(2026, 10, 2), Decimal("1.10"), "ECB"),
    )


def test_every_fault_is_told_with_row_and_column(tmp_path: Path):
    with pytest.raises(ConfigurationError) as told:
        load(
            tmp_path,
            HEADER + "01.10.2026,EUR,USD,1.1,ECB\n2026-10-01,euro,USD,0,\n"
            "2026-10-02,EUR,USD,1.1,ECB\n2026-10-02,EUR,USD,1.2,ECB\n",
        )
    for line in (
        "rates.csv has faults",
        "row 2: date is '01.10.2026'; expected a day such as 2026-10-01",
        "row 3: from is 'euro'; expected a three-letter code",
        "row 3: rate is '0'; expected a positive number",
        "row 3: source is ''",
        "row 5: a second rate of EUR on 2026-10-02",
    ):
        assert line in str(told.value)


def test_a_file_without_a_column_is_refused_by_its_name(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"has no column source; expected date, from, to, rate, source"):
        load(tmp_path, "date,from,to,rate\n")


def test_a_rate_holds_until_the_next_one_and_a_month_at_most(tmp_path: Path):
    rates = (
        FxRate("EUR", date(2026, 9, 1), Decimal("1.1"), "ECB"),
        FxRate("EUR", date(2026, 10, 5), Decimal("1.2"), "ECB"),
        FxRate("GBP", date(2026, 10, 4), Decimal("1.3"), "BoE"),
    )
    write_fx_table(rates, tmp_path)
    rows = pq.read_table(tmp_path / "rules/fx_rates.parquet").to_pylist()
    held = {(row["from_currency"], row["day"]): row["rate"] for row in rows}
    assert held["EUR", date(2026, 10, 1)] == Decimal("1.1")
    assert held["EUR", date(2026, 10, 2)] is None  # 31 days after the first of September
    assert held["EUR", date(2026, 10, 5)] == held["EUR", date(2026, 11, 4)] == Decimal("1.2")
    assert held["GBP", date(2026, 9, 1)] is None
    # Every currency has the same days, without a gap: a rate is found by its place.
    days = {currency: [day for of, day in held if of == currency] for currency in ("EUR", "GBP")}
    assert days["EUR"] == days["GBP"] == sorted(days["EUR"])
    assert len(days["EUR"]) == (date(2026, 11, 5) - date(2026, 9, 1)).days
