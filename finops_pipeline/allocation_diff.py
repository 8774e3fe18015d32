"""Who pays more and who pays less under other rules, before anyone puts them in force.

The month's ledger of the last run is built once more, under the other rules, in a scratch copy of the warehouse: the
same charges, the same feeds, the same models. What is published and what the next run finds stay as they are.
"""

import os
import shutil
import subprocess
import tempfile
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from finops_pipeline.errors import FinopsError
from finops_pipeline.resources.dbt import dbt_environment, dbt_executable, parsed_target
from finops_pipeline.rules import AllocationRules, write_rule_tables
from finops_pipeline.run_lock import hold_run_lock
from finops_pipeline.settings import DBT_PROJECT_DIR, Settings

_REBUILT = ["--select", "stg_allocation_rules", "path:models/intermediate/allocate"]
_INPUTS = "int_month_inputs"
_NOT_REBUILT = ["--exclude", "int_costs_reconciled_with_deliveries", "int_deliveries_with_totals", _INPUTS]
_LEDGER = """
    select
        billing_currency,
        case
            when team is not null then team
            when is_idle then 'idle, carried by nobody'
            when is_unallocated then 'unallocated'
            else 'without a team'
        end as payer,
        sum(allocated_effective_cost) as cost
    from int_allocations_unioned
    where billing_period = ?
    group by all
"""


@dataclass(frozen=True)
class Difference:
    """What a payer (a team, or nobody for a reason) carries under the rules in force and under the others."""

    billing_currency: str
    payer: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """Positive: pays more under the other rules."""
        return self.after - self.before


def allocation_diff(settings: Settings, rules: AllocationRules, period: str) -> list[Difference]:
    """Effective cost by payer under the rules of the last run and under others, the largest change first.

    Raises:
        FinopsError: there is no ledger yet, it has nothing of the period, or dbt failed.
        RunInProgressError: a run is writing the warehouse.
    """
    if not settings.warehouse.exists():
        raise FinopsError(f"No ledger stands in {settings.home}; run `finops run` first.")
    with tempfile.TemporaryDirectory(prefix=".allocation-diff-", dir=settings.home) as folder:
        scratch = replace(settings, home=Path(folder))
        held = {"command": "finops allocation diff", "run_id": str(uuid.uuid4()), "now": datetime.now(UTC)}
        with hold_run_lock(settings.run_lock, **held):
            shutil.copyfile(settings.warehouse, scratch.warehouse)
        before = _costs(scratch.warehouse, period)
        if not before:
            raise FinopsError(f"The ledger has nothing of {period}; take a month that `finops run` has read.")
        _ask_for_one_month(scratch.warehouse, period)
        write_rule_tables(rules, scratch.landing)
        _rebuild(scratch)
        after = _costs(scratch.warehouse, period)
    nothing = Decimal(0)
    rows = [Difference(*key, before.get(key, nothing), after.get(key, nothing)) for key in sorted({*before, *after})]
    return sorted(rows, key=lambda row: (row.billing_currency, -abs(row.difference), row.payer))


def _costs(warehouse: Path, period: str) -> dict[tuple[str, str], Decimal]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(_LEDGER, [period]).fetchall()
    return {(currency, payer): cost for currency, payer, cost in rows}


def _ask_for_one_month(warehouse: Path, period: str) -> None:
    """The models make the months whose inputs have changed: here, what was delivered of this one."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"update {_INPUTS} set is_changed = coalesce(billing_period = ?, false)", [period])


def _rebuild(scratch: Settings) -> None:
    target = str(parsed_target(scratch.home / "dbt"))
    places = ["--profiles-dir", str(DBT_PROJECT_DIR), "--target-path", target, "--log-path", target]
    done = subprocess.run(
        [dbt_executable(), "--no-use-colors", "run", *_REBUILT, *_NOT_REBUILT, *places],
        cwd=DBT_PROJECT_DIR,
        env={**os.environ, **dbt_environment(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise FinopsError(f"The ledger cannot be built under these rules:\n{done.stdout[-2000:]}")
