"""Every published amount leads back to the lines of the bill, and its factors give it to the last digit."""

import json
from decimal import Decimal

import duckdb
import jsonschema
import pytest

from finops_pipeline.explain import COSTS, cut_off_part, explain
from finops_pipeline.explain_text import as_json
from tests.conftest import CHECKOUT, Company


def test_the_factors_of_every_hop_give_its_amount(published_company: Company):
    parts = ", ".join(f"{part}, {residual}" for part, residual, _ in COSTS.values())
    charges = ", ".join(f"sum({column}) as {name}" for name, (*_, column) in COSTS.items())
    parents = ", ".join(f"{part} as {name}" for name, (part, *_) in COSTS.items())
    rows = published_company.query(f"""
        with pools as (
            select x_PoolId as pool_id, {charges} from focus_cost_and_usage group by x_PoolId
            union all
            select allocation_id, {parents} from fct_allocation_steps where not is_final
        )
        select share, {", ".join(f"pools.{name}" for name in COSTS)}, {parts}
        from fct_allocation_steps
        left join pools using (pool_id)
    """)
    [(amounts,)] = published_company.query("select count(*) from fct_cost_allocations")
    assert len(rows) >= amounts > 10_000
    for share, *values in rows:
        pools, pairs = values[: len(COSTS)], values[len(COSTS) :]
        for number, pool in enumerate(pools):
            amount, residual = pairs[2 * number], pairs[2 * number + 1]
            assert cut_off_part(pool, share) + residual == amount


def test_amounts_of_every_method_are_explained_down_to_landed_lines(published_company: Company):
    ids = published_company.query("""
        select allocation_id from fct_cost_allocations
        qualify row_number() over (partition by source_name, method, is_idle order by allocation_id) <= 4
    """)
    assert len(ids) > 60
    schema = jsonschema.Draft202012Validator(json.loads((CHECKOUT / "docs/explain.schema.json").read_text()))
    addresses = set()
    for (allocation_id,) in ids:
        found = explain(published_company.current, allocation_id, lines=None)
        assert found.holds
        schema.validate(json.loads(as_json(found)))
        assert len(found.lines) == found.line_count > 0
        assert sum(line.costs["billed"] for line in found.lines) == found.hops[-1].amounts["billed"].pool
        addresses |= {
            tuple(line.facts[name] for name in ("x_DeliveryId", "x_LandedFile", "x_LandedRow")) for line in found.lines
        }
    tables = ("aws_cur2", "aws_cur1", "gcp_detailed", "azure_cost_details")
    files = [
        str(path) for table in tables for path in published_company.home.glob(f"landing/{table}/*/**/part-*.parquet")
    ]
    landed = duckdb.execute(
        "select x_delivery_id, x_file, x_row from read_parquet(?, union_by_name = true)", [files]
    ).fetchall()
    assert addresses <= set(landed)


def test_the_command_prints_a_tree_and_json_of_the_same_amount(published_company: Company):
    [(allocation_id, cost)] = published_company.query("""
        select allocation_id, allocated_effective_cost from fct_cost_allocations
        where method = 'gpu_hours' and not is_idle and driver_quantity < driver_total order by allocation_id limit 1
    """)
    tree = published_company.finops("explain", allocation_id)
    assert tree.exit_code == 0, tree.output
    assert "every factor holds to the last digit" in tree.output
    assert "GPU-Hours" in tree.output
    described = published_company.finops("explain", allocation_id, "--json", "--lines", "0")
    content = json.loads(described.output)
    assert content["holds"] is True
    assert Decimal(content["hops"][0]["amounts"]["effective"]["amount"]) == cost
    assert len(content["lines"]) == content["line_count"]


@pytest.mark.parametrize("unknown", ["nope", "0" * 32])
def test_an_unknown_amount_is_refused_and_says_where_ids_come_from(published_company: Company, unknown: str):
    finished = published_company.finops("explain", unknown)
    assert finished.exit_code == 2
    assert unknown in finished.output
    assert "fct_cost_allocations" in finished.output
