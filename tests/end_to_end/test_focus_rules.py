"""What the official validator does not see: each of these violations, planted into the sample company's bill, is found
by a test of the dbt project.

The tests run as dbt compiled them for the sample company's own run, on a copy of its charges with one change.
"""

from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import Company

CHARGES = "int_charges_attributed_to_owners"
USAGE = (
    "charge_category = 'Usage' and pricing_category = 'Standard' and list_cost > 1 and consumed_quantity is not null"
)
PURCHASE = "charge_origin = 'commitment purchase'"
PLANTED = {
    "contracted cost doubled": (f"contracted_cost = contracted_cost * 2 where {USAGE}", "prices_and_quantities"),
    "list cost doubled": (f"list_cost = list_cost * 2 where {USAGE}", "prices_and_quantities"),
    "usage without priced quantity and unit": (
        f"pricing_quantity = null, pricing_unit = null where {USAGE}",
        "focus_units_and_prices",
    ),
    "a priced quantity without its unit": (f"pricing_unit = null where {USAGE}", "focus_units_and_prices"),
    "usage without consumed quantity and unit": (
        f"consumed_quantity = null, consumed_unit = null where {USAGE}",
        "focus_units_and_prices",
    ),
    "a consumed quantity on a purchase": (
        f"consumed_quantity = 1, consumed_unit = 'Hours' where {PURCHASE}",
        "focus_units_and_prices",
    ),
    "a price on tax": ("list_unit_price = 1 where charge_category = 'Tax'", "focus_units_and_prices"),
    "a SKU on tax": ("sku_id = 'sku' where charge_category = 'Tax'", "focus_units_and_prices"),
    "usage without pricing category": (f"pricing_category = null where {USAGE}", "focus_units_and_prices"),
    "a purchase called committed": (f"pricing_category = 'Committed' where {PURCHASE}", "focus_units_and_prices"),
    "a purchase called usage-based": (f"charge_frequency = 'Usage-Based' where {PURCHASE}", "focus_units_and_prices"),
    "covered usage that is billed again": (
        "billed_cost = effective_cost where commitment_discount_status = 'Used' and provider = 'aws'",
        "focus_units_and_prices",
    ),
    "unused commitment that is billed again": (
        "billed_cost = effective_cost where commitment_discount_status = 'Unused'",
        "focus_units_and_prices",
    ),
    "commitment facts without its id": (
        "commitment_discount_id = null where commitment_discount_status is not null",
        "focus_units_and_prices",
    ),
    "a credit that costs something else": (
        "effective_cost = effective_cost + 1 where charge_category = 'Credit'",
        "focus_units_and_prices",
    ),
    "a negative unit price": (f"contracted_unit_price = -1 where {USAGE}", "focus_units_and_prices"),
    "a region without its name": ("region_name = null where region_id is not null", "focus_units_and_prices"),
    "a resource without type": ("resource_type = null where resource_id is not null", "focus_units_and_prices"),
    "a currency in lower case": (f"billing_currency = 'usd' where {USAGE}", "focus_units_and_prices"),
    "a category nobody knows": (f"charge_category = 'usage' where {USAGE}", "values_are_those_of_focus"),
    "a billed cost that is null": (f"billed_cost = null where {USAGE}", "columns_that_focus_requires"),
    "one price of two SKUs": (
        "sku_id = charge_id where sku_price_id is not null and provider = 'aws'",
        "a_price_belongs_to_one_sku",
    ),
}
"""What is planted (an update of the charges) and the test that must find it."""


@pytest.fixture(scope="module")
def compiled_tests(published_company: Company) -> dict[str, str]:
    """Name to SQL of every test of the normalized charges, reading a table of the same name in any database."""
    manifest_folder = published_company.home / "dbt/compiled"
    tests = {
        path.stem: path.read_text().replace(f'"warehouse"."main"."{CHARGES}"', f'"{CHARGES}"')
        for path in manifest_folder.rglob("_normalize__models.yml/*.sql")
    }
    return {name: sql for name, sql in tests.items() if f'"{CHARGES}"' in sql and '"warehouse"' not in sql}


@pytest.fixture(scope="module")
def charges(published_company: Company) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        warehouse = published_company.home / "warehouse.duckdb"
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(f"create table delivered as select * from warehouse.main.{CHARGES}")
        yield connection


def _found(connection: duckdb.DuckDBPyConnection, tests: dict[str, str]) -> set[str]:
    """The tests that return offending rows."""
    return {name for name, sql in tests.items() if connection.execute(f"select 1 from ({sql}) limit 1").fetchall()}


def test_the_sample_company_itself_breaks_no_rule(charges: duckdb.DuckDBPyConnection, compiled_tests: dict[str, str]):
    charges.execute(f"create or replace view {CHARGES} as select * from delivered")
    assert len(compiled_tests) >= 9
    assert _found(charges, compiled_tests) == set()


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_violation_is_found(charges: duckdb.DuckDBPyConnection, compiled_tests: dict[str, str], planted: str):
    change, finder = PLANTED[planted]
    charges.execute(f"drop view if exists {CHARGES}")
    charges.execute(f"create or replace table {CHARGES} as select * from delivered")
    try:
        [(changed,)] = charges.execute(f"update {CHARGES} set {change}").fetchall()
        assert changed > 0
        finders = _found(charges, compiled_tests)
        assert any(name.startswith((finder, f"source_{finder}")) or finder in name for name in finders), finders
    finally:
        charges.execute(f"drop table {CHARGES}")


def test_doubled_rows_are_found(charges: duckdb.DuckDBPyConnection, compiled_tests: dict[str, str]):
    charges.execute(f"drop view if exists {CHARGES}")
    charges.execute(f"create or replace view {CHARGES} as select * from delivered union all select * from delivered")
    assert "charges_are_there_once" in _found(charges, compiled_tests)
    charges.execute(f"drop view {CHARGES}")
