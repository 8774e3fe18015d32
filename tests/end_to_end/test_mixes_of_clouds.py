"""A company with one cloud, or two: every run of it is a whole pipeline, so they stand in a file of their own."""

from collections.abc import Callable

import pytest
import yaml

from tests.conftest import Company


@pytest.mark.parametrize("kept", [["aws"], ["gcp"], ["azure"], ["aws", "azure"]], ids="+".join)
def test_any_mix_of_clouds_works(company_copy: Callable[..., Company], kept: list[str]):
    company = company_copy()
    config = yaml.safe_load(company.config.read_text())
    config["sources"] = [source for source in config["sources"] if source["provider"] in kept]
    company.config.write_text(yaml.safe_dump(config))
    finished = company.finops("run")
    assert finished.exit_code == 0, finished.output
    providers = {row[0] for row in company.query("select distinct x_SourceName from focus_cost_and_usage")}
    assert {name.split("-")[0] for name in providers} == set(kept)
    assert company.query(
        "select count(*) from fct_reconciliation where normalized_to_allocated_difference <> 0"
        " or raw_to_normalized_difference <> 0"
    ) == [(0,)]
