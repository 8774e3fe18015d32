"""The schemas of Google's billing exports as BigQuery describes them, for tables that tests fill.

The declared columns tell names and nesting; which amounts are FLOAT and which NUMERIC stands here.
https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
"""

from typing import Any

from finops_pipeline.extract.declared import json_shape

_FLOATS = {"cost", "currency_conversion_rate", "cost_at_list", "usage.amount", "usage.amount_in_pricing_units"}
_FLOATS |= {"credits.amount", "x_CurrencyConversionRate"}
_NUMERICS = {"cost_at_effective_price_default", "cost_at_list_consumption_model", "x_Credits.Amount"}
_NUMERICS |= {f"price.{name}" for name in ("list_price", "effective_price_default", "list_price_consumption_model")}
_NUMERICS |= {f"price.{name}" for name in ("effective_price", "tier_start_amount", "pricing_unit_quantity")}
_NUMERIC_ENDINGS = ("Cost", "Quantity", "UnitPrice", "PriceDefault", "ConsumptionModel")


def fields_of(table: str) -> list[dict[str, Any]]:
    """The columns of `gcp_detailed`, `gcp_standard` or `gcp_focus`."""
    return [_field(name, shape, "") for name, shape in json_shape(table).items()]


def _field(name: str, shape: Any, above: str) -> dict[str, Any]:
    mode = "REPEATED" if isinstance(shape, list) else "NULLABLE"
    inner = shape[0] if isinstance(shape, list) else shape
    place = f"{above}{name}"
    if isinstance(inner, dict):
        fields = [_field(key, value, f"{place}.") for key, value in inner.items()]
        return {"name": name, "type": "RECORD", "mode": mode, "fields": fields}
    return {"name": name, "type": _type(place, inner), "mode": mode}


def _type(place: str, declared: str) -> str:
    if place in _FLOATS:
        return "FLOAT"
    if place in _NUMERICS or (_is_focus(place) and place.endswith(_NUMERIC_ENDINGS)):
        return "NUMERIC"
    return {"VARCHAR": "STRING"}.get(declared, declared)


def _is_focus(place: str) -> bool:
    """FOCUS columns are written in PascalCase, some behind `x_`."""
    return place.removeprefix("x_")[0].isupper()
