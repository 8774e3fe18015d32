"""The worked example of docs/allocation.md, recomputed by the macro the pipeline runs."""

import re
from decimal import Decimal

from finops_pipeline.reciprocal import WHOLE, service_exits
from finops_pipeline.settings import PROJECT_ROOT
from tests.properties.test_split_exactly import QUANTUM, Pool, run_split

ROW = re.compile(r"^\| (workload a|workload b|idle) \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)
KEYS = {"workload a": "workload=a", "workload b": "workload=b", "idle": "~idle"}


def test_the_worked_example_of_the_documentation_is_what_the_macro_gives():
    documented = ROW.findall((PROJECT_ROOT / "docs" / "allocation.md").read_text())
    assert [row[0] for row in documented] == list(KEYS)
    weights = {KEYS[name]: int(quantity) * 1_000_000 for name, quantity, *_ in documented}
    parts = {part["consumer_key"]: part for part in run_split([Pool((100 * QUANTUM,) * 4, weights)])}
    for name, quantity, total, share, cost in documented:
        part = parts[KEYS[name]]
        assert part["share"] == Decimal(share)
        assert part["effective_cost"] == Decimal(cost)
        assert part["weight"] == int(quantity) * 1_000_000
        assert part["total_weight"] == int(total) * 1_000_000
    assert sum(Decimal(cost) for *_, cost in documented) == 100


SERVICE_ROW = re.compile(r"^\| (auth|gateway) \| (auth|gateway) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)


def test_the_services_of_the_documentation_are_solved_as_it_says():
    documented = SERVICE_ROW.findall((PROJECT_ROOT / "docs" / "allocation.md").read_text())
    exits = service_exits([("auth", "gateway", 2), ("auth", None, 2), ("gateway", "auth", 1), ("gateway", None, 3)])
    assert [(row[0], row[1], Decimal(row[2]) * WHOLE) for row in documented] == [
        (leaving.service, leaving.exit_service, leaving.weight) for leaving in exits
    ]
    costs = {"auth": 7, "gateway": 14}
    pools = [
        Pool((cost * QUANTUM,) * 4, {x.exit_service: x.weight for x in exits if x.service == service})
        for service, cost in costs.items()
    ]
    assert [Decimal(row[3]) for row in documented] == [part["effective_cost"] for part in run_split(pools)]
    assert sum(Decimal(row[3]) for row in documented) == 21
