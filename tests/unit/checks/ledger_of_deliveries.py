"""Rows of the deliveries' ledger, as the checks on completeness read them. No test lives here."""

from typing import Any


def delivery(**facts: Any) -> dict[str, Any]:
    """The delivery that counts of a payer's month, but for some facts."""
    return {
        "table_name": "aws_cur2",
        "source_name": "aws-payer",
        "provider": "aws",
        "variant": "",
        "billing_period": "2026-10",
        "delivery_id": "d2",
        "previous_delivery_id": None,
        "rows": 10,
        "totals": [],
        "status": "live",
        "manifest": "metadata/BILLING_PERIOD=2026-10/manifest.json",
        **facts,
    }
