"""Stands for dbt's `adapter` while SQL is linted: the linter renders models without dbt and without a database.

A dispatched macro becomes a call of its name without arguments, which is enough to lint the SQL around it.
"""

from collections.abc import Callable


def dispatch(macro_name: str, macro_namespace: str | None = None) -> Callable[..., str]:
    """A macro that renders as `macro_name()`, whatever it is given."""
    return lambda *arguments, **named: f"{macro_name}()"
