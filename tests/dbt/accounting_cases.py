"""Worked examples of the hard cases of a bill, each a few delivered lines and the charges they must become.

`test_normalize.py` lands them beside its own rows and runs the real models; `docs/normalization.md` names them.
Amounts of commitments are those of the FOCUS specification's examples where it has one.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from finops_pipeline.side_files.amortization import Amortization
from finops_pipeline.side_files.ownership import Ownership

Line = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Lines of one delivery (Azure: of one or two exports), and the expected columns of each charge, by line."""

    table: str
    lines: list[Line]
    charges: list[Line]
    amortized: list[Line] = field(default_factory=list)
    """Azure only: the lines of the amortized export; `lines` are the actual one's."""
    period: str = "2026-10"
    is_net: bool = False
    """AWS only: the delivery has net amounts."""


PLAN = "arn:aws:savingsplans::999988887777:savingsplan/case"
RESERVATION = "arn:aws:ec2:us-east-1:999988887777:reserved-instances/"


def _aws(line_type: str, cost: float, **columns: Any) -> Line:
    return {
        "bill_payer_account_id": "999988887777",
        "bill_invoicing_entity": "Amazon Web Services, Inc.",
        "line_item_usage_account_id": "012345678901",
        "line_item_currency_code": "USD",
        "bill_billing_period_start_date": "2026-10-01 00:00:00",
        "bill_billing_period_end_date": "2026-11-01 00:00:00",
        "line_item_usage_start_date": "2026-10-05 00:00:00",
        "line_item_usage_end_date": "2026-10-05 01:00:00",
        "line_item_line_item_type": line_type,
        "line_item_unblended_cost": cost,
        **columns,
    }


def _reserved(name: str, line_type: str, cost: float, **columns: Any) -> Line:
    return _aws(line_type, cost, reservation_reservation_a_r_n=RESERVATION + name, **columns)


def _gcp(cost: str, sku: str, hours: str = "1", credits: list[Line] | None = None, **columns: Any) -> Line:
    return {
        "billing_account_id": "01A2B3",
        "currency": "USD",
        "cost_type": "regular",
        "invoice": {"month": "202610"},
        "usage_start_time": "2026-10-05 10:00:00",
        "usage_end_time": "2026-10-05 11:00:00",
        "project": {"id": "p"},
        "service": {"description": "Compute Engine"},
        "sku": {"id": sku, "description": sku},
        "usage": {"amount": "3600", "unit": "seconds", "amount_in_pricing_units": hours, "pricing_unit": "hour"},
        "cost": cost,
        "credits": credits or [],
        **columns,
    }


def _credit(type_: str, amount: str, id_: str = "") -> Line:
    return {"id": id_, "type": type_, "full_name": type_.title(), "amount": amount}


def _azure(charge_type: str, cost: str, model: str | None = "OnDemand", **columns: Any) -> Line:
    return {
        "BillingAccountId": "8611537",
        "BillingCurrency": "USD",
        "BillingPeriodStartDate": "10/01/2026",
        "BillingPeriodEndDate": "10/31/2026",
        "SubscriptionId": "sub-1",
        "MeterCategory": "Virtual Machines",
        "MeterName": "D8ds v5",
        "UnitOfMeasure": "1 Hour",
        "Quantity": "1",
        "ChargeType": charge_type,
        "Frequency": "UsageBased",
        "PricingModel": model,
        "Date": "10/09/2026",
        "Cost": cost,
        **columns,
    }


CORE, FEE = "N2 Instance Core running in Americas", "Commitment v1: N2 Cpu in Americas for 1 Year"
SPEND_FEE = "Commitment - dollar based v1: Compute Flexible for 1 year"
NEW_FEE = "Compute Flexible Committed Use Discounts - 1 Year"
FLEXIBLE: Line = {"consumption_model": {"id": "x", "description": "Compute Flexible CUDs 1 Year"}}
MACHINE: Line = {"resource": {"name": "a3", "global_name": "//compute.googleapis.com/projects/p/zones/z/instances/7"}}
IOWA: Line = {"location": {"region": "us-central1"}}
OREGON: Line = {"location": {"region": "us-west1"}}
SUBSCRIBED: Line = {"subscription": {"instance_id": "subscriptions/1"}}
CREDITED, DOLLARS = "COMMITTED_USAGE_DISCOUNT", "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"
TUESDAY: Line = {"usage_start_time": "2026-10-06 10:00:00", "usage_end_time": "2026-10-06 11:00:00"}

BLOCK: Line = {"line_item_product_code": "AmazonEC2", "line_item_line_item_description": "Capacity Block"}
SEAT: Line = {
    "BillingAccountId": "acct-1",
    "BillingCurrency": "USD",
    "ServiceName": "Editor",
    "ServiceCategory": "Developer Tools",
    "ChargeCategory": "Purchase",
    "ChargePeriodStart": "2026-10-31T00:00:00Z",
    "SkuId": "seat-year",
}
PREPAID = Amortization.model_validate(
    {
        "prepayments": (
            {
                "name": "block",
                "source": "case-prepaid-capacity-block",
                "purchase": {"ChargeDescription": "Capacity *"},
                "usage": {"ResourceId": ["i-block-*"]},
                "from": date(2026, 10, 1),
                "to": date(2026, 10, 4),
                "capacity_per_day": 10,
            },
            {
                "name": "seats",
                "source": "case-prepaid-seats",
                "purchase": {"SkuId": "seat-year"},
                "from": date(2026, 10, 31),
                "to": date(2026, 11, 3),
            },
        )
    }
)
OWNED = Ownership.model_validate(
    {
        "rules": (
            {
                "name": "sandbox",
                "select": {"SubAccountId": "sandbox-*"},
                "source": "case-owners-by-rule",
                "from": date(2026, 10, 5),
                "set": {"team": "research", "environment": "dev"},
            },
            {
                "name": "everything-else",
                "select": {"SubAccountId": "sandbox-*", "ServiceName": "Amazon Elastic Compute Cloud"},
                "source": "case-owners-by-rule",
                "to": date(2026, 10, 6),
                "set": {"team": "nobody", "cost_center": "4711"},
            },
        )
    }
)

CASES: dict[str, Case] = {
    # 100 for three days of 10 hours, of which 8 are used on the first and none later. A share has 15 decimals, and the
    # first day takes what they leave.
    "prepaid-capacity-block": Case(
        "aws_cur2",
        [
            _aws("Fee", 100.0, **BLOCK, line_item_usage_start_date="2026-10-01 00:00:00"),
            *(
                _aws(
                    "Usage",
                    0.0,
                    line_item_product_code="AmazonEC2",
                    line_item_usage_type="USE1-BoxUsage:p5.48xlarge",
                    pricing_unit="Hrs",
                    line_item_resource_id=f"i-block-{name}",
                    line_item_usage_amount=hours,
                    line_item_usage_start_date="2026-10-01 03:00:00",
                )
                for name, hours in (("a", 6.0), ("b", 2.0))
            ),
        ],
        [
            {
                "charge_category": "Purchase",
                "charge_origin": "prepayment",
                "commitment_discount_id": "block",
                "billed_cost": 100,
                "effective_cost": 0,
            },
            *(
                {
                    "charge_category": "Usage",
                    "commitment_discount_status": "Unused",
                    "charge_date": day,
                    "billed_cost": 0,
                    "effective_cost": cost,
                }
                for day, cost in (
                    ("2026-10-01", "6.66666666666668"),
                    ("2026-10-02", "33.3333333333333"),
                    ("2026-10-03", "33.3333333333333"),
                )
            ),
            {
                "pricing_category": "Committed",
                "capacity_type": "reserved",
                "gpu_hours": 48,
                "billed_cost": 0,
                "effective_cost": 0,
            },
            {
                "charge_origin": "amortized prepayment",
                "commitment_discount_status": "Used",
                "capacity_type": "reserved",
                "is_cluster_machine": True,
                "gpu_hours": 0,
                "billed_cost": 0,
                "effective_cost": "20.00000000000004",
            },
            {"gpu_hours": 16, "billed_cost": 0, "effective_cost": 0},
            {"charge_origin": "amortized prepayment", "effective_cost": "6.66666666666668"},
        ],
    ),
    # A seat for three days, of which the bill has come to two: the third is not spread yet.
    "prepaid-seats": Case(
        "other_focus",
        [{**SEAT, "BilledCost": "3", "EffectiveCost": "3"}],
        [
            {"charge_category": "Purchase", "billed_cost": 3, "effective_cost": 0, "billing_period": "2026-10"},
            {
                "charge_category": "Usage",
                "charge_origin": "amortized prepayment",
                "billing_period": "2026-10",
                "charge_date": "2026-10-31",
                "billed_cost": 0,
                "effective_cost": "1.000000000000002",
            },
            {
                "billing_period": "2026-11",
                "charge_date": "2026-11-01",
                "charge_period_start": "2026-11-01 00:00:00",
                "charge_period_end": "2026-11-02 00:00:00",
                "billing_period_end": "2026-12-01 00:00:00",
                "effective_cost": "0.999999999999999",
            },
        ],
    ),
    "owners-by-rule": Case(
        "aws_cur2",
        [
            _aws("Usage", 1.0, line_item_usage_account_id="sandbox-1", line_item_product_code="AmazonEC2"),
            _aws(
                "Usage",
                1.0,
                line_item_usage_account_id="sandbox-1",
                line_item_product_code="AmazonEC2",
                resource_tags={"user_team": "search"},
            ),
            _aws(
                "Usage",
                1.0,
                line_item_usage_account_id="sandbox-1",
                line_item_product_code="AmazonEC2",
                line_item_usage_start_date="2026-10-04 23:00:00",
            ),
            _aws("Usage", 1.0, line_item_usage_account_id="prod"),
        ],
        [
            {"team": "research", "environment": "dev", "cost_center": "4711", "owner_source": "rule:sandbox"},
            {"team": "search", "environment": "dev", "cost_center": "4711", "owner_source": "tag:user_team"},
            {"team": "nobody", "environment": None, "cost_center": "4711", "owner_source": "rule:everything-else"},
            {"team": None, "owner_source": None},
        ],
    ),
    # A fully used hour of a 52.40 commitment that covers 78.60 of on-demand usage; the negation cancels.
    "aws-savings-plan-covered-usage": Case(
        "aws_cur2",
        [
            _aws(
                "SavingsPlanCoveredUsage",
                78.6,
                savings_plan_savings_plan_a_r_n=PLAN,
                savings_plan_savings_plan_effective_cost=52.4,
                line_item_usage_amount=1.0,
                pricing_public_on_demand_cost=78.6,
                pricing_public_on_demand_rate="78.60",
            ),
            _aws("SavingsPlanNegation", -78.6, savings_plan_savings_plan_a_r_n=PLAN),
        ],
        [
            {
                "charge_category": "Usage",
                "pricing_category": "Committed",
                "commitment_discount_status": "Used",
                "commitment_discount_category": "Spend",
                "commitment_discount_quantity": "52.4",
                "commitment_discount_unit": "USD",
                "pricing_quantity": 1,
                "list_unit_price": "78.6",
                "contracted_unit_price": "78.6",
                "billed_cost": 0,
                "effective_cost": "52.4",
                "list_cost": "78.6",
                "contracted_cost": "78.6",
            }
        ],
    ),
    # Two plans; the first one's lines differ by 0.03, the second one's cancel.
    "aws-savings-plan-negation": Case(
        "aws_cur2",
        [
            line
            for plan, covered, negated, effective in (("1", 10.0, -9.97, 7.0), ("2", 5.0, -5.0, 4.0))
            for line in (
                _aws(
                    "SavingsPlanCoveredUsage",
                    covered,
                    savings_plan_savings_plan_a_r_n=PLAN + plan,
                    savings_plan_savings_plan_effective_cost=effective,
                ),
                _aws("SavingsPlanNegation", negated, savings_plan_savings_plan_a_r_n=PLAN + plan),
            )
        ],
        [
            {
                "charge_category": "Usage",
                "charge_origin": "delivered",
                "commitment_discount_id": PLAN + "1",
                "billed_cost": 0,
                "effective_cost": 7,
            },
            {
                "charge_category": "Adjustment",
                "charge_origin": "negation residual",
                "commitment_discount_id": PLAN + "1",
                "commitment_discount_category": "Spend",
                "service_name": "Savings Plans for AWS Compute usage",
                "billed_cost": "0.03",
                "effective_cost": 0,
            },
            {
                "charge_category": "Usage",
                "charge_origin": "delivered",
                "commitment_discount_id": PLAN + "2",
                "billed_cost": 0,
                "effective_cost": 4,
            },
        ],
    ),
    # A plan's fee with 12 of 60 unused, a fully used one, and a reservation's fee with 3 + 4 unused.
    "aws-recurring-fees": Case(
        "aws_cur2",
        [
            *(
                _aws(
                    "SavingsPlanRecurringFee",
                    fee,
                    savings_plan_savings_plan_a_r_n=PLAN,
                    savings_plan_total_commitment_to_date=fee,
                    savings_plan_used_commitment=used,
                )
                for fee, used in ((60.0, 48.0), (30.0, 30.0))
            ),
            _reserved(
                "fee",
                "RIFee",
                20.0,
                reservation_unused_amortized_upfront_fee_for_billing_period=3.0,
                reservation_unused_recurring_fee=4.0,
                reservation_unused_quantity=2.5,
            ),
        ],
        [
            {
                "charge_category": category,
                "charge_frequency": frequency,
                "pricing_category": pricing,
                "commitment_discount_status": status,
                "commitment_discount_quantity": quantity,
                "commitment_discount_unit": unit,
                "billed_cost": billed,
                "effective_cost": effective,
            }
            for category, frequency, pricing, status, quantity, unit, billed, effective in (
                ("Purchase", "Recurring", "Standard", None, 60, "USD", 60, 0),
                ("Usage", "Usage-Based", "Committed", "Unused", 12, "USD", 0, 12),
                ("Purchase", "Recurring", "Standard", None, 30, "USD", 30, 0),
                ("Purchase", "Recurring", "Standard", None, None, None, 20, 0),
                ("Usage", "Usage-Based", "Committed", "Unused", "2.5", "Hours", 0, 7),
            )
        ],
    ),
    # In a net delivery a line without a net amount counts nothing, and the discount line has none.
    "aws-net-amounts": Case(
        "aws_cur2",
        [_aws("Usage", 10.0, line_item_net_unblended_cost=9.0), _aws("EdpDiscount", -1.0)],
        [
            {"charge_category": "Usage", "billed_cost": 9, "effective_cost": 9},
            {"charge_category": "Usage", "billed_cost": 0, "effective_cost": 0},
        ],
        is_net=True,
    ),
    "aws-savings-plan-all-upfront": Case(
        "aws_cur2",
        [
            _aws("SavingsPlanUpfrontFee", 459024.0, savings_plan_savings_plan_a_r_n=PLAN),
            _aws(
                "SavingsPlanCoveredUsage",
                78.6,
                savings_plan_savings_plan_a_r_n=PLAN,
                savings_plan_savings_plan_effective_cost=52.4,
                pricing_public_on_demand_cost=78.6,
            ),
            _aws("SavingsPlanNegation", -78.6, savings_plan_savings_plan_a_r_n=PLAN),
            _aws(
                "SavingsPlanRecurringFee",
                0.0,
                savings_plan_savings_plan_a_r_n=PLAN,
                savings_plan_total_commitment_to_date=104.8,
                savings_plan_used_commitment=52.4,
            ),
        ],
        [
            {"charge_category": "Purchase", "charge_frequency": "One-Time", "billed_cost": 459024, "effective_cost": 0},
            {
                "charge_category": "Usage",
                "commitment_discount_status": "Used",
                "billed_cost": 0,
                "effective_cost": "52.4",
                "list_cost": "78.6",
                "contracted_cost": "78.6",
            },
            {"charge_category": "Purchase", "charge_frequency": "Recurring", "billed_cost": 0, "effective_cost": 0},
            {
                "charge_category": "Usage",
                "commitment_discount_status": "Unused",
                "billed_cost": 0,
                "effective_cost": "52.4",
                "consumed_quantity": None,
            },
        ],
    ),
    "aws-reservation-full-upfront": Case(
        "aws_cur2",
        [
            _reserved("full", "Fee", 1000.0),
            _reserved("full", "DiscountedUsage", 0.0, reservation_effective_cost=2.5, line_item_usage_amount=1.0),
            _reserved("full", "RIFee", 0.0, reservation_unused_amortized_upfront_fee_for_billing_period=1.5),
        ],
        [
            {"charge_category": "Purchase", "charge_frequency": "One-Time", "billed_cost": 1000, "effective_cost": 0},
            {
                "charge_category": "Usage",
                "pricing_category": "Committed",
                "commitment_discount_category": "Usage",
                "commitment_discount_status": "Used",
                "billed_cost": 0,
                "effective_cost": "2.5",
            },
            {"charge_category": "Purchase", "charge_frequency": "Recurring", "billed_cost": 0, "effective_cost": 0},
            {
                "charge_category": "Usage",
                "commitment_discount_status": "Unused",
                "billed_cost": 0,
                "effective_cost": "1.5",
            },
        ],
    ),
    "aws-reservation-partial-upfront": Case(
        "aws_cur2",
        [
            _reserved("partial", "Fee", 500.0),
            _reserved(
                "partial",
                "DiscountedUsage",
                0.0,
                reservation_effective_cost=50.23,
                line_item_usage_amount=1.0,
                pricing_public_on_demand_cost=75.35,
            ),
            _reserved(
                "partial",
                "RIFee",
                20.0,
                reservation_unused_amortized_upfront_fee_for_billing_period=0.5,
                reservation_unused_recurring_fee=0.7,
            ),
        ],
        [
            {"charge_category": "Purchase", "charge_frequency": "One-Time", "billed_cost": 500, "effective_cost": 0},
            {"charge_category": "Usage", "billed_cost": 0, "effective_cost": "50.23", "list_cost": "75.35"},
            {"charge_category": "Purchase", "charge_frequency": "Recurring", "billed_cost": 20, "effective_cost": 0},
            {"commitment_discount_status": "Unused", "billed_cost": 0, "effective_cost": "1.2"},
        ],
    ),
    "aws-reservation-no-upfront": Case(
        "aws_cur2",
        [
            _reserved("none", "RIFee", 40.0, reservation_unused_recurring_fee=4.0),
            _reserved("none", "DiscountedUsage", 0.0, reservation_effective_cost=3.0, line_item_usage_amount=1.0),
        ],
        [
            {"charge_category": "Purchase", "charge_frequency": "Recurring", "billed_cost": 40, "effective_cost": 0},
            {"commitment_discount_status": "Unused", "billed_cost": 0, "effective_cost": 4},
            {"commitment_discount_status": "Used", "billed_cost": 0, "effective_cost": 3},
        ],
    ),
    "aws-private-discounts": Case(
        "aws_cur2",
        [
            _aws("Usage", 100.0),
            *(
                _aws(kind, -1.0)
                for kind in ("EdpDiscount", "PrivateRateDiscount", "SppDiscount", "BundledDiscount", "Discount")
            ),
        ],
        [
            {"charge_category": "Usage", "billed_cost": 100, "effective_cost": 100, "raw_values": None},
            *(
                {
                    "charge_category": "Usage",
                    "billed_cost": -1,
                    "effective_cost": -1,
                    "list_cost": 0,
                    "raw_values": f'{{"line_item_line_item_type":"{kind}"}}',
                }
                for kind in ("EdpDiscount", "PrivateRateDiscount", "SppDiscount", "BundledDiscount", "Discount")
            ),
        ],
    ),
    "aws-credit-refund-tax-marketplace": Case(
        "aws_cur2",
        [
            _aws("Credit", -5.5),
            _aws("Tax", 3.21, line_item_tax_type="VAT"),
            _aws("Refund", -4.0, line_item_usage_start_date="2026-09-14 00:00:00"),
            _aws("Refund", -1.0, line_item_tax_type="VAT"),
            _aws("Refund", -100.0, savings_plan_savings_plan_a_r_n=PLAN),
            _aws(
                "Usage",
                7.0,
                bill_billing_entity="AWS Marketplace",
                bill_invoicing_entity="Amazon Web Services EMEA SARL",
                line_item_legal_entity="Anthropic, PBC",
            ),
        ],
        [
            {
                "charge_category": "Credit",
                "billed_cost": "-5.5",
                "effective_cost": "-5.5",
                "list_cost": "-5.5",
                "contracted_cost": "-5.5",
                "invoice_issuer_legal_name": "Amazon Web Services, Inc.",
            },
            {"charge_category": "Tax", "billed_cost": "3.21", "effective_cost": "3.21", "pricing_quantity": None},
            {"charge_category": "Usage", "charge_class": "Correction", "billed_cost": -4, "effective_cost": -4},
            {"charge_category": "Tax", "charge_class": None, "billed_cost": -1, "effective_cost": -1},
            # what gives a commitment back takes back a purchase, which cost nobody anything
            {"charge_category": "Purchase", "billed_cost": -100, "effective_cost": 0},
            {
                "charge_category": "Usage",
                "billed_cost": 7,
                "publisher_name": "Anthropic, PBC",
                "invoice_issuer_name": "AWS",
                "invoice_issuer_legal_name": "Amazon Web Services EMEA SARL",
            },
        ],
    ),
    # Support of any plan is used up with its month, so is a flat rate. A seller has no on-demand price: AWS writes 0.
    "aws-support-and-sellers": Case(
        "aws_cur2",
        [
            _aws("Fee", 29.0, line_item_product_code="AWSDeveloperSupport"),
            _aws("Fee", 5500.0, line_item_product_code="AWSEnterpriseOnRamp"),
            _aws("FlatRateSubscription", 20.0, line_item_product_code="Kiro"),
            _aws(
                "Usage",
                6.0,
                bill_billing_entity="AWS Marketplace",
                line_item_usage_amount=2.0,
                line_item_unblended_rate="3.0",
                pricing_public_on_demand_cost=0.0,
                pricing_public_on_demand_rate="0.0000000000",
            ),
        ],
        [
            *(
                {
                    "charge_category": "Usage",
                    "charge_frequency": "Recurring",
                    "service_name": "AWS Support",
                    "effective_cost": cost,
                }
                for cost in (29, 5500)
            ),
            {"charge_category": "Usage", "charge_frequency": "Recurring", "service_name": "Kiro", "effective_cost": 20},
            {"billed_cost": 6, "list_cost": 6, "contracted_cost": 6, "list_unit_price": 3, "contracted_unit_price": 3},
        ],
    ),
    "aws-other-partitions": Case(
        "aws_cur2",
        [
            _aws(
                "Usage",
                1.0,
                line_item_currency_code=currency,
                line_item_product_code="AmazonS3",
                line_item_resource_id=resource,
                product_region_code=region,
            )
            for currency, resource, region in (
                ("CNY", "arn:aws-cn:s3:::corpora", "cn-north-1"),
                ("USD", "arn:aws-us-gov:s3:::corpora", "us-gov-west-1"),
                ("USD", "arn:aws:s3:::corpora", "us-east-1"),
                ("USD", "corpora", "us-east-1"),
            )
        ],
        [
            {"billing_currency": currency, "bucket": "corpora", "resource_type": "Bucket", "provider": "aws"}
            for currency in ("CNY", "USD", "USD", "USD")
        ],
    ),
    # A spot machine's GPUs say that they are in the middle of their name; newer ones do not name their maker.
    "gcp-spot-machine": Case(
        "gcp_detailed",
        [
            _gcp("16", "Nvidia H100 80GB GPU attached to Spot Preemptible VMs running in Americas", "8", **MACHINE),
            _gcp("1", "Spot Preemptible A3 Instance Core running in Americas", "208", **MACHINE),
            _gcp("30", "H200 141GB GPU running in Netherlands", "8"),
            _gcp("2", "Licensing Fee for Windows Server 2022 Datacenter Edition (GPU cost)", "8"),
        ],
        [
            *(
                {
                    "pricing_category": "Dynamic",
                    "capacity_type": "spot",
                    "gpu_model": "H100",
                    "gpu_hours": hours,
                    "is_cluster_machine": True,
                }
                for hours in (8, None)
            ),
            {"pricing_category": "Standard", "capacity_type": "on_demand", "gpu_model": "H200", "gpu_hours": 8},
            {"gpu_model": None, "gpu_hours": None},
        ],
    ),
    # A fee of 24 for 240 core-hours a day: 120 are used by one row, 30 of another's 60, 90 by nobody.
    "gcp-committed-machines": Case(
        "gcp_detailed",
        [
            _gcp("24", FEE, "240", subscription={"instance_id": "77"}),
            _gcp("6", CORE, "120", [_credit(CREDITED, "-6", "77")]),
            _gcp("3", CORE, "60", [_credit(CREDITED, "-1.5", "77")]),
            _gcp("2", CORE, "40"),
        ],
        [
            {
                "charge_category": "Purchase",
                "charge_frequency": "Recurring",
                "pricing_category": "Standard",
                "commitment_discount_id": "77",
                "commitment_discount_status": None,
                "billed_cost": 24,
                "effective_cost": 0,
            },
            {
                "charge_category": "Usage",
                "commitment_discount_status": "Unused",
                "commitment_discount_category": "Usage",
                "billed_cost": 0,
                "effective_cost": 9,
                "consumed_quantity": None,
            },
            {
                "commitment_discount_status": "Used",
                "pricing_category": "Committed",
                "billed_cost": 0,
                "effective_cost": 12,
                "list_cost": 6,
                "contracted_cost": 6,
            },
            # half of it was not covered, and is billed on demand
            {"commitment_discount_status": "Used", "billed_cost": "1.5", "effective_cost": "4.5"},
            {"commitment_discount_status": None, "billed_cost": 2, "effective_cost": 2},
        ],
    ),
    # Eight H100 for 400 are all used, ten of twenty L4 for 100, and none of those in Oregon: no fee is for the users of
    # another model, nor of another region.
    "gcp-committed-machines-of-several-kinds": Case(
        "gcp_detailed",
        [
            _gcp("400", "Commitment v1: Nvidia H100 80GB GPU in Iowa for 1 Year", "8", **IOWA),
            _gcp("100", "Commitment v1: Nvidia L4 GPU in Iowa for 1 Year", "20", **IOWA),
            _gcp("90", "Commitment v1: Nvidia L4 GPU in Oregon for 3 Years", "20", **OREGON),
            _gcp("800", "Nvidia H100 80GB GPU running in Iowa", "8", [_credit(CREDITED, "-800")], **IOWA),
            _gcp("100", "Nvidia L4 GPU running in Iowa", "10", [_credit(CREDITED, "-100")], **IOWA),
        ],
        [
            {"charge_category": "Purchase", "billed_cost": 400, "effective_cost": 0},
            {"charge_category": "Purchase", "billed_cost": 100, "effective_cost": 0},
            {"commitment_discount_status": "Unused", "effective_cost": 50},
            {"charge_category": "Purchase", "billed_cost": 90, "effective_cost": 0},
            {"commitment_discount_status": "Unused", "effective_cost": 90},
            {"commitment_discount_status": "Used", "gpu_model": "H100", "billed_cost": 0, "effective_cost": 400},
            {"commitment_discount_status": "Used", "gpu_model": "L4", "billed_cost": 0, "effective_cost": 50},
        ],
    ),
    # Spend of 20 is covered by a fee of 14; how much of it was not used, nobody says. On the next day nobody used any.
    "gcp-committed-spend-by-credits": Case(
        "gcp_detailed",
        [
            _gcp("14", SPEND_FEE, "14"),
            _gcp("12", CORE, "1", [_credit(DOLLARS, "-12")]),
            _gcp("8", CORE, "1", [_credit(DOLLARS, "-8")]),
            _gcp("14", SPEND_FEE, "14", **TUESDAY),
        ],
        [
            {
                "charge_category": "Purchase",
                "commitment_discount_category": "Spend",
                "billed_cost": 14,
                "effective_cost": 0,
            },
            {
                "commitment_discount_status": "Used",
                "commitment_discount_category": "Spend",
                "billed_cost": 0,
                "effective_cost": "8.4",
            },
            {"commitment_discount_status": "Used", "billed_cost": 0, "effective_cost": "5.6"},
            {"charge_category": "Purchase", "billed_cost": 14, "effective_cost": 0},
            {"commitment_discount_status": "Unused", "billed_cost": 0, "effective_cost": 14},
        ],
    ),
    # The model of 2025: usage at the lower price, the fee's used part taken back by its offset, which is a cent short.
    "gcp-committed-spend-by-offsets": Case(
        "gcp_detailed",
        [
            _gcp("15", SPEND_FEE, "15", [_credit("FEE_UTILIZATION_OFFSET", "-10.01")]),
            _gcp("6", CORE, "1", cost_at_list="9", **FLEXIBLE),
            _gcp("4", CORE, "1", cost_at_list="5", **FLEXIBLE),
            _gcp("3", CORE, "1", consumption_model={"id": "d", "description": "Default"}),
        ],
        [
            {
                "charge_category": "Purchase",
                "commitment_discount_category": "Spend",
                "billed_cost": 15,
                "effective_cost": 0,
            },
            {
                "charge_category": "Adjustment",
                "charge_origin": "negation residual",
                "billed_cost": "-0.01",
                "effective_cost": 0,
            },
            {"commitment_discount_status": "Unused", "billed_cost": 0, "effective_cost": "4.99"},
            {
                "commitment_discount_status": "Used",
                "commitment_discount_category": "Spend",
                "commitment_discount_id": "Compute Flexible CUDs 1 Year",
                "billed_cost": 0,
                "effective_cost": 6,
                "list_cost": 9,
            },
            {"commitment_discount_status": "Used", "billed_cost": 0, "effective_cost": 4},
            {"commitment_discount_status": None, "billed_cost": 3, "effective_cost": 3},
        ],
    ),
    # Google's own example of a commitment that was not all used, as its fees are called since 2025: the row without an
    # offset is what nobody used. What usage had cost without the commitment stands beside it.
    "gcp-committed-spend-not-all-used": Case(
        "gcp_detailed",
        [
            *(
                _gcp(cost, NEW_FEE, cost, offset, consumption_model={"description": "Default"}, **SUBSCRIBED)
                for cost, offset in (
                    ("0.022994", []),
                    ("0.125637", [_credit("FEE_UTILIZATION_OFFSET", "-0.125637")]),
                    ("0.067369", [_credit("FEE_UTILIZATION_OFFSET", "-0.067369")]),
                )
            ),
            *(
                _gcp(
                    cost,
                    sku,
                    hours,
                    cost_at_list=at_list,
                    cost_at_effective_price_default=negotiated,
                    price={"list_price": "0.03", "effective_price_default": "0.02", "effective_price": "0.0157"},
                    **FLEXIBLE,
                    **SUBSCRIBED,
                )
                for cost, sku, hours, at_list, negotiated in (
                    ("0.125637", "N2 Instance Ram running in Americas", "8", "0.174496", "0.16"),
                    ("0.067369", CORE, "32", "0.093568", "0.09"),
                )
            ),
        ],
        [
            *(
                {
                    "charge_category": category,
                    "charge_origin": origin,
                    "commitment_discount_id": "subscriptions/1",
                    "commitment_discount_category": "Spend",
                    "commitment_discount_status": status,
                    "pricing_category": pricing,
                    "billed_cost": billed,
                    "effective_cost": effective,
                }
                for category, origin, status, pricing, billed, effective in (
                    ("Purchase", "commitment purchase", None, "Standard", "0.022994", 0),
                    ("Usage", "unused commitment", "Unused", "Committed", 0, "0.022994"),
                    ("Purchase", "commitment purchase", None, "Standard", "0.125637", 0),
                    ("Purchase", "commitment purchase", None, "Standard", "0.067369", 0),
                )
            ),
            *(
                {
                    "commitment_discount_id": "subscriptions/1",
                    "commitment_discount_status": "Used",
                    "billed_cost": 0,
                    "effective_cost": effective,
                    "list_cost": at_list,
                    "contracted_cost": negotiated,
                    "contracted_unit_price": "0.02",
                }
                for effective, at_list, negotiated in (
                    ("0.125637", "0.174496", "0.16"),
                    ("0.067369", "0.093568", "0.09"),
                )
            ),
        ],
    ),
    # A fee of a commitment that nobody used is not for who used another, older one.
    "gcp-two-models-of-committed-spend": Case(
        "gcp_standard",
        [
            _gcp("14", SPEND_FEE, "14"),
            _gcp("20", CORE, "1", [_credit(DOLLARS, "-20")]),
            _gcp("5", "Cloud SQL Committed Use Discounts - 1 Year", "5", consumption_model={"description": "Default"}),
        ],
        [
            {"charge_category": "Purchase", "billed_cost": 14, "effective_cost": 0},
            {"commitment_discount_status": "Used", "billed_cost": 0, "effective_cost": 14},
            {
                "charge_category": "Purchase",
                "commitment_discount_id": "Cloud SQL Committed Use Discounts - 1 Year",
                "commitment_discount_category": "Spend",
                "billed_cost": 5,
                "effective_cost": 0,
            },
            {"commitment_discount_status": "Unused", "billed_cost": 0, "effective_cost": 5},
        ],
    ),
    "gcp-discounts-and-credits": Case(
        "gcp_detailed",
        [
            _gcp(
                "100",
                CORE,
                "1",
                [
                    _credit("SUSTAINED_USAGE_DISCOUNT", "-20"),
                    _credit("DISCOUNT", "-4"),
                    _credit("RESELLER_MARGIN", "-1"),
                    _credit("PROMOTION", "-30"),
                    _credit("FREE_TIER", "-2"),
                    _credit("SUBSCRIPTION_BENEFIT", "-3"),
                ],
            ),
            _gcp("2", "Tax - United States", cost_type="tax"),
            _gcp("0.01", "Invoice rounding", cost_type="rounding_error"),
            _gcp("5", "Vector search", seller_name="Pinecone Systems"),
        ],
        [
            {"charge_category": "Usage", "billed_cost": 75, "effective_cost": 75, "contracted_cost": 100},
            *(
                {
                    "charge_category": "Credit",
                    "charge_description": name,
                    "billed_cost": amount,
                    "effective_cost": amount,
                    "list_cost": amount,
                }
                for name, amount in (("Promotion", -30), ("Free_Tier", -2), ("Subscription_Benefit", -3))
            ),
            {"charge_category": "Tax", "billed_cost": 2, "list_unit_price": None, "sku_id": None},
            {"charge_category": "Adjustment", "billed_cost": "0.01", "raw_values": '{"cost_type":"rounding_error"}'},
            {"charge_category": "Usage", "publisher_name": "Pinecone Systems", "invoice_issuer_name": "Google Cloud"},
        ],
    ),
    # Models of other makers are billed as services of their own, one a model. A newer version is not an older model.
    "gcp-models-of-other-makers": Case(
        "gcp_detailed",
        [
            _gcp(
                cost,
                f"{model} — {meter} — global — Context Window Size from 0 to 200000 Tokens",
                service={"description": model},
                seller_name="Anthropic, PBC",
                usage={
                    "amount": "1000000",
                    "unit": "count",
                    "amount_in_pricing_units": "1000000",
                    "pricing_unit": "count",
                },
            )
            for cost, model, meter in (
                ("3", "Claude Sonnet 4.6", "Input Tokens"),
                ("6", "Claude Opus 4 8", "Input Cache Write Tokens (TTL 3600 seconds)"),
                ("0.3", "Claude Sonnet 4.6", "Input Cache Read Tokens"),
                ("15", "Claude Sonnet 4.9", "Output Tokens"),
            )
        ],
        [
            {
                "service_name": "Vertex AI",
                "service_subcategory": "Generative AI",
                "publisher_name": "Anthropic, PBC",
                "model_id": model,
                "model_family": "Claude",
                "token_direction": direction,
                "token_cache_action": action,
                "token_count": 1_000_000,
            }
            for model, direction, action in (
                ("claude-sonnet-4.6", "Input", "Uncached"),
                ("claude-opus-4.8", "Input", "Write"),
                ("claude-sonnet-4.6", "Input", "Read"),
                ("unclassified", "Output", None),
            )
        ],
    ),
    # Usage of September is taken back and charged anew on October's invoice, which begins at Pacific midnight. November
    # begins in summer time and ends in winter time.
    "gcp-corrections-and-pacific-months": Case(
        "gcp_detailed",
        [
            _gcp(
                cost,
                CORE,
                hours,
                invoice={"month": "202611"},
                usage_start_time="2026-11-01 06:00:00",
                adjustment_info={"type": "PRICE_CORRECTION", "mode": "COMPLETE_NEGATION_WITH_REMONETIZATION"},
            )
            for cost, hours in (("-10", "-1"), ("5", "1"))
        ]
        + [_gcp("1", CORE, invoice={"month": "202611"}, usage_start_time="2026-11-01 07:00:00")],
        [
            {
                "charge_category": "Usage",
                "charge_class": "Correction",
                "billed_cost": -10,
                "pricing_quantity": -1,
                "billing_period_start": "2026-11-01 07:00:00",
                "billing_period_end": "2026-12-01 08:00:00",
                "raw_values": '{"cost_type":"regular","adjustment_info.type":"PRICE_CORRECTION"}',
            },
            {"charge_class": "Correction", "billed_cost": 5},
            {"charge_class": None, "billed_cost": 1, "charge_date": "2026-11-01"},
        ],
        period="2026-11",
    ),
    "azure-savings-plan-and-refund": Case(
        "azure_cost_details",
        [
            _azure("Purchase", "100", "SavingsPlan", BenefitId="/providers/Microsoft.BillingBenefits/P"),
            _azure("Refund", "-50", "Reservation", BenefitId="/providers/Microsoft.Capacity/R"),
            _azure("Usage", "5"),
        ],
        [
            {
                "charge_category": "Purchase",
                "charge_frequency": "Recurring",
                "commitment_discount_category": "Spend",
                "commitment_discount_id": "/providers/microsoft.billingbenefits/p",
                "raw_values": '{"BenefitId":"/providers/Microsoft.BillingBenefits/P"}',
                "billed_cost": 100,
                "effective_cost": 0,
            },
            {
                "charge_category": "Usage",
                "commitment_discount_status": "Used",
                "commitment_discount_quantity": 80,
                "commitment_discount_unit": "USD",
                "billed_cost": 0,
                "effective_cost": 80,
            },
            {
                "charge_category": "Purchase",
                "charge_class": "Correction",
                "commitment_discount_category": "Usage",
                "billed_cost": -50,
                "effective_cost": 0,
            },
            {
                "charge_category": "Usage",
                "commitment_discount_status": "Unused",
                "billed_cost": 0,
                "effective_cost": 20,
                "consumed_quantity": None,
            },
            {"charge_category": "Usage", "billed_cost": 5, "effective_cost": 5},
        ],
        amortized=[
            _azure("Usage", "80", "SavingsPlan", BenefitId="/providers/Microsoft.BillingBenefits/P"),
            _azure("UnusedSavingsPlan", "20", "SavingsPlan", BenefitId="/providers/Microsoft.BillingBenefits/P"),
            _azure("Usage", "5"),
        ],
    ),
    # An older schema without pricing models: lines that name a reservation are about one.
    "azure-reservation-without-pricing-model": Case(
        "azure_cost_details",
        [
            _azure("Usage", "5", None),
            _azure("Usage", "0", None, ReservationId="r"),
            _azure("Purchase", "744", None, ReservationId="r"),
        ],
        [
            {"pricing_category": "Standard", "commitment_discount_id": None, "billed_cost": 5, "effective_cost": 5},
            {
                "pricing_category": "Committed",
                "commitment_discount_id": "r",
                "commitment_discount_status": "Used",
                "billed_cost": 0,
                "effective_cost": 700,
            },
            {"charge_category": "Purchase", "commitment_discount_id": "r", "billed_cost": 744, "effective_cost": 0},
            {"commitment_discount_status": "Unused", "billed_cost": 0, "effective_cost": 44},
        ],
        amortized=[
            _azure("Usage", "5", None),
            _azure("Usage", "700", None, ReservationId="r"),
            _azure("UnusedReservation", "44", None, ReservationId="r"),
        ],
    ),
    # A customer agreement tells no price of usage that a reservation covers: it is not sold for nothing.
    "azure-reservation-without-prices": Case(
        "azure_cost_details",
        [
            _azure(
                "Usage",
                "7",
                "Reservation",
                BenefitId="/providers/Microsoft.Capacity/R",
                Quantity="3",
                EffectivePrice="2.3333",
                UnitPrice="0",
                PayGPrice="0",
            )
        ],
        [{"effective_cost": 7, "list_cost": 7, "contracted_cost": 7, "contracted_unit_price": "2.3333"}],
    ),
    # Priced in dollars, billed in euros at 0.9.
    "azure-pricing-and-billing-currency": Case(
        "azure_cost_details",
        [
            {
                "billingAccountId": "account",
                "billingProfileId": "profile",
                "billingProfileName": "Europe",
                "billingPeriodStartDate": "10/01/2026",
                "billingPeriodEndDate": "10/31/2026",
                "date": "10/31/2026",
                "chargeType": "Usage",
                "pricingModel": "OnDemand",
                "meterCategory": "Virtual Machines",
                "unitOfMeasure": "1 Hour",
                "quantity": "2",
                "unitPrice": "1",
                "effectivePrice": "1",
                "payGPrice": "1.5",
                "billingCurrency": "EUR",
                "pricingCurrency": "USD",
                "exchangeRatePricingToBilling": "0.9",
                "costInBillingCurrency": "1.8",
                "costInPricingCurrency": "2",
                "paygCostInBillingCurrency": "2.7",
            }
        ],
        [
            {
                "billing_account_id": "profile",
                "billing_account_type": "Billing Profile",
                "billing_currency": "EUR",
                "pricing_currency": "USD",
                "billed_cost": "1.8",
                "effective_cost": "1.8",
                "list_cost": "2.7",
                "list_unit_price": "1.35",
                "contracted_unit_price": "0.9",
                "pricing_currency_list_unit_price": "1.5",
                "pricing_currency_contracted_unit_price": 1,
                "pricing_currency_effective_cost": 2,
                # the last day of a file is inside it, the end of a FOCUS period is not
                "charge_period_end": "2026-11-01 00:00:00",
                "billing_period_end": "2026-11-01 00:00:00",
            }
        ],
    ),
    "azure-credit-tax-rounding-marketplace": Case(
        "azure_cost_details",
        [
            _azure("Credit", "-3"),
            _azure("Tax", "0.5"),
            _azure("RoundingAdjustment", "0.01"),
            _azure("Purchase", "90", PublisherType="Marketplace", PublisherName="Databricks", Frequency="Recurring"),
        ],
        [
            {"charge_category": "Credit", "billed_cost": -3, "effective_cost": -3, "list_cost": -3},
            {"charge_category": "Tax", "billed_cost": "0.5", "pricing_quantity": None, "list_unit_price": None},
            {
                "charge_category": "Adjustment",
                "billed_cost": "0.01",
                "raw_values": '{"ChargeType":"RoundingAdjustment"}',
            },
            # a subscription to a seller's product covers nothing later: it costs what it is billed
            {
                "charge_category": "Purchase",
                "publisher_name": "Databricks",
                "invoice_issuer_name": "Microsoft",
                "billed_cost": 90,
                "effective_cost": 90,
            },
        ],
    ),
    "azure-block-sizes": Case(
        "azure_cost_details",
        [
            _azure("Usage", "0.00004", UnitOfMeasure="10K", Quantity=quantity, EffectivePrice="0.1", UnitPrice="0.1")
            for quantity in ("0.0004", "4")
        ],
        [{"pricing_quantity": "0.0004", "contracted_unit_price": "0.1", "billed_cost": "0.00004"}] * 2,
    ),
    # Pay-as-you-go files of 2019 name no billing account.
    "azure-old-pay-as-you-go": Case(
        "azure_cost_details",
        [
            {
                "SubscriptionGuid": "2639de71-ca37-4a17-a104-17665a50e7fc",
                "UsageDateTime": "2019-07-29",
                "MeterCategory": "Bandwidth",
                "MeterName": "Data Transfer Out - Free",
                "UsageQuantity": "0.000004",
                "ResourceRate": "0.25",
                "PreTaxCost": "0.000001",
                "Currency": "USD",
                "InstanceId": "/subscriptions/s/resourceGroups/G/providers/Microsoft.Compute/virtualMachines/vm",
            }
        ],
        [
            {
                "billing_account_id": "2639de71-ca37-4a17-a104-17665a50e7fc",
                "billing_account_type": "Subscription",
                "sub_account_id": "2639de71-ca37-4a17-a104-17665a50e7fc",
                "charge_category": "Usage",
                "billed_cost": "0.000001",
                "effective_cost": "0.000001",
                "resource_id": "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/vm",
            }
        ],
        period="2019-07",
    ),
}
"""Name to case. Charges stand in the order of their lines; a line that becomes several has them by part."""
