"""One bill in every format that AWS writes: the same totals and, through the models, the same FOCUS charges."""

import csv
import gzip
import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cloud_company import CloudCompany
from export_writers import write_parquet

from finops_pipeline.extract.refresh import ExtractResult
from tests.dbt.landing_zone import LandingZone

NOVEMBER = datetime(2026, 11, 3, 6, tzinfo=UTC)
ADDRESSES = {"source_name", "delivery_id", "landed_file", "charge_id"}
MONTH = "20261001-20261101"


@dataclass(frozen=True)
class Built:
    """What was landed, and the charges that the models made of it."""

    results: dict[str, ExtractResult]
    zone: LandingZone

    def money(self, source: str) -> list[str]:
        deliveries = [delivery for result in self.results.values() for delivery in result.live]
        [delivery] = [delivery for delivery in deliveries if delivery.source_name == source]
        return [str(total) for total in delivery.totals]

    def charges(self, source: str, *without: str) -> list[dict[str, Any]]:
        """The charges of a source without their addresses, in one order whatever the format."""
        rows = self.zone.query(f"select * from int_charges_attributed_to_owners where source_name = '{source}'")
        kept = [{k: v for k, v in row.items() if k not in ADDRESSES and k not in without} for row in rows]
        return sorted(kept, key=repr)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, sample_exports: Path) -> Built:
    """Five sources in one company, normalized once: CUR 2.0 in two formats, the legacy report in three."""
    folder = tmp_path_factory.mktemp("formats")
    company = CloudCompany(folder)
    zone = LandingZone(company.home)
    deliver_cur2(company, sample_exports / "aws" / "acme-billing" / "cur2" / "finops-cur2")
    deliver_legacy(company)
    results = {table: company.refresh(table, now=NOVEMBER) for table in ("aws_cur2", "aws_cur1")}
    zone.build()
    return Built(results, zone)


def test_every_format_is_landed(built: Built):
    assert [result.failures for result in built.results.values()] == [[], []]


def test_cur2_as_csv_gives_the_totals_charges_and_tags_that_parquet_gives(built: Built):
    assert built.money("cur2-csv") == built.money("cur2-parquet")
    from_parquet = built.charges("cur2-parquet")
    assert len(from_parquet) > 1000
    assert sum(charge["tags"] is not None for charge in from_parquet) > 100
    assert built.charges("cur2-csv") == from_parquet


def test_the_legacy_report_gives_the_same_totals_and_charges_as_csv_zip_and_parquet(built: Built):
    told = ["-2.3999999638 USD billed", "4.1000000362 USD effective"]
    assert [built.money(f"legacy-{name}") for name in ("gzip", "zip", "parquet")] == [told] * 3
    assert built.charges("legacy-zip") == built.charges("legacy-gzip")
    # Athena's spelling of a tag's column no longer says how its key was written.
    from_parquet, from_gzip = (built.charges(f"legacy-{name}", "tags", "owner_source") for name in ("parquet", "gzip"))
    assert from_parquet == from_gzip
    assert sorted((charge["billed_cost"], charge["team"]) for charge in from_gzip if charge["team"]) == [
        (Decimal(0), "vision"),
        (Decimal("1.81E-8"), "search"),
        (Decimal("1.81E-8"), "search"),
    ]


def deliver_cur2(company: CloudCompany, delivered: Path) -> None:
    """October of the sample company as it is, and once more as CSV."""
    manifest = "metadata/BILLING_PERIOD=2026-10/finops-cur2-Manifest.json"
    names = json.loads((delivered / manifest).read_text())["dataFiles"]
    for form, ending in (("parquet", ".snappy.parquet"), ("csv", ".csv.gz")):
        root = company.folder / form / "acme-billing" / "cur2" / "finops-cur2"
        for name in names:
            key = name.partition("/finops-cur2/")[2]
            target = root / key.replace(".snappy.parquet", ending)
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copyfile if form == "parquet" else write_as_csv)(delivered / key, target)
        (root / manifest).parent.mkdir(parents=True)
        told = [name.replace(".snappy.parquet", ending) for name in names]
        (root / manifest).write_text(json.dumps({"dataFiles": told}))
        company.add("aws", "cur2", root, f"cur2-{form}")


def write_as_csv(parquet: Path, target: Path) -> None:
    """The lines as an export writes them into CSV: maps as JSON, instants in UTC, nothing for null."""
    with duckdb.connect() as connection:
        select = []
        for name, type_, *_ in connection.execute(f"describe select * from '{parquet}'").fetchall():
            text = f'"{name}"'
            if type_.startswith("MAP"):
                text = f"cast(to_json({text}) as varchar)"
            elif type_.startswith("TIMESTAMP"):
                text = f"strftime({text}, '%Y-%m-%dT%H:%M:%S.000Z')"
            select.append(f'{text} as "{name}"')
        connection.execute(
            f"copy (select {', '.join(select)} from '{parquet}') to '{target}' (format csv, compression gzip)"
        )


ARN = "arn:aws:savingsplans::012345678901:savingsplan/one"
LEGACY_LINES: list[dict[str, Any]] = [
    {"lineItem/LineItemType": "Usage", "lineItem/UnblendedCost": 1.81e-8, "resourceTags/user:team": "search"},
    {"lineItem/LineItemType": "Usage", "lineItem/UnblendedCost": 1.81e-8, "resourceTags/user:team": "search"},
    {
        "lineItem/LineItemType": "SavingsPlanCoveredUsage",
        "lineItem/UnblendedCost": 10.0,
        "savingsPlan/SavingsPlanEffectiveCost": 6.5,
        "savingsPlan/SavingsPlanARN": ARN,
        "resourceTags/user:team": "vision",
    },
    {
        "lineItem/LineItemType": "SavingsPlanNegation",
        "lineItem/UnblendedCost": -10.0,
        "savingsPlan/SavingsPlanARN": ARN,
    },
    {"lineItem/LineItemType": "Tax", "lineItem/UnblendedCost": 0.1},
    {"lineItem/LineItemType": "Credit", "lineItem/UnblendedCost": -2.5},
]
ALWAYS: dict[str, Any] = {
    "bill/PayerAccountId": "012345678901",
    "bill/BillingPeriodStartDate": datetime(2026, 10, 1),
    "bill/BillingPeriodEndDate": datetime(2026, 11, 1),
    "lineItem/UsageAccountId": "001234567890",
    "lineItem/UsageStartDate": datetime(2026, 10, 5),
    "lineItem/UsageEndDate": datetime(2026, 10, 5, 1),
    "lineItem/CurrencyCode": "USD",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "USE1-BoxUsage:p5.48xlarge",
    "lineItem/UsageAmount": 1.0,
    "lineItem/LineItemDescription": 'Red Hat® "x", line 1\nline 2',
    "product/ProductName": "Amazon Elastic Compute Cloud",
    "pricing/unit": "Hrs",
}
ATHENA = {
    "savingsPlan/SavingsPlanARN": "savings_plan_savings_plan_a_r_n",
    "resourceTags/user:team": "resource_tags_user_team",
    "pricing/unit": "pricing_unit",
}


def legacy_lines() -> list[dict[str, Any]]:
    columns = dict.fromkeys(name for line in LEGACY_LINES for name in line)
    return [{**ALWAYS, **dict.fromkeys(columns), **line} for line in LEGACY_LINES]


def legacy_csv() -> bytes:
    text = io.StringIO(newline="")
    lines = legacy_lines()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({k: f"{v:%Y-%m-%dT%H:%M:%SZ}" if isinstance(v, datetime) else v for k, v in line.items()})
    return text.getvalue().encode()


def athena_name(name: str) -> str:
    """`lineItem/UnblendedCost` as Athena spells it: `line_item_unblended_cost`."""
    if name in ATHENA:
        return ATHENA[name]
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).replace("/", "")
    return words


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("finops-cur-00001.csv", content)
    return file.getvalue()


def deliver_legacy(company: CloudCompany) -> None:
    """The same lines as csv.gz of a timestamped assembly, as zip of one with an id, as Parquet where Athena looks."""
    parts = {
        "gzip": (f"{MONTH}/20261103T010203Z/finops-cur-00001.csv.gz", gzip.compress(legacy_csv())),
        "zip": (f"{MONTH}/0123abcd-ef01-2345-6789-0123456789ab/finops-cur-00001.csv.zip", zipped(legacy_csv())),
        "parquet": ("finops-cur/year=2026/month=10/finops-cur-00001.snappy.parquet", None),
    }
    for name, (key, content) in parts.items():
        root = company.folder / name / "acme-billing" / "reports" / "finops-cur"
        path = root / key
        path.parent.mkdir(parents=True)
        if content is None:
            write_parquet(path, [{athena_name(k): v for k, v in line.items()} for line in legacy_lines()])
        else:
            path.write_bytes(content)
        (root / MONTH).mkdir(exist_ok=True)
        told = {"assemblyId": name, "reportKeys": [f"reports/finops-cur/{key}"]}
        (root / MONTH / "finops-cur-Manifest.json").write_text(json.dumps(told))
        company.add("aws", "cur1", root, f"legacy-{name}")
