"""A decomposition adds up exactly, and says what was planted: a price, a volume, a mix, a new line, a lost tag."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops_pipeline.detect.drivers import Decomposition, Line, decompose, drivers, moved, usual_day

money = st.decimals(-10_000, 10_000, allow_nan=False, places=6)
quantity = st.none() | st.decimals(0, 10_000, allow_nan=False, places=3)
names = st.tuples(
    st.tuples(st.just("sku"), st.sampled_from("abcdef")), st.tuples(st.just("team"), st.sampled_from("xy"))
)
lines = st.lists(st.builds(Line, names, money, quantity, st.sampled_from(["h", "gb"])), max_size=12)


def line(sku: str, cost: str, usage: str | None = None, team: str = "x", unit: str = "h") -> Line:
    return Line((("sku", sku), ("team", team)), Decimal(cost), None if usage is None else Decimal(usage), unit)


def total(some: list[Line]) -> Decimal:
    return sum((one.cost for one in some), Decimal(0))


@given(lines, lines)
def test_the_parts_sum_to_the_change(before: list[Line], after: list[Line]) -> None:
    assert decompose(before, after).change == total(after) - total(before)


@given(lines, lines)
def test_turning_time_around_turns_every_sign_around(before: list[Line], after: list[Line]) -> None:
    there, back = decompose(before, after), decompose(after, before)
    # copy_negate: a minus sign would round to the default context's 28 digits
    there_and_back = [
        (getattr(there, one), getattr(back, other).copy_negate())
        for one, other in (("price", "price"), ("volume", "volume"), ("mix", "mix"), ("new", "gone"), ("fee", "fee"))
    ]
    assert all(one == other for one, other in there_and_back), there_and_back


def test_a_new_price_is_price_and_nothing_else() -> None:
    parts = decompose([line("a", "10", "5")], [line("a", "15", "5")])
    assert parts == Decomposition(Decimal(5), *[Decimal(0)] * 5)


def test_more_usage_is_volume_and_nothing_else() -> None:
    parts = decompose([line("a", "10", "5"), line("b", "20", "10")], [line("a", "20", "10"), line("b", "40", "20")])
    assert parts.volume == parts.change == Decimal(30)


def test_the_same_hours_on_dearer_machines_are_mix() -> None:
    parts = decompose([line("a", "10", "10"), line("b", "30", "10")], [line("a", "5", "5"), line("b", "45", "15")])
    assert (parts.price, parts.volume, parts.mix) == (Decimal(0), Decimal(0), Decimal(10))


def test_hours_and_gigabytes_are_never_added() -> None:
    before, after = (
        [line("a", "10", "10"), line("g", "1", "1000", unit="gb")],
        [line("a", "20", "20"), line("g", "1", "1000", unit="gb")],
    )
    assert decompose(before, after).volume == Decimal(10)


def test_a_new_line_is_new_a_vanished_one_gone_and_one_without_usage_a_fee() -> None:
    parts = decompose([line("a", "7", "1"), line("support", "100")], [line("b", "9", "1"), line("support", "130")])
    assert (parts.new, parts.gone, parts.fee) == (Decimal(9), Decimal(-7), Decimal(30))


def test_the_fewest_elements_that_explain_four_fifths_come_first() -> None:
    before = [line("a", "10", team="x"), line("b", "10", team="y"), line("c", "10", team="x")]
    after = [line("a", "100", team="x"), line("b", "12", team="y"), line("c", "13", team="x")]
    found = drivers(before, after, ["sku", "team"])
    assert [(d.dimension, d.element) for d in found] == [("sku", "a"), ("team", "x")]
    assert found[0].change == Decimal(90)


def test_a_lost_tag_is_moved_and_a_rise_is_not() -> None:
    before = [line("a", "100", team="vision"), line("a", "20", team="(none)")]
    after = [line("a", "10", team="vision"), line("a", "112", team="(none)")]
    found = moved(before, after, "team")
    assert found is not None
    assert (found.left, found.arrived, found.amount) == (("vision",), ("(none)",), Decimal(90))
    assert moved(before, [line("a", "200", team="vision"), line("a", "20", team="(none)")], "team") is None


def test_the_usual_day_is_money_to_the_last_digit() -> None:
    costs = ("12345678901234.000000000000000001", "12345678901234.000000000000000003")
    [usual] = usual_day([[line("a", cost, "1")] for cost in costs])
    assert usual.cost == Decimal("12345678901234.000000000000000002")


def test_the_usual_day_is_the_median_of_the_same_weekdays() -> None:
    days = [[line("a", "10", "1")], [line("a", "12", "2"), line("odd", "99", "1")], [line("a", "90", "3")]]
    assert usual_day(days) == [line("a", "12", "2")]
