"""A delivered DOUBLE becomes the decimal of its shortest text, by whichever way `money_of_double` takes.

The macro's own text is rendered and run on DuckDB, beside Python's shortest text of the same doubles.
"""

import math
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.settings import DBT_PROJECT_DIR

SCALE = Decimal("1e-18")
EDGES = [
    0.0, -0.0, 0.1, 1e-7, 5e-324, 1e5, 1e9, 99999.9999999999, 100000.0000000001, 999999999.999999, 1000000000.000001,
    1e-10, 1.5e-10, 1e-19, 5e-19, 0.30000000000000004, 2852595200.0, 123456.7890125, 4e19,
]  # fmt: skip


def rendered() -> str:
    """What `money_of_double('amount')` renders to, with dbt's dispatch reduced to its DuckDB branch."""

    class Adapter:
        def dispatch(self, name: str) -> Any:
            return getattr(macros, f"default__{name}")

    environment = jinja2.Environment()
    environment.globals.update({"adapter": Adapter(), "return": lambda value: value})
    folder = DBT_PROJECT_DIR / "macros"
    text = "".join((folder / name).read_text() for name in ("money_type.sql", "money.sql", "money_of_double.sql"))
    macros: Any = environment.from_string(text).module
    return str(macros.money_of_double("amount"))


SQL = rendered()


def decimals(amounts: list[float]) -> list[Decimal]:
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"amount": pa.array(amounts, pa.float64())}))
        return [row[0] for row in connection.execute(f"select {SQL} from given").fetchall()]


def by_text(amount: float) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return Decimal(repr(amount)).quantize(SCALE, ROUND_HALF_UP)


# As bills have them: whole numbers of the last decimal of a price list, and what sums and products of them leave.
billed = st.builds(lambda units, places: units / 10**places, st.integers(-(10**16), 10**16), st.integers(0, 13))
any_amount = st.floats(-1e19, 1e19, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(billed | any_amount | st.floats(-1e-5, 1e-5), min_size=1, max_size=200))
def test_the_decimal_is_that_of_the_shortest_text(amounts: list[float]):
    assert decimals(amounts + EDGES) == [by_text(amount) for amount in amounts + EDGES]


def test_neighbours_of_short_amounts_keep_their_own_digits():
    amounts = [value for units in range(100, 4100, 7) for value in _neighbours(units / 1000)]
    found = decimals(amounts)
    assert found == [by_text(amount) for amount in amounts]
    assert len(set(found)) == len(amounts)


def _neighbours(value: float) -> list[float]:
    return [math.nextafter(value, 0), value, math.nextafter(value, math.inf)]
