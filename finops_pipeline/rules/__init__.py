"""The allocation rules: `allocation.yaml` as a typed model, and the tables that dbt reads them from.

What a rule *does* is SQL (`dbt_project/models/intermediate/allocate`); this package only says what may be written in
the file (`rule.py`, `selection.py`, `drivers.py`), turns mistakes into messages that name the line (`reading.py`), and
lands the rules (`tables.py`). `finops.yaml` is read elsewhere (`config.py`).
"""

from finops_pipeline.rules.reading import DEFAULT_RULES, RulesLocation, load_rules
from finops_pipeline.rules.rule import Rule
from finops_pipeline.rules.ruleset import AllocationRules, RulePeriod, normalized_keys
from finops_pipeline.rules.selection import normalized_key
from finops_pipeline.rules.tables import write_rule_tables

__all__ = [
    "DEFAULT_RULES",
    "AllocationRules",
    "Rule",
    "RulePeriod",
    "RulesLocation",
    "load_rules",
    "normalized_key",
    "normalized_keys",
    "write_rule_tables",
]
