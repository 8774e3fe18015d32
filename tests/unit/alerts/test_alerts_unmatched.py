"""A route that names nobody takes nothing, and somebody should know."""

from pathlib import Path

import duckdb
import pytest

from finops_pipeline.alerts.commands import listed
from finops_pipeline.settings import Settings, load_settings

ALERTS = """
version: 1
channels: [{name: ops, kind: webhook, url_env: HOOK}]
default: [ops]
routes:
  - {owners: [vision, ml, finops, lead, next-year, Vision, "Größe &  Co"], channels: [ops]}
  - {checks: [budgets_are_kept, "daily_*", run_failed, "weekly_*", budgets_are_keept], channels: [ops]}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A company that published once, and its routes."""
    monkeypatch.setenv("HOOK", "https://hook.test")
    (tmp_path / "finops.yaml").write_text("version: 1")
    (tmp_path / "alerts.yaml").write_text(ALERTS)
    (tmp_path / "tag_policy.yaml").write_text("keys: [{key: team, owner: lead}]")
    (tmp_path / "budgets.yaml").write_text(
        "budgets: [{name: later, owner: next-year, period: month, amount: 9, from: 2027-01}]"
    )
    version = tmp_path / "marts" / "current"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "marts.duckdb")) as marts:
        marts.execute("create table fct_cost_allocations as select unnest(['vision', 'Größe &\u00a0Co', null]) as team")
        marts.execute("create table fct_budget_status as select 'ml' as owner")
        marts.execute(
            """create table fct_check_results as
            select unnest(['budgets_are_kept', 'daily_cost_is_usual']) as check_name, null as owner"""
        )
    return load_settings({"FINOPS_HOME": str(tmp_path), "FINOPS_CONFIG": str(tmp_path / "finops.yaml")})


def test_owners_and_checks_that_nothing_published_has_are_told(settings: Settings) -> None:
    _, *told = listed(settings)
    assert [line.split(";")[0] for line in told] == [
        "alerts.yaml: routes[0].owners has 'Vision', who owns nothing published",
        "alerts.yaml: routes[1].checks has 'weekly_*', which no published check is called",
        "alerts.yaml: routes[1].checks has 'budgets_are_keept', which no published check is called",
    ]
    assert told[0].endswith("; known: Größe & Co, finops, lead, ml, next-year, vision.")


def test_before_a_first_run_nobody_can_say(settings: Settings) -> None:
    (settings.marts / "current" / "marts.duckdb").unlink()
    assert len(list(listed(settings))) == 1
