"""Do the lookups know what is billed? What no seed knows is kept as delivered or called unclassified, and counted here.

Services have a check of their own beside the ledger (`drivers.usage_cost_is_classified`).
"""

from decimal import Decimal

import duckdb

from finops_pipeline.checks.outcome import CheckOutcome, Offender, exact

UNKNOWN_SHARE_ALLOWED = 0.02
"""Share of the usage cost a lookup applies to that it may not know: 2 % (November 2026), as for services. More is a new
model or unit that has come into use, and unit costs by model begin to miss it."""

_LOOKS_LIKE_A_GPU = (
    # what providers write into their meters, and AWS's families of GPU machines
    r"(?i)\b(gpu|nvidia|tesla|[abh][12]00|l40s?|mi[23]\d\d)\b|[:-](ml\.)?(p[2-6]|g[3-7])[a-z]*\."
)

_LOOKUPS = {
    "AI model": (
        "tells the model of what is billed by the token, and of generative AI",
        "service_subcategory = 'Generative AI' or token_direction is not null or pricing_unit ilike '%token%'",
        "coalesce(model_id, 'unclassified') = 'unclassified'",
        "ai_models",
    ),
    "GPU": (
        "tells the GPUs of machines that have some",
        f"regexp_matches(sku_meter, '{_LOOKS_LIKE_A_GPU}')"
        " and charge_frequency = 'Usage-Based' and consumed_unit in ('Hours', 'GPU-Hours')",
        "gpu_model is null",
        "machine_meters and gpu_instances",
    ),
    "pricing unit": (
        "writes a unit as FOCUS does",
        "pricing_unit <> 'Units'",
        "pricing_unit not in (select units.pricing_unit from pricing_units as units)",
        "pricing_units",
    ),
    "storage class": (
        "tells the class of what lies in a bucket",
        "bucket is not null",
        "storage_measure is null",
        "storage_meters",
    ),
}
"""Lookup to what it does, the charges it applies to, those of them it does not know, and its seed."""


def lookups_know_what_is_billed(warehouse: duckdb.DuckDBPyConnection) -> CheckOutcome:
    """In the newest two months each lookup knows 98 % of the usage cost it applies to, per source and currency.

    What is new on a bill is a large part of a month and a small one of three years.

    Args:
        warehouse: has `int_charges_attributed_to_owners` and the seed `pricing_units`.
    """
    queries = [
        f"""select '{lookup}' as lookup, source_name, billing_currency, coalesce(sku_meter, service_name) as meter,
                coalesce({is_unknown}, false) as is_unknown, sum(meter_cost) as meter_cost
            from meters where {applies} group by all"""
        for lookup, (_, applies, is_unknown, _) in _LOOKUPS.items()
    ]
    newest = warehouse.execute(
        "select distinct billing_period from int_charges_attributed_to_owners order by 1 desc limit 2"
    ).fetchall()
    rows = warehouse.execute(
        f"""
        with meters as materialized (
            select source_name, billing_currency, service_name, service_subcategory, charge_frequency, sku_meter,
                pricing_unit, consumed_unit, token_direction, model_id, gpu_model, bucket, storage_measure,
                sum(effective_cost) as meter_cost
            from int_charges_attributed_to_owners
            where charge_category = 'Usage' and coalesce(commitment_discount_status, '') <> 'Unused'
                and charge_origin <> 'amortized prepayment' and effective_cost > 0
                and billing_period >= ?
            group by all
        ),
        looked_up as ({" union all ".join(queries)})
        select lookup, source_name, billing_currency, sum(meter_cost) as total_cost,
            coalesce(sum(meter_cost) filter (is_unknown), 0) as unknown_cost,
            -- the worst first, as many as fit in a line
            array_to_string((list(meter order by meter_cost desc, meter) filter (is_unknown))[:5], ', ') as worst
        from looked_up
        group by all
        order by unknown_cost / total_cost desc, lookup, source_name, billing_currency
        """,
        newest[-1] if newest else (None,),
    ).fetchall()
    return CheckOutcome(
        observed="unknown share of cost: "
        + (", ".join(f"{_share(row):.1%} of {row[0]}s in {row[1]}" for row in rows if row[4]) or "none"),
        expected=f"at most {UNKNOWN_SHARE_ALLOWED:.0%} of the cost that a lookup applies to",
        next_step="Add the meters named to the lookup's seed in dbt_project/seeds, each with an example.",
        offenders=[
            Offender(
                f"{lookup} {source} {currency}",
                f"{exact(unknown)} of {exact(cost)} unclassified: {worst}",
                f"a row in {_LOOKUPS[lookup][3]}, which {_LOOKUPS[lookup][0]}",
            )
            for lookup, source, currency, cost, unknown, worst in rows
            if unknown > cost * Decimal(str(UNKNOWN_SHARE_ALLOWED))
        ],
    )


def _share(row: tuple) -> float:
    return float(row[4]) / float(row[3])
