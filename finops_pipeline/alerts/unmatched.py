"""What `alerts.yaml` names and nothing has: variables that are not set, owners and checks that nobody publishes.

A misspelt name in a route matches nothing for ever, and nobody is told so.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import duckdb

from finops_pipeline.alerts.configuration import Alerts, missing_variables
from finops_pipeline.alerts.finding import PIPELINE_OWNER, RUN_FAILED, shortened
from finops_pipeline.settings import Settings
from finops_pipeline.side_files.budgets import Budgets
from finops_pipeline.side_files.reading import load_side_file
from finops_pipeline.side_files.tag_policy import load_tag_policy

_OWNERS = """
    select team from fct_cost_allocations
    union
    select owner from fct_budget_status
    union
    select owner from fct_check_results
"""


def amiss(settings: Settings, alerts: Alerts) -> Iterator[str]:
    """One line for each variable, owner or check that `alerts.yaml` names in vain."""
    yield from missing_variables(alerts)
    yield from unmatched_names(settings, alerts)


def unmatched_names(settings: Settings, alerts: Alerts) -> Iterator[str]:
    """One line for each owner and check of a route that nobody is and nothing is called; none before a first run."""
    database = settings.marts / "current" / "marts.duckdb"
    if not database.exists():
        return
    with duckdb.connect(str(database), read_only=True) as marts:
        checks = {name for (name,) in marts.execute("select distinct check_name from fct_check_results").fetchall()}
        owners = {shortened(owner) for (owner,) in marts.execute(_OWNERS).fetchall() if owner}
    checks |= {RUN_FAILED}
    answering = [entry.owner for entry in load_tag_policy(settings.config_path).keys]
    # a budget of months to come is published when they begin
    answering += _budget_owners(settings.config_path)
    owners |= {PIPELINE_OWNER, *(shortened(owner) for owner in answering if owner)}
    for index, route in enumerate(alerts.routes):
        for owner in route.owners or ():
            if owner not in owners:
                known = ", ".join(sorted(owners))
                yield f"alerts.yaml: routes[{index}].owners has {owner!r}, who owns nothing published; known: {known}."
        for pattern in route.checks or ():
            if not any(fnmatchcase(name, pattern) for name in checks):
                place = f"alerts.yaml: routes[{index}].checks has {pattern!r}"
                yield f"{place}, which no published check is called; docs/checks.md and fct_check_results name them."


def _budget_owners(configuration: Path) -> list[str]:
    path = configuration.parent / "budgets.yaml"
    loaded = load_side_file(path, Budgets, lists=("budgets",)) if path.is_file() else Budgets()
    return [entry.owner for entry in loaded.budgets]
