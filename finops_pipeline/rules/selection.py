"""Which charges a rule takes: conditions on FOCUS columns and tags, with explicit operators.

A condition is a value, a list of values, or operators: `ServiceName: [A, B]`, `ResourceId: {starts_with: arn:}`. All
conditions of a rule must hold. The columns are those of `focus_cost_and_usage`, so a selection can be tried there.
"""

import json
import re
from typing import Annotated, Any

import duckdb
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

SELECTABLE = (
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingCurrency",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ConsumedUnit",
    "HostProviderName",
    "InvoiceId",
    "InvoiceIssuerName",
    "PricingCategory",
    "PricingUnit",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "x_SourceName",
    "x_ChargeOrigin",
    "x_CostLayer",
    "x_Cluster",
    "x_NodePool",
    "x_GpuModel",
    "x_CapacityType",
    "x_Bucket",
    "x_StorageClass",
    "x_ModelId",
    "x_ModelFamily",
    "x_TokenDirection",
    "x_Team",
    "x_Project",
    "x_Environment",
    "x_ModelName",
    "x_WorkloadType",
    "x_BusinessUnit",
    "x_Owner",
    "x_CostCenter",
    "x_Dataset",
    "x_OwnerSource",
)
"""The text columns of `focus_cost_and_usage` that a rule may compare."""

POOL_FACTS = (
    "x_SourceName",
    "BillingAccountId",
    "SubAccountId",
    "ChargeCategory",
    "PricingCategory",
    "ServiceCategory",
    "ServiceName",
    "RegionId",
    "x_CostLayer",
)
"""Columns that no pool spans two values of: overhead can be kept within them."""

_OPERATORS = ("in", "not_in", "starts_with", "ends_with", "contains", "matches", "exists")


def charge_column(focus_name: str) -> str:
    """The column of the charges' models behind a FOCUS name: ServiceName is service_name, x_GpuModel gpu_model."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", focus_name.removeprefix("x_")).lower()


def _selectable(column: str) -> str:
    if column not in SELECTABLE:
        raise ValueError(f"{column!r} is not a column to select by; allowed: {', '.join(SELECTABLE)}")
    return column


def _pool_fact(column: str) -> str:
    if column not in POOL_FACTS:
        raise ValueError(f"{column!r} cannot bound overhead; allowed: {', '.join(POOL_FACTS)}")
    return column


SelectColumn = Annotated[str, AfterValidator(_selectable)]
PoolFact = Annotated[str, AfterValidator(_pool_fact)]


def _texts(value: Any) -> Any:
    """One value as a list; numbers are refused, since YAML has already dropped their leading zeros."""
    values = value if isinstance(value, list) else [value]
    for item in values:
        if not isinstance(item, str):
            raise ValueError(f"{item!r} is no text; write it in quotes")
        if not item.strip():
            raise ValueError("an empty text compares with nothing; a charge without a value is exists: false")
    if not values:
        raise ValueError("an empty list selects nothing; give at least one value")
    return values


Texts = Annotated[list[str], BeforeValidator(_texts)]


def normalized_key(key: str) -> str:
    """A tag key as staging compares it: lower case, without separators."""
    return re.sub(r"[-_:./\s]", "", key.lower())


class Condition(BaseModel):
    """Operators on one column or tag. `in` and `not_in` compare whole values, as delivered, letter for letter."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    among: Texts | None = Field(default=None, alias="in")
    not_in: Texts | None = None
    starts_with: Texts | None = None
    ends_with: Texts | None = None
    contains: Texts | None = None
    matches: Texts | None = None
    exists: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_values_mean_in(cls, value: Any) -> Any:
        if isinstance(value, dict):
            if not value:
                raise ValueError(f"expected a value, a list, or operators: {', '.join(_OPERATORS)}")
            return value
        return {"in": [] if value is None else value}

    @model_validator(mode="after")
    def _compares_with_something(self) -> "Condition":
        if any(getattr(self, name) is None for name in self.model_fields_set):  # it would hold of every charge
            raise ValueError("an operator without a value; give one, or exists: false for charges without a value")
        return self

    @field_validator("matches")
    @classmethod
    def _is_a_pattern(cls, patterns: list[str] | None) -> list[str] | None:
        # asked of the engine that will compare: Python's own expressions know what it does not, such as (?!...)
        for pattern in patterns or []:
            try:
                duckdb.execute("select regexp_matches('', $1)", [pattern])
            except duckdb.InvalidInputException as error:
                fault = str(error).removeprefix("Invalid Input Error: ")
                raise ValueError(
                    f"{pattern!r} is no regular expression of RE2 ({fault}), which has no look-around; "
                    "not_in is the opposite of in"
                ) from None
        return patterns

    def operators(self) -> list[dict[str, Any]]:
        """The operators written down, in a fixed order, as plain values."""
        written = self.model_dump(by_alias=True, exclude_none=True)
        return [{"operator": name, "value": written[name]} for name in _OPERATORS if name in written]


def as_json(columns: dict[str, Condition], tags: dict[str, Condition]) -> str:
    """All conditions of a rule as one text, the way `rule_condition` of the dbt project reads them."""
    conditions = [
        {"column": charge_column(name), "tag": None, **operator}
        for name, condition in sorted(columns.items())
        for operator in condition.operators()
    ]
    conditions += [
        {"column": None, "tag": normalized_key(key), **operator}
        for key, condition in sorted(tags.items())
        for operator in condition.operators()
    ]
    return json.dumps(conditions, sort_keys=True)
