"""Exact sums of amounts as delivered, against Python's Decimal: for any way of writing a number, to the last digit."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.amounts import azure_components, raw_totals

EXACT = Context(prec=400)
ROUNDING = Context(prec=400, rounding=ROUND_HALF_UP)
SCALE = Decimal(1).scaleb(-18)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("landed") / "part.parquet"


def write(part: Path, amounts: list, type_: pa.DataType | None = None) -> None:
    table = pa.table(
        {
            "Cost": pa.array(amounts, type_ or pa.string()),
            "BillingCurrency": pa.array(["USD"] * len(amounts)),
            "x_file": pa.array(["file.csv"] * len(amounts)),
            "x_row": pa.array(range(1, len(amounts) + 1), pa.int64()),
        }
    )
    pq.write_table(table, part)


def expected(amounts: list[str]) -> tuple[Decimal, Decimal]:
    raw = beyond = Decimal(0)
    for amount in amounts:
        rounded = Decimal(amount).quantize(SCALE, context=ROUNDING)
        raw = EXACT.add(raw, rounded)
        beyond = EXACT.add(beyond, EXACT.subtract(Decimal(amount), rounded))
    return raw, beyond


@st.composite
def written_numbers(draw: st.DrawFn) -> str:
    """Numbers below 10^19 with at most 37 decimals, as bills write them: plain, signed, scientific, bare points."""
    whole = draw(st.integers(0, 10 ** draw(st.integers(0, 19)) - 1))
    decimals = draw(st.integers(0, 37))
    fraction = str(draw(st.integers(0, 10**decimals - 1))).rjust(decimals, "0") if decimals else ""
    sign = draw(st.sampled_from(["", "-", "+"]))
    form = draw(st.sampled_from(["plain", "scientific", "bare"]))
    if form == "bare" and fraction and whole == 0:
        return f"{sign}.{fraction}"
    if form == "bare" and not fraction:
        return f"{sign}{whole}."
    if form == "scientific":
        digits = (str(whole) + fraction).lstrip("0") or "0"
        point = draw(st.integers(1, min(len(digits), 19)))
        exponent = len(digits) - point - decimals
        mantissa = digits[:point] + ("." + digits[point:] if digits[point:] else "")
        letter = draw(st.sampled_from("eE"))
        return f"{sign}{mantissa}{letter}{draw(st.sampled_from(['', '+'])) if exponent >= 0 else ''}{exponent}"
    return f"{sign}{whole}" + (f".{fraction}" if fraction else "")


@settings(max_examples=200, deadline=None)
@given(amounts=st.lists(written_numbers(), min_size=1, max_size=8))
def test_texts_are_summed_exactly(connection: duckdb.DuckDBPyConnection, part: Path, amounts: list[str]):
    write(part, amounts)

    [total] = raw_totals(connection, [part], azure_components("billed"), False)

    assert (total.raw_cost, total.beyond_scale) == expected(amounts)


@settings(max_examples=200, deadline=None)
@given(
    amounts=st.lists(
        st.floats(-1e15, 1e15, allow_nan=False).filter(lambda number: number == 0 or abs(number) > 1e-20),
        min_size=1,
        max_size=8,
    )
)
def test_doubles_are_summed_by_their_shortest_text(
    connection: duckdb.DuckDBPyConnection, part: Path, amounts: list[float]
):
    write(part, amounts, pa.float64())

    [total] = raw_totals(connection, [part], azure_components("billed"), False)

    raw, beyond = expected([repr(amount) for amount in amounts])
    assert total.raw_cost == raw
    assert abs(EXACT.subtract(total.beyond_scale, beyond)) <= len(amounts) * Decimal("5e-38")


def test_digits_beyond_the_37th_decimal_are_rounded(connection: duckdb.DuckDBPyConnection, part: Path):
    write(part, ["1.5e-37", "1e-40", "12.00000000000000000000000000000000000015"])

    [total] = raw_totals(connection, [part], azure_components("billed"), False)

    assert (total.raw_cost, total.beyond_scale) == (Decimal(12), Decimal("4e-37"))


def test_an_empty_amount_counts_nothing(connection: duckdb.DuckDBPyConnection, part: Path):
    write(part, ["1", None, "", "  "])

    [total] = raw_totals(connection, [part], azure_components("billed"), False)

    assert (total.raw_cost, total.beyond_scale) == (Decimal(1), Decimal(0))


def test_a_delivery_whose_amounts_are_all_empty_has_a_total_of_zero(connection: duckdb.DuckDBPyConnection, part: Path):
    write(part, [None])

    [total] = raw_totals(connection, [part], azure_components("billed"), False)

    assert (total.raw_cost, total.beyond_scale, total.billing_currency) == (Decimal(0), Decimal(0), "USD")


@pytest.mark.parametrize(
    "amount",
    [
        "1,5",
        "1_000",
        "1 000",
        "$5",
        "nan",
        "inf",
        "-",
        ".",
        "e5",
        "NULL",
        "None",
        "0x1F",
        "1e5e5",
        "\u0661",
        "1e20",
        "1e400",
    ],
)
def test_what_is_no_amount_is_refused_with_its_address(connection: duckdb.DuckDBPyConnection, part: Path, amount: str):
    write(part, ["1", amount, "2", "also bad"])

    with pytest.raises(DeliveryError) as error:
        raw_totals(connection, [part], azure_components("billed"), False)

    assert str(error.value) == f"file.csv, row 2: Cost is {amount!r}; expected a number below 10^20"


def test_not_a_number_in_a_double_column_is_refused(connection: duckdb.DuckDBPyConnection, part: Path):
    write(part, [1.0, float("nan")], pa.float64())

    with pytest.raises(DeliveryError, match="row 2: Cost is 'nan'"):
        raw_totals(connection, [part], azure_components("billed"), False)
