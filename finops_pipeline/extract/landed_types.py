"""In which types columns are landed, so that files, deliveries and sources of one table can be read as one.

A column keeps its type where it is the declared one. Any other is landed as text: text unifies with every scalar type
without losing a digit, while a DECIMAL beside a DOUBLE, or a number beside a list, would not. What was delivered is
kept in `_delivery.json`.
"""

import re

from finops_pipeline.extract.duck import quoted
from finops_pipeline.extract.reading import Relation


def settled(found: Relation, declared: dict[str, str]) -> Relation:
    """The relation with every column in a type that unifies with the declared one and with every other delivery."""
    declared = {name.lower(): type_ for name, type_ in declared.items()}
    types: dict[str, str] = {}
    select: list[str] = []
    for name, delivered in found.columns.items():
        types[name] = _landed_type(delivered, declared.get(name.lower()))
        if types[name] == delivered:
            select.append(quoted(name))
            continue
        text = f"cast(to_json({quoted(name)}) as varchar)" if _kind(delivered) != "scalar" else quoted(name)
        select.append(f"cast({text} as varchar) as {quoted(name)}")
    if types == found.columns:
        return found
    return Relation(f"select {', '.join(select)}, x_row from ({found.sql})", types)


def _landed_type(delivered: str, declared: str | None) -> str:
    """The type to land a column in.

    A nested column that is declared as a scalar, or as another kind of nesting, becomes JSON text. One that is declared
    alike stays, since its fields unify by name; one that is not declared stays too, since no model reads it.
    """
    if delivered == declared:
        return delivered
    kind = _kind(delivered)
    return delivered if kind != "scalar" and (declared is None or _kind(declared) == kind) else "VARCHAR"


def _kind(type_: str) -> str:
    if type_.endswith("]"):
        return "list"
    match = re.match(r"(STRUCT|MAP)\(", type_)
    return match[1].lower() if match else "scalar"
