"""Shared services that use one another: where the cost of each one finally leaves to somebody who is no service.

Cycles of any length need no order of precedence and no iteration: the services are eliminated one by one, with 80
digits, and the result is rounded once; the split that follows sums exactly whatever the weights. (Fractions would be
exact and took six minutes for 200 services that use one another at random, decimals a quarter of one.) What the cost is
and who the final users are is the ledger's business (`int_service_exits` and its children).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

WHOLE = 10**18
"""The weights of a service's exits sum to this."""
_DIGITS = 80
_Flows = dict[str, dict[str, Decimal]]


@dataclass(frozen=True)
class Exit:
    """How much of a service's cost leaves through `exit_service` to its own users.

    `loop` names the services of a closed loop when cost that gets there can never leave: nobody but the loop's own
    services uses them. Then `exit_service` is the loop's first service and no user can be found.
    """

    service: str
    exit_service: str
    weight: int
    loop: str | None = None


def service_exits(flows: Iterable[tuple[str, str | None, int]]) -> list[Exit]:
    """The exits of every service that somebody uses.

    Args:
        flows: service, the service that used it (None: somebody else), and how much, in whole quanta. A service that
            nobody's use is known of is an exit of its own: its driver is missing, and that is told there.
    """
    used: dict[str, dict[str | None, int]] = {}
    for service, consumer, quantity in flows:
        if quantity > 0:
            by_consumer = used.setdefault(service, {})
            by_consumer[consumer] = by_consumer.get(consumer, 0) + quantity
    for consumers in list(used.values()):
        for consumer in consumers:
            if consumer is not None:
                used.setdefault(consumer, {None: 1})
    loops = _closed_loops(used)
    with localcontext() as context:
        context.prec = _DIGITS
        absorbed = _absorbed(used, loops)
        return [
            Exit(service, exit_service, weight, loops.get(exit_service))
            for service in sorted(used)
            for exit_service, weight in _rounded(absorbed[service]).items()
        ]


def _closed_loops(used: Mapping[str, Mapping[str | None, int]]) -> dict[str, str]:
    """The first service of each closed loop, with the loop in words."""
    reach = {service: _reachable(used, service) for service in used}
    closed = {service for service in used if None not in reach[service]}
    loops: dict[str, str] = {}
    for service in sorted(closed):
        together = sorted(other for other in closed if other in reach[service] and service in reach[other])
        # A service that only leads into a loop, or is led to by one, is in no loop itself.
        if together and together[0] == service and all(other in together for other in reach[service]):
            loops[service] = " -> ".join(_walk(used, service, set(together)))
    return loops


def _reachable(used: Mapping[str, Mapping[str | None, int]], start: str) -> set[str | None]:
    found: set[str | None] = set()
    waiting: list[str | None] = list(used[start])
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += used[node] if node is not None else ()
    return found


def _walk(used: Mapping[str, Mapping[str | None, int]], start: str, within: set[str]) -> list[str]:
    """One way from a service of a loop back to itself."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        service = waiting.pop(0)
        for consumer in sorted(consumer for consumer in used[service] if consumer in within):  # type: ignore[type-var]
            if consumer == start:
                path = [service]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return [*reversed(path), start]
            if consumer not in came_from:
                came_from[consumer] = service
                waiting.append(consumer)
    return [start, start]


def _absorbed(used: Mapping[str, Mapping[str | None, int]], loops: Mapping[str, str]) -> _Flows:
    """For each service the fractions of its cost by exit, by eliminating one service after the other."""
    passed, left = _first_flows(used, loops)
    for gone in sorted(used):
        to_itself = passed[gone].pop(gone, Decimal(0))
        if to_itself:
            for flows in (passed[gone], left[gone]):
                for target in flows:
                    flows[target] /= 1 - to_itself
        for service in used:
            share = passed[service].pop(gone, None) if service != gone else None
            if share is not None:
                _add(passed[service], passed[gone], share)
                _add(left[service], left[gone], share)
    return left


def _first_flows(used: Mapping[str, Mapping[str | None, int]], loops: Mapping[str, str]) -> tuple[_Flows, _Flows]:
    """Fractions that go to other services, and fractions that leave, one hop from each service."""
    # The services of a closed loop stand together as one exit: its first service.
    ends = {member: first for first in loops for member in (first, *_reachable(used, first)) if member is not None}
    passed: _Flows = {}
    left: _Flows = {}
    for service, consumers in used.items():
        if service in ends:
            passed[service], left[service] = {}, {ends[service]: Decimal(1)}
            continue
        total = sum(consumers.values())
        passed[service] = {consumer: Decimal(n) / total for consumer, n in consumers.items() if consumer is not None}
        left[service] = {service: Decimal(consumers[None]) / total} if None in consumers else {}
    return passed, left


def _add(flows: dict[str, Decimal], through: Mapping[str, Decimal], share: Decimal) -> None:
    for target, part in through.items():
        flows[target] = flows.get(target, Decimal(0)) + share * part


def _rounded(shares: Mapping[str, Decimal]) -> dict[str, int]:
    """Shares as whole weights that sum to WHOLE; what rounding leaves goes to the largest, by name among equals."""
    weights = {name: int((share * WHOLE).to_integral_value(ROUND_HALF_EVEN)) for name, share in shares.items()}
    largest = min(shares, key=lambda name: (-shares[name], name))
    weights[largest] += WHOLE - sum(weights.values())
    return {name: weights[name] for name in sorted(weights) if weights[name] > 0}
