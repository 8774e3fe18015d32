"""The FinOps Open Cost and Usage Specification as this project writes it: version, columns, types, closed values.

The one place that says what the published table `focus_cost_and_usage` must look like; how each provider's lines get
there is SQL (`dbt_project/models/intermediate/normalize`). Our own columns (`x_…`) are not listed here.

Source: the FOCUS 1.4 column model of the FinOps Foundation (CC BY 4.0), as of its ratification on 2026-06-04.
"""

from typing import Literal, NamedTuple

FOCUS_VERSION = "1.4"

FocusType = Literal["String", "Decimal", "Date/Time", "JSON"]
FeatureLevel = Literal["Mandatory", "Conditional", "Recommended"]

DUCKDB_TYPES: dict[FocusType, str] = {
    "String": "VARCHAR",
    "Decimal": "DECIMAL(38,18)",
    "Date/Time": "TIMESTAMP",
    "JSON": "VARCHAR",
}
"""How a FOCUS type is published. Instants are UTC without a zone, JSON is text."""


class FocusColumn(NamedTuple):
    """A column of FOCUS Cost and Usage. `since` is the version that introduced it."""

    name: str
    type: FocusType
    allows_nulls: bool
    level: FeatureLevel
    since: str


def _column(name: str, type_: FocusType, nullability: str, level: str, since: str) -> FocusColumn:
    levels: dict[str, FeatureLevel] = {"M": "Mandatory", "C": "Conditional", "R": "Recommended"}
    return FocusColumn(name, type_, nullability == "null", levels[level], since)


COST_AND_USAGE: tuple[FocusColumn, ...] = (
    _column("AllocatedMethodDetails", "JSON", "null", "R", "1.3"),
    _column("AllocatedMethodId", "String", "null", "C", "1.3"),
    _column("AllocatedResourceId", "String", "null", "C", "1.3"),
    _column("AllocatedResourceName", "String", "null", "C", "1.3"),
    _column("AllocatedTags", "JSON", "null", "C", "1.3"),
    _column("AvailabilityZone", "String", "null", "R", "0.5"),
    _column("BilledCost", "Decimal", "not null", "M", "0.5"),
    _column("BillingAccountId", "String", "not null", "M", "0.5"),
    _column("BillingAccountName", "String", "null", "M", "0.5"),
    _column("BillingAccountType", "String", "not null", "C", "1.2"),
    _column("BillingCurrency", "String", "not null", "M", "0.5"),
    _column("BillingPeriodEnd", "Date/Time", "not null", "M", "0.5"),
    _column("BillingPeriodStart", "Date/Time", "not null", "M", "0.5"),
    _column("CapacityReservationId", "String", "null", "C", "1.1"),
    _column("CapacityReservationStatus", "String", "null", "C", "1.1"),
    _column("ChargeCategory", "String", "not null", "M", "0.5"),
    _column("ChargeClass", "String", "null", "M", "1.0"),
    _column("ChargeDescription", "String", "null", "M", "1.0"),
    _column("ChargeFrequency", "String", "not null", "R", "1.0"),
    _column("ChargePeriodEnd", "Date/Time", "not null", "M", "0.5"),
    _column("ChargePeriodStart", "Date/Time", "not null", "M", "0.5"),
    _column("CommitmentDiscountCategory", "String", "null", "C", "1.0"),
    _column("CommitmentDiscountId", "String", "null", "C", "1.0"),
    _column("CommitmentDiscountName", "String", "null", "C", "1.0"),
    _column("CommitmentDiscountQuantity", "Decimal", "null", "C", "1.1"),
    _column("CommitmentDiscountStatus", "String", "null", "C", "1.0"),
    _column("CommitmentDiscountType", "String", "null", "C", "1.0"),
    _column("CommitmentDiscountUnit", "String", "null", "C", "1.1"),
    _column("CommitmentProgramEligibilityDetails", "JSON", "null", "C", "1.4"),
    _column("ConsumedQuantity", "Decimal", "null", "C", "1.0"),
    _column("ConsumedUnit", "String", "null", "C", "1.0"),
    _column("ContractApplied", "JSON", "null", "C", "1.3"),
    _column("ContractedCost", "Decimal", "not null", "M", "1.0"),
    _column("ContractedUnitPrice", "Decimal", "null", "C", "1.0"),
    _column("EffectiveCost", "Decimal", "not null", "M", "0.5"),
    _column("HostProviderName", "String", "null", "M", "1.3"),
    _column("InvoiceDetailId", "String", "null", "C", "1.4"),
    _column("InvoiceId", "String", "null", "C", "1.2"),
    _column("InvoiceIssuerName", "String", "not null", "M", "0.5"),
    _column("ListCost", "Decimal", "not null", "M", "1.0"),
    _column("ListUnitPrice", "Decimal", "null", "C", "1.0"),
    _column("PricingCategory", "String", "null", "C", "1.0"),
    _column("PricingCurrency", "String", "not null", "C", "1.2"),
    _column("PricingCurrencyContractedUnitPrice", "Decimal", "null", "C", "1.2"),
    _column("PricingCurrencyEffectiveCost", "Decimal", "not null", "C", "1.2"),
    _column("PricingCurrencyListUnitPrice", "Decimal", "null", "C", "1.2"),
    _column("PricingQuantity", "Decimal", "null", "M", "1.0"),
    _column("PricingUnit", "String", "null", "M", "1.0"),
    _column("RegionId", "String", "null", "C", "1.0"),
    _column("RegionName", "String", "null", "C", "1.0"),
    _column("ResourceId", "String", "null", "C", "0.5"),
    _column("ResourceName", "String", "null", "C", "0.5"),
    _column("ResourceType", "String", "null", "C", "1.0"),
    _column("ServiceCategory", "String", "not null", "M", "0.5"),
    _column("ServiceName", "String", "not null", "M", "0.5"),
    _column("ServiceProviderName", "String", "not null", "M", "1.3"),
    _column("ServiceSubcategory", "String", "not null", "R", "1.1"),
    _column("SkuId", "String", "null", "C", "1.0"),
    _column("SkuMeter", "String", "null", "C", "1.1"),
    _column("SkuPriceDetails", "JSON", "null", "C", "1.1"),
    _column("SkuPriceId", "String", "null", "C", "1.0"),
    _column("SubAccountId", "String", "null", "C", "0.5"),
    _column("SubAccountName", "String", "null", "C", "0.5"),
    _column("SubAccountType", "String", "null", "C", "1.2"),
    _column("Tags", "JSON", "null", "C", "1.0"),
)
"""All 65 columns of FOCUS 1.4 Cost and Usage, by name."""

COMPATIBILITY_COLUMNS: tuple[FocusColumn, ...] = (
    _column("ProviderName", "String", "not null", "M", "0.5"),
    _column("PublisherName", "String", "not null", "M", "0.5"),
)
"""Gone with version 1.4, but tools and queries of version 1.2 require them: published right after the 65."""

ALLOWED_VALUES: dict[str, tuple[str, ...]] = {
    "CapacityReservationStatus": ("Used", "Unused"),
    "ChargeCategory": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "ChargeClass": ("Correction",),
    "ChargeFrequency": ("One-Time", "Recurring", "Usage-Based"),
    "CommitmentDiscountCategory": ("Spend", "Usage"),
    "CommitmentDiscountStatus": ("Used", "Unused"),
    "PricingCategory": ("Standard", "Dynamic", "Committed", "Other"),
    "ServiceCategory": (
        "AI and Machine Learning",
        "Analytics",
        "Business Applications",
        "Compute",
        "Databases",
        "Developer Tools",
        "Multicloud",
        "Identity",
        "Integration",
        "Internet of Things",
        "Management and Governance",
        "Media",
        "Migration",
        "Mobile",
        "Networking",
        "Security",
        "Storage",
        "Web",
        "Other",
    ),
}
"""Columns with a closed list of values; null is allowed where the column allows it."""

SERVICE_CATEGORY_OF: dict[str, str] = {
    "AI Platforms": "AI and Machine Learning",
    "API Management": "Integration",
    "Analytics Platforms": "Analytics",
    "Application Networking": "Networking",
    "Application Platforms": "Web",
    "Architecture": "Management and Governance",
    "Backup Storage": "Storage",
    "Block Storage": "Storage",
    "Bots": "AI and Machine Learning",
    "Business Intelligence": "Analytics",
    "Caching": "Databases",
    "Compliance": "Management and Governance",
    "Containers": "Compute",
    "Content Creation": "Media",
    "Content Delivery": "Networking",
    "Continuous Integration and Deployment": "Developer Tools",
    "Cost Management": "Management and Governance",
    "Data Governance": "Management and Governance",
    "Data Migration": "Migration",
    "Data Processing": "Analytics",
    "Data Warehouses": "Databases",
    "Developer Platforms": "Developer Tools",
    "Development Environments": "Developer Tools",
    "Disaster Recovery": "Management and Governance",
    "End User Computing": "Compute",
    "Endpoint Management": "Management and Governance",
    "File Storage": "Storage",
    "Gaming": "Media",
    "Generative AI": "AI and Machine Learning",
    "Identity and Access Management": "Identity",
    "IoT Analytics": "Internet of Things",
    "IoT Platforms": "Internet of Things",
    "Ledger Databases": "Databases",
    "Machine Learning": "AI and Machine Learning",
    "Media Streaming": "Media",
    "Messaging": "Integration",
    "Mixed Reality": "Media",
    "Multicloud Integration": "Multicloud",
    "Natural Language Processing": "AI and Machine Learning",
    "Network Connectivity": "Networking",
    "Network Infrastructure": "Networking",
    "Network Routing": "Networking",
    "Network Security": "Networking",
    "NoSQL Databases": "Databases",
    "Object Storage": "Storage",
    "Observability": "Management and Governance",
    "Other (AI and Machine Learning)": "AI and Machine Learning",
    "Other (Analytics)": "Analytics",
    "Other (Business Applications)": "Business Applications",
    "Other (Compute)": "Compute",
    "Other (Databases)": "Databases",
    "Other (Developer Tools)": "Developer Tools",
    "Other (Identity)": "Identity",
    "Other (Integration)": "Integration",
    "Other (Internet of Things)": "Internet of Things",
    "Other (Management and Governance)": "Management and Governance",
    "Other (Media)": "Media",
    "Other (Migration)": "Migration",
    "Other (Mobile)": "Mobile",
    "Other (Multicloud)": "Multicloud",
    "Other (Networking)": "Networking",
    "Other (Other)": "Other",
    "Other (Security)": "Security",
    "Other (Storage)": "Storage",
    "Other (Web)": "Web",
    "Productivity and Collaboration": "Business Applications",
    "Quality Assurance": "Developer Tools",
    "Quantum Compute": "Compute",
    "Relational Databases": "Databases",
    "Resource Migration": "Migration",
    "Search": "Analytics",
    "Secret Management": "Security",
    "Security Posture Management": "Security",
    "Serverless Compute": "Compute",
    "Source Code Management": "Developer Tools",
    "Storage Platforms": "Storage",
    "Streaming Analytics": "Analytics",
    "Support": "Management and Governance",
    "Threat Detection and Response": "Security",
    "Time Series Databases": "Databases",
    "Virtual Machines": "Compute",
    "Workflow Orchestration": "Integration",
}
"""Each of the closed values of ServiceSubcategory with the one ServiceCategory it belongs to."""


DATA_TABLE = "focus_data_table"
"""The name under which published FOCUS queries expect the table of versions 1.0 to 1.2."""


def data_table_query(published: str) -> str:
    """SELECT of the columns and types that queries written for FOCUS 1.0 to 1.2 expect: `Tags` is a MAP."""
    columns = sorted(column.name for column in COST_AND_USAGE if column.since <= "1.2")
    select = [
        "cast(cast(Tags as json) as map(varchar, varchar)) as Tags" if name == "Tags" else name
        for name in [*columns, *(column.name for column in COMPATIBILITY_COLUMNS)]
    ]
    return f"select {', '.join(select)} from {published}"


def snake_case(focus_name: str) -> str:
    """The name a FOCUS column has inside the models: `SubAccountId` is `sub_account_id`."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in focus_name).lstrip("_")
