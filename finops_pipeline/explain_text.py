"""An explanation for people (a tree) and for programs (JSON). What is said comes from `explain.py`."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from finops_pipeline.explain import Amount, Explanation, Hop, Line


def as_json(explanation: Explanation) -> str:
    """The explanation as JSON, by `docs/explain.schema.json`; amounts and shares are text, so that no reader rounds."""
    content = {
        "version": explanation.version,
        "holds": explanation.holds,
        "hops": [
            {
                **{name: _plain(value) for name, value in hop.facts.items()},
                "consumer": dict(hop.consumer),
                "amounts": {
                    basis: {
                        "pool": _plain(amount.pool),
                        "pool_x_share_cut_off": _plain(amount.cut_off),
                        "residual": _plain(amount.residual),
                        "amount": _plain(amount.amount),
                    }
                    for basis, amount in hop.amounts.items()
                },
            }
            for hop in explanation.hops
        ],
        "line_count": explanation.line_count,
        "lines": [
            {
                **{name: _plain(value) for name, value in line.facts.items()},
                "costs": {basis: _plain(cost) for basis, cost in line.costs.items()},
            }
            for line in explanation.lines
        ],
    }
    return json.dumps(content, indent=2)


def as_tree(explanation: Explanation) -> str:
    """The explanation as a tree: the amount, hop by hop what it was cut from, the billed lines last."""
    return "\n".join(_tree(explanation))


def _tree(explanation: Explanation) -> Iterator[str]:
    first = explanation.hops[0]
    currency = first.facts["billing_currency"]
    yield (
        f"{_number(first.amounts['effective'].amount)} {currency} effective"
        f" ({_number(first.amounts['billed'].amount)} billed) of {first.facts['charge_date']}: {_who(first)}"
    )
    for depth, hop in enumerate(explanation.hops):
        indent = "   " * depth
        yield f"{indent}└─ {_how(hop)}"
        for basis in ("effective", "billed"):
            yield f"{indent}   {basis}: {_sum(hop.amounts[basis], hop.facts['share'])} {currency}"
        if depth + 1 < len(explanation.hops):
            yield f"{indent}   of {_who(explanation.hops[depth + 1])}"
    indent = "   " * len(explanation.hops)
    origin = explanation.hops[-1].facts
    place = [origin[name] for name in ("provider_name", "billing_account_id", "sub_account_id") if origin[name]]
    yield (
        f"{indent}└─ pool {origin['pool_id']}: {explanation.line_count} billed lines of {origin['source_name']}"
        f" ({' '.join(place)}), {origin['service_name'] or 'no service'}, {origin['charge_category']},"
        f" {origin['billing_period']}"
    )
    for line in explanation.lines:
        yield f"{indent}   ├─ {_billed(line, currency)}"
    if explanation.line_count > len(explanation.lines):
        yield f"{indent}   └─ and {explanation.line_count - len(explanation.lines)} more (--lines N shows them)"
    yield (
        "every factor holds to the last digit" if explanation.holds else "FACTORS DO NOT GIVE THE AMOUNT: please report"
    )


def _who(hop: Hop) -> str:
    facts = hop.facts
    named = ", ".join(f"{column} {value}" for column, value in hop.consumer.items())
    if facts["is_unallocated"]:
        return f"nobody ({facts['unallocated_reason']})" + (f", {named}" if named else "")
    if facts["is_idle"]:
        return f"idle ({facts['idle_type']})" + (f", carried by {named}" if named else "")
    return named or "nobody named"


def _how(hop: Hop) -> str:
    facts = hop.facts
    parts = [f"{facts['step']}, {facts['method']}"]
    if facts["driver_quantity"] is not None:
        quantity, total = _number(facts["driver_quantity"]), _number(facts["driver_total"])
        parts.append(f"{quantity} of {total} {facts['driver_unit']}")
    if facts["driver_window"]:
        parts.append(f"over {facts['driver_window']}")
    if facts["pool_level"]:
        parts.append(f"at {facts['pool_level']}")
    if facts["rule"]:
        parts.append(f"rule {facts['rule']}")
    return ", ".join([*parts, f"version {facts['rule_version']}"])


def _sum(amount: Amount, share: Decimal) -> str:
    residual = f" + residual {_number(amount.residual)}" if amount.residual else ""
    return f"{_number(amount.pool)} x {_number(share)}{residual} = {_number(amount.amount)}"


def _billed(line: Line, currency: str) -> str:
    facts = line.facts
    what = facts["ChargeDescription"] or facts["SkuId"] or facts["x_ChargeOrigin"]
    where = f"{facts['x_LandedFile']} row {facts['x_LandedRow']}" if facts["x_LandedFile"] else facts["x_ChargeOrigin"]
    resource = facts["ResourceId"] or facts["ResourceName"]
    costs = f"{_number(line.costs['effective'])} effective, {_number(line.costs['billed'])} billed {currency}"
    return f"{costs}: {what}" + (f", {resource}" if resource else "") + f" [{where}]"


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: Any) -> Any:
    """As JSON has it; decimals and days as text, zero as 0.000000000000000000 and not as 0E-18."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if value is None or isinstance(value, bool | int | str) else str(value)
