"""The FinOps Foundation's own validator on what is published: it finds fault with nothing but its own known errors.

focus-validator 2.2.1 with the rules of FOCUS 1.2 that it brings, without a network, in an environment of its own
(`make test` makes it where Python 3.12 is to be had). It is blind to cost arithmetic and to most rules on nulls: those
are tests of the dbt project, see test_focus_rules.py.
"""

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import duckdb
import pytest

from tests.conftest import CHECKOUT, Company
from tests.dbt.landing_zone import LandingZone

VALIDATOR = CHECKOUT / ".venv/focus-validator/bin/focus-validator"

KNOWN = {
    # two rules of which one says null and the other not null, both without the condition they are written with
    "InvoiceId-C-004-C",
    # conditions that are evaluated against nulls
    "CapacityReservationStatus-C-000-C",
    "CapacityReservationStatus-C-002-C",
    "CapacityReservationStatus-C-004-C",
    "CommitmentDiscountStatus-C-000-C",
    "CommitmentDiscountStatus-C-002-C",
    "CommitmentDiscountStatus-C-004-C",
    # composed of the above
    "CostAndUsage-D-000-M",
    "CostAndUsage-D-002-M",
}
"""What the validator finds in any data, conformant or not: errors of its own."""

REAL: dict[str, set[str]] = {
    "legacy": set(),
    # an actual export alone: what a reservation cost stands on its purchase, since nothing says which usage it covers
    "ea-actual": {"EffectiveCost-C-000-M", "EffectiveCost-C-005-C"},
    "ea-amortized": set(),
    "focus": {
        # units such as `GiB/Second-Months` and `OCPU Per Hour`
        "ConsumedUnit-C-000-C",
        "ConsumedUnit-C-003-O",
        "PricingUnit-C-000-M",
        "PricingUnit-C-003-O",
        # a credit with a negative unit price, whose contracted cost is not price x quantity
        "ContractedUnitPrice-C-000-C",
        "ContractedUnitPrice-C-008-C",
        "ContractedUnitPrice-C-009-C",
        # Amazon EC2 under two categories, as AWS delivers it
        "ServiceName-C-000-M",
        "ServiceName-C-004-C",
        "ServiceName-C-005-C",
        "ServiceName-C-007-C",
        "ServiceName-C-008-C",
        # version 1.0 has no meter
        "SkuMeter-C-000-C",
        "SkuMeter-C-003-C",
        "SkuMeter-C-005-C",
    },
}
"""Source to the rules that the delivered values themselves break, beside the known ones."""


def failures(parquet: Path, report: Path) -> set[str]:
    """The ids of the rules that fail. The validator's exit code is 0 either way."""
    site_packages = next(VALIDATOR.parents[1].glob("lib/python3.12/site-packages"))
    command = [str(VALIDATOR), "--block-download", "--validate-version", "1.2.0.1", "--data-file", str(parquet)]
    command += ["--applicability-criteria", "ALL", "--output-type", "unittest", "--output-destination", str(report)]
    # It opens its list of currencies relative to the working directory.
    done = subprocess.run(command, cwd=site_packages, capture_output=True, text=True, timeout=540, check=False)
    assert report.is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert len(cases) == 578
    return {str(case.get("name")).partition(" ")[0] for case in cases if case.find("failure") is not None}


@pytest.fixture(scope="module", autouse=True)
def validator() -> None:
    if not VALIDATOR.is_file():
        pytest.skip(
            "focus-validator is not installed: it needs Python 3.12; `make test` installs it where there is one"
        )


def test_the_validator_finds_only_its_own_errors_in_the_sample_company(published_company: Company, tmp_path: Path):
    published = published_company.current / "focus_cost_and_usage.parquet"
    assert failures(published.resolve(), tmp_path / "report.xml") == KNOWN


def test_the_validator_still_finds_a_planted_violation(published_company: Company, tmp_path: Path):
    published = published_company.current / "focus_cost_and_usage.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ('usd' as BillingCurrency) from '{published}' limit 100)"
            f" to '{tmp_path}/planted.parquet' (format parquet)"
        )
    assert failures(tmp_path / "planted.parquet", tmp_path / "report.xml") > KNOWN


@pytest.fixture(scope="module")
def real_files(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> LandingZone:
    zone = LandingZone(tmp_path_factory.mktemp("home"))
    legacy = reference_data / "exports/aws/focus_converters_legacy_cur_anonymised.csv.gz"
    zone.land_csv("aws_cur1", "legacy", legacy, period="2023-11")
    azure = reference_data / "exports/azure/finops_toolkit"
    for source, variant in (("ea-actual", "ActualCost"), ("ea-amortized", "AmortizedCost")):
        file = azure / f"EA_{variant}_Small.csv"
        zone.land_csv("azure_cost_details", source, file, period="2023-09", variant=variant)
    zone.land_csv("other_focus", "focus", reference_data / "focus/focus_sample_half.csv", period="2024-09")
    zone.build("focus_cost_and_usage")
    return zone


@pytest.mark.parametrize("source", REAL)
def test_a_real_file_fails_exactly_the_rules_its_own_values_break(real_files: LandingZone, tmp_path: Path, source: str):
    parquet = tmp_path / "charges.parquet"
    with duckdb.connect(str(real_files.home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute(
            f"copy (select * from focus_cost_and_usage where x_SourceName = '{source}') to '{parquet}' (format parquet)"
        )
    assert failures(parquet, tmp_path / "report.xml") - KNOWN == REAL[source]
