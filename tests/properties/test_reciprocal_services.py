"""Shared services that use one another: in any graph all cost leaves, and the exits of each service solve its flows."""

from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from finops_pipeline.reciprocal import WHOLE, Exit, service_exits

names = st.sampled_from("abcdef")
flows = st.lists(st.tuples(names, st.one_of(st.none(), names), st.integers(0, 10**6)), max_size=24)


def by_service(found: list[Exit]) -> dict[str, dict[str, Exit]]:
    """Exits by service and exit service."""
    result: dict[str, dict[str, Exit]] = {}
    for leaving in found:
        result.setdefault(leaving.service, {})[leaving.exit_service] = leaving
    return result


@settings(max_examples=400, deadline=None)
@given(flows)
def test_the_exits_of_every_service_take_its_whole_cost_and_satisfy_the_flows(
    graph: list[tuple[str, str | None, int]],
) -> None:
    found = by_service(service_exits(graph))
    used: dict[str, dict[str | None, int]] = {}
    for service, consumer, quantity in graph:
        if quantity:
            used.setdefault(service, {})
            used[service][consumer] = used[service].get(consumer, 0) + quantity
    assert set(found) == set(used) | {consumer for flow in used.values() for consumer in flow if consumer}
    loops = {leaving.exit_service for exits in found.values() for leaving in exits.values() if leaving.loop}
    for service, exits in found.items():
        assert sum(leaving.weight for leaving in exits.values()) == WHOLE
        assert all(leaving.weight > 0 for leaving in exits.values())
        if service not in used or set(exits) & loops:
            continue
        # what leaves through an exit is what the service's consumers pass to it, plus what leaves here
        total = sum(used[service].values())
        for exit_service in {name for other in found.values() for name in other} - loops:
            passed = sum(
                Fraction(quantity, total) * found[consumer][exit_service].weight
                for consumer, quantity in used[service].items()
                if consumer is not None and exit_service in found[consumer]
            )
            here = Fraction(used[service].get(None, 0), total) * WHOLE if exit_service == service else 0
            weight = exits[exit_service].weight if exit_service in exits else 0
            assert abs(weight - passed - here) <= len(found) + 1


@settings(max_examples=100, deadline=None)
@given(flows, st.randoms())
def test_the_order_of_the_flows_does_not_matter(graph: list[tuple[str, str | None, int]], random: Random) -> None:
    shuffled = list(graph)
    random.shuffle(shuffled)
    assert service_exits(shuffled) == service_exits(graph)


def test_without_cycles_the_exits_are_the_products_along_the_ways() -> None:
    found = by_service(service_exits([("a", "b", 1), ("a", None, 3), ("b", "c", 1), ("b", None, 1), ("c", None, 5)]))
    assert {name: leaving.weight * 8 for name, leaving in found["a"].items()} == {
        "a": 6 * WHOLE,
        "b": WHOLE,
        "c": WHOLE,
    }


def test_two_services_that_use_each_other_are_solved_in_one_go() -> None:
    # a gives half to b, b gives half to a: of a's cost 2/3 leave at a and 1/3 at b
    found = by_service(service_exits([("a", "b", 1), ("a", None, 1), ("b", "a", 1), ("b", None, 1)]))
    assert abs(found["a"]["a"].weight * 3 - 2 * WHOLE) <= 3
    assert found["a"]["a"].weight + found["a"]["b"].weight == WHOLE


def test_a_service_that_uses_itself_keeps_nothing() -> None:
    assert service_exits([("a", "a", 9), ("a", None, 1)]) == [Exit("a", "a", WHOLE)]


def test_a_closed_loop_is_named_also_by_a_service_that_leads_into_it() -> None:
    found = by_service(service_exits([("a", "b", 1), ("a", None, 1), ("b", "c", 1), ("c", "d", 1), ("d", "b", 1)]))
    assert found["c"] == {"b": Exit("c", "b", WHOLE, "b -> c -> d -> b")}
    assert found["a"]["a"].loop is None
    assert (found["a"]["b"].loop, found["a"]["b"].weight) == ("b -> c -> d -> b", WHOLE // 2)


def test_a_service_whose_users_nobody_counted_is_its_own_exit() -> None:
    assert service_exits([("a", "b", 1)]) == [Exit("a", "b", WHOLE), Exit("b", "b", WHOLE)]


def test_sixty_services_that_all_use_each_other_are_solved() -> None:
    members = [f"s{number}" for number in range(60)]
    graph = [(one, other, 1 + (i * j) % 7) for i, one in enumerate(members) for j, other in enumerate(members)]
    found = by_service(service_exits([*graph, *((name, None, 1) for name in members)]))
    assert all(sum(leaving.weight for leaving in exits.values()) == WHOLE for exits in found.values())
