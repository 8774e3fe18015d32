"""The schemas of Google's billing exports as BigQuery describes them, for tables that tests fill.

https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
"""

from typing import Any

from finops_pipeline.extract.declared import json_shape

_FLOATS = {"cost", "currency_conversion_rate", "cost_at_list", "usage.amount", "usage.amount_in_pricing_units"}
_FLOATS |= {"credits.amount"}
_NUMERICS = {"cost_at_effective_price_default", "cost_at_list_consumption_model", "price.list_price"}
_NUMERICS |= {f"price.{name}" for name in ("effective_price_default", "list_price_consumption_model")}
_NUMERICS |= {f"price.{name}" for name in ("effective_price", "tier_start_amount", "pricing_unit_quantity")}


def detailed_fields() -> list[dict[str, Any]]:
    """The detailed export's columns."""
    return [_field(name, shape, "") for name, shape in json_shape("gcp_detailed").items()]


def standard_fields() -> list[dict[str, Any]]:
    """The standard export's columns: the detailed ones without the resource."""
    return [field for field in detailed_fields() if field["name"] != "resource"]


def focus_fields() -> list[dict[str, Any]]:
    """Columns of the native FOCUS export: NUMERIC amounts, credits and labels as repeated records."""
    names = "BillingAccountId BillingCurrency ChargeCategory ChargeClass ChargeDescription ServiceName SkuId"
    numeric = "BilledCost EffectiveCost ListCost ContractedCost PricingQuantity ConsumedQuantity"
    instant = "BillingPeriodStart BillingPeriodEnd ChargePeriodStart ChargePeriodEnd x_ExportTime"
    pairs = [{"name": "Key", "type": "STRING"}, {"name": "Value", "type": "STRING"}]
    credit = [
        {"name": "Name", "type": "STRING"},
        {"name": "Amount", "type": "NUMERIC"},
        {"name": "Type", "type": "STRING"},
    ]
    return [
        *({"name": name, "type": "STRING"} for name in f"{names} SubAccountId RegionId".split()),
        *({"name": name, "type": "NUMERIC"} for name in numeric.split()),
        *({"name": name, "type": "TIMESTAMP"} for name in instant.split()),
        {"name": "x_CurrencyConversionRate", "type": "FLOAT"},
        {"name": "x_Labels", "type": "RECORD", "mode": "REPEATED", "fields": pairs},
        {"name": "x_Credits", "type": "RECORD", "mode": "REPEATED", "fields": credit},
    ]


def _field(name: str, shape: Any, above: str) -> dict[str, Any]:
    mode = "REPEATED" if isinstance(shape, list) else "NULLABLE"
    inner = shape[0] if isinstance(shape, list) else shape
    place = f"{above}{name}"
    if isinstance(inner, dict):
        fields = [_field(key, value, f"{place}.") for key, value in inner.items()]
        return {"name": name, "type": "RECORD", "mode": mode, "fields": fields}
    kind = "FLOAT" if place in _FLOATS else "NUMERIC" if place in _NUMERICS else {"VARCHAR": "STRING"}.get(inner, inner)
    return {"name": name, "type": kind, "mode": mode}
