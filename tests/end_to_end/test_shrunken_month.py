"""A month that comes again with a third of its bill is held back, until somebody says that it is right."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import yaml

from tests.conftest import Company

DELIVERED, AGAIN = "2026-11-02T04:12:43.237Z", "2026-11-03T04:12:43.237Z"


def deliver_a_third(aws: Path) -> None:
    """October once more as CUR 2.0 delivers it: another execution, its files in a folder of its own, a third of the
    lines of every day."""
    [manifest] = aws.rglob("metadata/BILLING_PERIOD=2026-10/*Manifest.json")
    [folder] = [path for path in aws.rglob("data/BILLING_PERIOD=2026-10/*") if path.name.startswith(DELIVERED)]
    for file in folder.iterdir():
        lines = pq.read_table(file)
        pq.write_table(lines.take(list(range(0, lines.num_rows, 3))), file)
    folder.rename(folder.with_name(folder.name.replace(DELIVERED, AGAIN)))
    manifest.write_text(manifest.read_text().replace(DELIVERED, AGAIN))


def test_a_month_with_a_third_of_its_bill_waits_for_a_waiver(
    company_copy: Callable[..., Company], published_company: Company
):
    company = company_copy(published_company.home)
    before = os.readlink(company.current)
    deliver_a_third(company.config.parent / "aws")
    finished = company.finops("run")
    assert finished.exit_code == 1, finished.output
    assert "FAILED no_month_has_lost_half_its_bill: 2 totals" in finished.output
    assert os.readlink(company.current) == before
    waiver = {"source": "aws-payer", "period": "2026-10", "currency": "USD", "reason": "two accounts left"}
    waivers = {"version": 1, "waivers": [{**waiver, "up_to": "200000", "until": date(2026, 12, 31)}]}
    (company.config.parent / "invoices.yaml").write_text(yaml.safe_dump(waivers))
    # Days of small accounts are gone as well: these are other claims, which the waiver says nothing of.
    assert "FAILED no_month_has_lost_half_its_bill" not in company.finops("run").output
