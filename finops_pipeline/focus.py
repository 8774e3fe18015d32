"""The FOCUS standard as this package speaks it: version, columns, types. One source of truth; no provider's mapping.

Facts of the Cost and Usage dataset of the FinOps Open Cost and Usage Specification (FinOps Foundation, CC BY 4.0).
"""

from typing import NamedTuple

FOCUS_VERSION = "1.4"


class FocusColumn(NamedTuple):
    """One column of the Cost and Usage dataset."""

    name: str
    data_type: str
    """Type in the marts: JSON columns are text, decimals the money type, instants UTC timestamps."""
    feature_level: str
    """Mandatory, Conditional or Recommended."""
    allows_nulls: bool
    since: str
    """The FOCUS version that introduced it."""


COST_AND_USAGE: tuple[FocusColumn, ...] = (
    FocusColumn("AllocatedMethodDetails", "varchar", "Recommended", True, "1.3"),
    FocusColumn("AllocatedMethodId", "varchar", "Conditional", True, "1.3"),
    FocusColumn("AllocatedResourceId", "varchar", "Conditional", True, "1.3"),
    FocusColumn("AllocatedResourceName", "varchar", "Conditional", True, "1.3"),
    FocusColumn("AllocatedTags", "varchar", "Conditional", True, "1.3"),
    FocusColumn("AvailabilityZone", "varchar", "Recommended", True, "0.5"),
    FocusColumn("BilledCost", "decimal(38, 18)", "Mandatory", False, "0.5"),
    FocusColumn("BillingAccountId", "varchar", "Mandatory", False, "0.5"),
    FocusColumn("BillingAccountName", "varchar", "Mandatory", True, "0.5"),
    FocusColumn("BillingAccountType", "varchar", "Conditional", False, "1.2"),
    FocusColumn("BillingCurrency", "varchar", "Mandatory", False, "0.5"),
    FocusColumn("BillingPeriodEnd", "timestamp", "Mandatory", False, "0.5"),
    FocusColumn("BillingPeriodStart", "timestamp", "Mandatory", False, "0.5"),
    FocusColumn("CapacityReservationId", "varchar", "Conditional", True, "1.1"),
    FocusColumn("CapacityReservationStatus", "varchar", "Conditional", True, "1.1"),
    FocusColumn("ChargeCategory", "varchar", "Mandatory", False, "0.5"),
    FocusColumn("ChargeClass", "varchar", "Mandatory", True, "1.0"),
    FocusColumn("ChargeDescription", "varchar", "Mandatory", True, "1.0"),
    FocusColumn("ChargeFrequency", "varchar", "Recommended", False, "1.0"),
    FocusColumn("ChargePeriodEnd", "timestamp", "Mandatory", False, "0.5"),
    FocusColumn("ChargePeriodStart", "timestamp", "Mandatory", False, "0.5"),
    FocusColumn("CommitmentDiscountCategory", "varchar", "Conditional", True, "1.0"),
    FocusColumn("CommitmentDiscountId", "varchar", "Conditional", True, "1.0"),
    FocusColumn("CommitmentDiscountName", "varchar", "Conditional", True, "1.0"),
    FocusColumn("CommitmentDiscountQuantity", "decimal(38, 18)", "Conditional", True, "1.1"),
    FocusColumn("CommitmentDiscountStatus", "varchar", "Conditional", True, "1.0"),
    FocusColumn("CommitmentDiscountType", "varchar", "Conditional", True, "1.0"),
    FocusColumn("CommitmentDiscountUnit", "varchar", "Conditional", True, "1.1"),
    FocusColumn("CommitmentProgramEligibilityDetails", "varchar", "Conditional", True, "1.4"),
    FocusColumn("ConsumedQuantity", "decimal(38, 18)", "Conditional", True, "1.0"),
    FocusColumn("ConsumedUnit", "varchar", "Conditional", True, "1.0"),
    FocusColumn("ContractApplied", "varchar", "Conditional", True, "1.3"),
    FocusColumn("ContractedCost", "decimal(38, 18)", "Mandatory", False, "1.0"),
    FocusColumn("ContractedUnitPrice", "decimal(38, 18)", "Conditional", True, "1.0"),
    FocusColumn("EffectiveCost", "decimal(38, 18)", "Mandatory", False, "0.5"),
    FocusColumn("HostProviderName", "varchar", "Mandatory", True, "1.3"),
    FocusColumn("InvoiceDetailId", "varchar", "Conditional", True, "1.4"),
    FocusColumn("InvoiceId", "varchar", "Conditional", True, "1.2"),
    FocusColumn("InvoiceIssuerName", "varchar", "Mandatory", False, "0.5"),
    FocusColumn("ListCost", "decimal(38, 18)", "Mandatory", False, "1.0"),
    FocusColumn("ListUnitPrice", "decimal(38, 18)", "Conditional", True, "1.0"),
    FocusColumn("PricingCategory", "varchar", "Conditional", True, "1.0"),
    FocusColumn("PricingCurrency", "varchar", "Conditional", False, "1.2"),
    FocusColumn("PricingCurrencyContractedUnitPrice", "decimal(38, 18)", "Conditional", True, "1.2"),
    FocusColumn("PricingCurrencyEffectiveCost", "decimal(38, 18)", "Conditional", False, "1.2"),
    FocusColumn("PricingCurrencyListUnitPrice", "decimal(38, 18)", "Conditional", True, "1.2"),
    FocusColumn("PricingQuantity", "decimal(38, 18)", "Mandatory", True, "1.0"),
    FocusColumn("PricingUnit", "varchar", "Mandatory", True, "1.0"),
    FocusColumn("RegionId", "varchar", "Conditional", True, "1.0"),
    FocusColumn("RegionName", "varchar", "Conditional", True, "1.0"),
    FocusColumn("ResourceId", "varchar", "Conditional", True, "0.5"),
    FocusColumn("ResourceName", "varchar", "Conditional", True, "0.5"),
    FocusColumn("ResourceType", "varchar", "Conditional", True, "1.0"),
    FocusColumn("ServiceCategory", "varchar", "Mandatory", False, "0.5"),
    FocusColumn("ServiceName", "varchar", "Mandatory", False, "0.5"),
    FocusColumn("ServiceProviderName", "varchar", "Mandatory", False, "1.3"),
    FocusColumn("ServiceSubcategory", "varchar", "Recommended", False, "1.1"),
    FocusColumn("SkuId", "varchar", "Conditional", True, "1.0"),
    FocusColumn("SkuMeter", "varchar", "Conditional", True, "1.1"),
    FocusColumn("SkuPriceDetails", "varchar", "Conditional", True, "1.1"),
    FocusColumn("SkuPriceId", "varchar", "Conditional", True, "1.0"),
    FocusColumn("SubAccountId", "varchar", "Conditional", True, "0.5"),
    FocusColumn("SubAccountName", "varchar", "Conditional", True, "0.5"),
    FocusColumn("SubAccountType", "varchar", "Conditional", True, "1.2"),
    FocusColumn("Tags", "varchar", "Conditional", True, "1.0"),
)
"""The 65 columns of FOCUS 1.4 Cost and Usage, in the order the mart publishes them."""

COMPATIBILITY_COLUMNS: tuple[str, ...] = ("ProviderName", "PublisherName")
"""Columns of FOCUS 1.2 that 1.4 dropped and published queries still name."""
