"""Why a cost changed, in money: which elements, and how much is price, volume, mix, new, gone or fee. Exact decimals.

Both sides are lists of lines: the flagged day as it was, and as it was expected (`usual_day`: the median of the same
weekdays before). The parts of a decomposition add up to the change to the last digit. That proves the bookkeeping, not
the attribution: what caused a change is for the reader to judge.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from statistics import median

ZERO = Decimal(0)
SCALE = Decimal("1e-18")
"""Money's scale (CONTRIBUTING.md, rule 1)."""
EXACT = Context(prec=76)
ENOUGH = Decimal("0.8")
CANCELS = Decimal("0.9")
NOBODY, IDLE = "(none)", "(idle)"
"""What an owner is called where there is none, and where there is none because nobody used what was paid for."""


@dataclass(frozen=True)
class Line:
    """The cost of one thing on one day. `names` says what it is in every dimension, the finest included.

    Usage counts only within its unit. A line without usage is a fee.
    """

    names: tuple[tuple[str, str], ...]
    cost: Decimal
    usage: Decimal | None = None
    unit: str | None = None

    def name(self, dimension: str) -> str:
        """What this line is called in a dimension; a name that is not there is nobody's."""
        return dict(self.names).get(dimension, NOBODY)


@dataclass(frozen=True)
class Decomposition:
    """The parts of a change. They sum to `change` exactly; `mix` takes what midpoint weights leave."""

    price: Decimal
    volume: Decimal
    mix: Decimal
    new: Decimal
    gone: Decimal
    fee: Decimal

    @property
    def change(self) -> Decimal:
        """The whole."""
        with localcontext(EXACT):
            return self.price + self.volume + self.mix + self.new + self.gone + self.fee


@dataclass(frozen=True)
class Driver:
    """One element of one dimension and its part of the change; `share` is for reading, not for adding up."""

    dimension: str
    element: str
    before: Decimal
    after: Decimal
    share: float

    @property
    def change(self) -> Decimal:
        """After less before."""
        return EXACT.subtract(self.after, self.before)


@dataclass(frozen=True)
class Moved:
    """Cost that left some elements and turned up in others: nothing was spent."""

    dimension: str
    left: tuple[str, ...]
    arrived: tuple[str, ...]
    amount: Decimal


def usual_day(days: Sequence[Iterable[Line]]) -> list[Line]:
    """The median of the same things over some days; a thing that is absent on a day cost nothing then."""
    costs: dict[tuple[tuple[tuple[str, str], ...], str | None], list[tuple[Decimal, Decimal | None]]] = defaultdict(
        list
    )
    for day in days:
        for key, line in _by_thing(day).items():
            costs[key].append((line.cost, line.usage))
    usual = []
    with localcontext(EXACT):
        for (names, unit), seen in costs.items():
            absent = [(ZERO, ZERO if seen[0][1] is not None else None)] * (len(days) - len(seen))
            # the mean of the middle two may have a digit more than money
            cost = _rounded(median(c for c, _ in seen + absent))
            known = [u for _, u in seen + absent if u is not None]
            usual.append(Line(names, cost, median(known) if known else None, unit))
    return [line for line in usual if line.cost or line.usage]


def _by_thing(lines: Iterable[Line]) -> dict[tuple[tuple[tuple[str, str], ...], str | None], Line]:
    """One line per thing and unit: costs and usage of equal names added up."""
    things: dict[tuple[tuple[tuple[str, str], ...], str | None], Line] = {}
    with localcontext(EXACT):
        for line in lines:
            key = (line.names, line.unit)
            had = things.get(key)
            if had is None:
                things[key] = line
            else:
                usage = None if had.usage is None and line.usage is None else (had.usage or ZERO) + (line.usage or ZERO)
                things[key] = Line(line.names, had.cost + line.cost, usage, line.unit)
    return things


def decompose(before: Iterable[Line], after: Iterable[Line]) -> Decomposition:
    """Bennet's decomposition: changes of price at the mean of both quantities, of quantity at the mean of both prices.

    Volume is the change of a unit's total quantity at the mean of its average prices; what the things of that unit add
    beyond it is mix.
    """
    # a line without cost and usage is none: what was not used any more is gone
    old, now = ({k: v for k, v in _by_thing(side).items() if v.cost or v.usage} for side in (before, after))
    with localcontext(EXACT):
        price = new = gone = fee = ZERO
        metered: dict[str | None, list[tuple[Line, Line]]] = defaultdict(list)
        for key in old.keys() | now.keys():
            a, b = old.get(key), now.get(key)
            if a is None or b is None:
                part = (b.cost if b else ZERO) - (a.cost if a else ZERO)
                new, gone = (new + part, gone) if a is None else (new, gone + part)
            elif not a.usage or not b.usage:
                fee += b.cost - a.cost
            else:
                metered[key[1]].append((a, b))
                price += _rounded((b.cost / b.usage - a.cost / a.usage) * (a.usage + b.usage) / 2)
        volume = sum((_volume(pairs) for pairs in metered.values()), ZERO)
        whole = sum((line.cost for line in now.values()), ZERO) - sum((line.cost for line in old.values()), ZERO)
        return Decomposition(price, volume, whole - price - volume - new - gone - fee, new, gone, fee)


def _volume(pairs: Sequence[tuple[Line, Line]]) -> Decimal:
    """The change of a unit's total quantity at the mean of its two average prices."""
    quantity = [sum((pair[side].usage or ZERO for pair in pairs), ZERO) for side in (0, 1)]
    cost = [sum((pair[side].cost for pair in pairs), ZERO) for side in (0, 1)]
    if not quantity[0] or not quantity[1]:
        return ZERO
    return _rounded((cost[0] / quantity[0] + cost[1] / quantity[1]) / 2 * (quantity[1] - quantity[0]))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(SCALE, context=EXACT)


def drivers(
    before: Iterable[Line], after: Iterable[Line], dimensions: Sequence[str], enough: Decimal = ENOUGH
) -> list[Driver]:
    """Per dimension the fewest elements that explain `enough` of the change, the most telling dimension first.

    Most telling is the one that needs the fewest elements; among equals the one whose shares of the whole have shifted
    most (Jensen-Shannon divergence, as in Adtributor).
    """
    before, after = list(before), list(after)
    ranked = []
    for number, dimension in enumerate(dimensions):
        old, now = _sums(before, dimension), _sums(after, dimension)
        with localcontext(EXACT):
            change = sum(now.values(), ZERO) - sum(old.values(), ZERO)
            if not change:
                continue
            parts = {name: now.get(name, ZERO) - old.get(name, ZERO) for name in old.keys() | now.keys()}
            chosen, explained = [], ZERO
            for name in sorted(parts, key=lambda name: (-(parts[name] / change), name)):
                if explained >= enough * change.copy_abs():
                    break
                explained += parts[name] if change > 0 else -parts[name]
                share = float(parts[name] / change)
                chosen.append(Driver(dimension, name, old.get(name, ZERO), now.get(name, ZERO), share))
        ranked.append((len(chosen), -_surprise(old, now), number, chosen))
    return [driver for *_, chosen in sorted(ranked, key=lambda r: r[:3]) for driver in chosen]


def moved(before: Iterable[Line], after: Iterable[Line], dimension: str) -> Moved | None:
    """Whether falls and rises within a dimension cancel to nine tenths: moved, not spent (tags that were lost, say)."""
    old, now = _sums(before, dimension), _sums(after, dimension)
    with localcontext(EXACT):
        parts = {name: now.get(name, ZERO) - old.get(name, ZERO) for name in old.keys() | now.keys()}
        fallen, risen = (
            -sum((p for p in parts.values() if p < 0), ZERO),
            sum((p for p in parts.values() if p > 0), ZERO),
        )
        if not fallen or not risen or min(fallen, risen) < CANCELS * max(fallen, risen):
            return None
        return Moved(dimension, _largest(parts, -1), _largest(parts, 1), min(fallen, risen))


def _largest(parts: Mapping[str, Decimal], sign: int) -> tuple[str, ...]:
    """The fewest elements that make up most of one side."""
    side = sorted((name for name in parts if parts[name] * sign > 0), key=lambda name: (-abs(parts[name]), name))
    total, sofar, chosen = sum((abs(parts[name]) for name in side), ZERO), ZERO, []
    for name in side:
        if sofar >= ENOUGH * total:
            break
        sofar += abs(parts[name])
        chosen.append(name)
    return tuple(chosen)


def _sums(lines: Iterable[Line], dimension: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for line in lines:
            sums[line.name(dimension)] += line.cost
    return dict(sums)


def _surprise(old: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> float:
    """Jensen-Shannon divergence between what each element was of the whole and what it is; 0 when nothing shifted."""
    totals = [float(sum(abs(v) for v in side.values())) or 1.0 for side in (old, now)]
    divergence = 0.0
    for name in sorted(old.keys() | now.keys()):
        p, q = (float(abs(side.get(name, ZERO))) / total for side, total in zip((old, now), totals, strict=True))
        middle = (p + q) / 2
        divergence += sum(0.5 * part * math.log(part / middle) for part in (p, q) if part)
    return divergence
