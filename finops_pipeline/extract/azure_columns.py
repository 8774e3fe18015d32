"""Column names of Azure cost files in English.

Portals in other languages write the English name in brackets behind theirs: `Abonnement-GUID (SubscriptionGuid)` is the
column SubscriptionGuid. No English name holds a bracket.
"""

import re

from finops_pipeline.extract.duck import quoted
from finops_pipeline.extract.reading import Relation

_LOCALIZED = re.compile(r".*\S\s*\(\s*([A-Za-z][A-Za-z0-9_]*)\s*\)(_\d+)?")


def in_english(found: Relation) -> Relation:
    """The relation with the English names of its localized columns; the others keep theirs.

    Where the file has a column of that name already, the localized one keeps its own.
    """
    names: dict[str, str] = {}
    taken = {name.lower() for name in found.columns}
    for name in found.columns:
        match = _LOCALIZED.fullmatch(name)
        english = match[1] + (match[2] or "") if match else name
        if english != name and english.lower() in taken:
            english = name
        taken.add(english.lower())
        names[name] = english
    if all(name == english for name, english in names.items()):
        return found
    select = ", ".join(f"{quoted(name)} as {quoted(english)}" for name, english in names.items())
    columns = {names[name]: type_ for name, type_ in found.columns.items()}
    return Relation(f"select {select}, x_row from ({found.sql})", columns)
