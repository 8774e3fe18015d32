"""The sample company with its Google bill in BigQuery: the whole pipeline gives what it gives from the dumps."""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from bigquery_server import Emulator, Proxies, Table
from billing_schemas import fields_of

BY_OWNER = """
    select source_name, billing_period, team, project, cost_layer, is_idle, is_unallocated, unallocated_reason,
        sum(allocated_billed_cost), sum(allocated_effective_cost)
    from fct_cost_allocations group by all order by all"""
RECONCILED = "select * exclude (explained_by) from fct_reconciliation order by all"


def rows_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of all dumps by the day they were exported on, as they would have arrived in partitions."""
    by_day: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        if path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
        else:
            text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            rows = [json.loads(line) for line in text.splitlines()]
        for row in rows:
            # Instants, decimals and dates as the JSON that BigQuery loads.
            plain = json.loads(json.dumps(row, default=str))
            by_day[plain["export_time"][:10]].append(plain)
    return by_day


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_bill_in_bigquery_is_the_bill_of_the_dumps(
    company_copy: Callable[..., Any], published_company: Any, server: Emulator, dataset: str, proxies: Proxies
):
    company = company_copy()
    folder = next((company.config.parent / "gcp" / "billing").iterdir())
    table = Table(server, dataset, folder.name, fields_of("gcp_detailed"))
    for day, rows in rows_of(folder).items():
        table.append(day, *rows)
    config = company.config.read_text()
    company.config.write_text(config.replace(f"file://{folder}", table.uri))

    validated = company.finops("validate")
    finished = company.finops("run")
    read = proxies.storage.calls.count("ReadRows")
    again = company.finops("run")

    assert f"file://{folder}" in config
    assert "reachable; newest partition" in validated.output
    assert finished.exit_code == 0, finished.output
    for query in (BY_OWNER, RECONCILED):
        expected = published_company.query(query)
        assert len(expected) > 4
        assert company.query(query) == expected
    assert again.exit_code == 0
    assert (read > 0, proxies.storage.calls.count("ReadRows")) == (True, read)
