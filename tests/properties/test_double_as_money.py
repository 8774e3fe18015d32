"""Every DOUBLE becomes the decimal that its shortest text says, whichever way `double_as_money` takes for it."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.settings import DBT_PROJECT_DIR

QUANTUM = Decimal(1).scaleb(-18)


def as_money_sql() -> str:
    """The macro's own text for a column `amount`."""
    environment = jinja2.Environment()
    environment.globals["money_type"] = lambda: "decimal(38, 18)"
    macros: Any = environment.from_string((Path(DBT_PROJECT_DIR) / "macros" / "double_as_money.sql").read_text()).module
    return str(macros.double_as_money("amount"))


AS_MONEY = f"select {as_money_sql()} from unnest(cast($amounts as double[])) as amounts (amount)"


ENGINE = duckdb.connect()


def as_money(amounts: list[float]) -> list[Decimal | None]:
    return [row[0] for row in ENGINE.execute(AS_MONEY, {"amounts": amounts}).fetchall()]


def expected(amount: float) -> Decimal:
    """Python's repr is the shortest text, too."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(repr(amount)).quantize(QUANTUM, ROUND_HALF_UP)


amounts_of_bills = st.builds(
    lambda quanta, places: float(Decimal(quanta).scaleb(-places)), st.integers(-(10**17), 10**17), st.integers(0, 20)
)
any_amount = st.floats(-1e15, 1e15, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(amounts_of_bills, any_amount, st.floats(-1000, 1000)), min_size=1, max_size=200))
def test_a_double_is_the_decimal_of_its_shortest_text(amounts: list[float]):
    assert as_money(amounts) == [expected(amount) for amount in amounts]


def test_the_edges_of_the_short_way():
    amounts = [0.0, -0.0, 999.999999999999, 1000.0, -999.9999999999999, 1e-12, 5e-13, 1.5e-12, 0.1 + 0.2, 5e-19, 1e-300]
    assert as_money(amounts) == [expected(amount) for amount in amounts]


def test_what_is_no_number_is_an_error_and_nothing_stays_nothing():
    assert ENGINE.execute(AS_MONEY, {"amounts": [None]}).fetchall() == [(None,)]
    for text in ("nan", "inf", "-inf"):
        with pytest.raises(duckdb.ConversionException):
            ENGINE.execute(AS_MONEY, {"amounts": [float(text)]}).fetchall()
