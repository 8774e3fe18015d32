"""What a dbt test claims and what to do when it fails, as the Dagster UI shows it beside the check.

A test that says so itself (`description:` in its YAML) is taken at its word. Of the others, which are keys, lists and
sums, kind and arguments say the claim. What a failing row looks like stands in the test's SQL.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_Arguments = Mapping[str, Any]

_DOUBLED = "Something is there twice: a file or lookup says it in two lines, or the pipeline doubled a row (report it)."
_LOST = "The pipeline has lost or invented cost: please report it."
_UNLISTED = "A delivery or file says what nobody foresaw: look at what stands there, and whether a lookup lacks a line."
_EMPTY = "A delivery or file lacks what it should say, or the pipeline lost it (report it)."

_KINDS: Mapping[str, tuple[Callable[[str, _Arguments], str], str]] = {
    "unique": (lambda model, said: f"No two rows of {model} have the same {said['column_name']}.", _DOUBLED),
    "primary_key": (lambda model, said: f"Each row of {model} has a {said['column_name']} of its own.", _DOUBLED),
    "unique_combination": (
        lambda model, said: f"No two rows of {model} are alike in {_list(said['columns'])}.",
        _DOUBLED,
    ),
    "not_null": (lambda model, said: f"Each row of {model} has a {said['column_name']}.", _EMPTY),
    "filled_columns": (lambda model, said: f"{_list(said['columns'])} of {model} are never empty.", _EMPTY),
    "never_null": (lambda model, said: f"{_list(said['columns'])} of {model} are never empty.", _EMPTY),
    "accepted_values": (
        lambda model, said: f"{said['column_name']} of {model} is one of {_list(said['values'], 'or')}.",
        _UNLISTED,
    ),
    "listed_values": (
        lambda model, said: f"{_list(said['columns'])} of {model} have only values that are listed for them.",
        _UNLISTED,
    ),
    "accepted_range": (
        lambda model, said: f"{said['column_name']} of {model} is {_range(said)}.",
        "A feed's quantity, or what was made of it, is out of bounds: look at the rows.",
    ),
    "one_value_per": (
        lambda model, said: f"{_list(said['per_columns'])} of {model} go with one {_list(said['of_columns'])} each.",
        "Two rows contradict each other.",
    ),
    "example_wins": (
        lambda model, said: f"Each pattern of {model} is the first that matches its own example.",
        "A new row takes the meters of an older one: make its pattern narrower, or put it further down.",
    ),
    "allocation_conserves_cost": (
        lambda model, said: (
            f"{_list(said['costs'])} of {model} sum to {_list(dict.fromkeys(said['costs'].values()))}"
            f" of {_referred(said['of_model'])}, for each {_list(said['by'])}, to the last digit."
        ),
        _LOST,
    ),
    "no_charge_dropped": (
        lambda model, said: f"{model} holds the charges of {_referred(said['of_model'])}, all of them and no others.",
        _LOST,
    ),
    "split_charges_are_whole": (
        lambda model, said: f"The rows of each pool in {model} sum to the pool in {_referred(said['of_model'])}.",
        _LOST,
    ),
    "shares_sum_to_one": (
        lambda model, said: f"{said['column_name']} of {model} sums to exactly 1 for each {_list(said['by'])}.",
        _LOST,
    ),
}

_ROWS = "`fct_check_results` names source, model and month of the failing rows, where they have one."


def described(test: Mapping[str, Any]) -> str | None:
    """Claim, consequence and what to look at; None for a test of a kind that says nothing by itself.

    Args:
        test: the test's node in dbt's manifest.
    """
    kind, written = _kind(test), _written(test)
    if not written and kind not in _KINDS:
        return None
    blocks = test["config"]["severity"].lower() == "error"
    consequence = f"If it fails, {'nothing is published' if blocks else 'the run warns and publishes'}."
    if written:
        return f"{written} {consequence} {_ROWS}"
    claim, cause = _KINDS[kind]
    model = test["attached_node"].split(".")[-1]
    return f"{claim(model, test['test_metadata']['kwargs'])} {consequence} {cause} {_ROWS}"


def next_step(test: Mapping[str, Any]) -> str | None:
    """What to do when the test fails: in its own words, else what its kind means."""
    return _written(test) or _KINDS.get(_kind(test), (None, None))[1]


def _kind(test: Mapping[str, Any]) -> str:
    return (test.get("test_metadata") or {}).get("name", "")


def _written(test: Mapping[str, Any]) -> str:
    return " ".join((test.get("description") or "").split())


def _list(names: Any, word: str = "and") -> str:
    *others, last = [str(name) for name in names]
    return f"{', '.join(others)} {word} {last}" if others else last


def _range(said: _Arguments) -> str:
    bounds = [("at least", said.get("min_value")), ("at most", said.get("max_value"))]
    return _list([f"{words} {value}" for words, value in bounds if value is not None])


def _referred(reference: str) -> str:
    return re.sub(r"^.*ref\('(\w+)'\).*$", r"\1", reference)
