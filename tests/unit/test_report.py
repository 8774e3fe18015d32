"""The tables that a run ends with: what has one name in them is one sum."""

import io

import duckdb
from rich.console import Console

from finops_pipeline.report import _print_costs

LAYERS = """
    create table fct_cost_layers as
    select *, 'USD' as billing_currency
    from (values
        ('vision', 'training', 70.00), ('vision', 'credits', -5.00), ('vision', 'idle', 4.00), ('ads', 'storage', 9.00),
        (null, 'idle', 6.00), (null, 'unallocated', 10.00), (null, 'inference', 3.00), (null, 'tax', 2.00),
        (null, 'credits', -1.00)
    ) as t (team, cost_use, effective_cost)
"""


def test_what_has_no_team_is_cut_and_named_as_the_uses_are():
    console = Console(file=io.StringIO(), width=100)
    with duckdb.connect() as marts:
        marts.execute(LAYERS)
        _print_costs(console, marts)
    lines = [line.strip("│").split("│") for line in console.file.getvalue().splitlines() if line.startswith("│")]
    assert [(owner.strip(), cost.strip()) for owner, cost, _ in lines] == [
        ("vision", "65.00"),
        ("ads", "9.00"),
        ("idle capacity", "10.00"),
        ("unallocated", "10.00"),
        ("inference without a team", "3.00"),
        ("tax without a team", "2.00"),
        ("credits without a team", "-1.00"),
        ("total", "98.00"),
    ]
