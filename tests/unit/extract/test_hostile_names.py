"""Names and texts that would be code somewhere else: in SQL, in templates, on disk. Here they are names and texts."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from export_writers import (
    AZURE_ROW,
    GCP_ROW,
    NOW,
    AzureExport,
    Company,
    Cur2Export,
    LegacyExport,
    csv_bytes,
    cur2_rows,
    write_json_lines,
    write_parquet,
)
from test_reading import CUR1_ROW

from finops_pipeline.checks.drift import delivered_columns_are_known
from finops_pipeline.extract.ledger import live_deliveries, read_rows

HOSTILE = [
    'x"; drop table landed; --',
    "x'); copy (select 1) to '/tmp/evil' --",
    'a"b""c',
    "{{ env_var('HOME') }}",
    "{% set x = 1 %}",
    "${PATH} `id` $(id)",
    "line\nbreak",
    "../../etc/passwd",
    "=HYPERLINK(1)",
    "ünï—💥",
    "select",
    " blank ",
    "%s %d %(x)s {0}",
    "x | y",
]


def test_columns_of_any_name_are_landed_under_it(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.5, **{name: f"value of {name}" for name in HOSTILE}))

    result = company.refresh("aws_cur2")

    assert result.failures == []
    [row] = company.landed(result)
    assert {name: row[name] for name in HOSTILE} == {name: f"value of {name}" for name in HOSTILE}
    assert result.totals[0].exact == Decimal("1.5")
    outcome = delivered_columns_are_known(read_rows(company.landing), "aws_cur2", NOW)
    assert HOSTILE[0] in outcome.offenders[0].observed
    assert len([line for line in outcome.as_markdown().splitlines() if line.startswith("| payer")]) == 1


def test_columns_of_a_csv_and_its_tags_are_landed_under_their_names(company: Company, legacy: LegacyExport):
    names = [f"resourceTags/user:{name.strip()}" for name in HOSTILE]
    legacy.deliver("20261001-20261101", csv_bytes([CUR1_ROW | dict.fromkeys(names, HOSTILE[0])]))

    result = company.refresh("aws_cur1")

    assert result.failures == []
    assert {name: company.landed(result)[0][name] for name in names} == dict.fromkeys(names, HOSTILE[0])


def test_tag_keys_of_every_provider_are_values(company: Company, cur2: Cur2Export, azure: AzureExport, gcp: Path):
    tags = {name: name for name in HOSTILE}
    row = cur2_rows(1.0)[0] | {"resource_tags": list(tags.items())}
    schema = pa.Table.from_pylist(cur2_rows(1.0)).schema.append(
        pa.field("resource_tags", pa.map_(pa.string(), pa.string()))
    )
    cur2.deliver("2026-10", [])
    write_parquet(cur2.data_files()[0], [row], schema)
    azure.deliver("2026-10", [AZURE_ROW | {"Tags": str(tags)}])
    write_json_lines(gcp / "a.jsonl", [GCP_ROW | {"labels": [{"key": name, "value": name} for name in HOSTILE]}])
    for table in ("aws_cur2", "azure_cost_details", "gcp_detailed"):
        assert company.refresh(table).failures == []

    [aws, google] = [company.landed(company.refresh(table))[0] for table in ("aws_cur2", "gcp_detailed")]
    assert dict(aws["resource_tags"]) == tags
    assert {label["key"]: label["value"] for label in google["labels"]} == tags
    assert company.landed(company.refresh("azure_cost_details"))[0]["Tags"] == str(tags)


def test_the_landed_files_are_where_the_ledger_says_and_nowhere_else(company: Company, cur2: Cur2Export):
    cur2.deliver("2026-10", cur2_rows(1.0), executionId="../../../evil; rm -rf")
    result = company.refresh("aws_cur2")

    for delivery in live_deliveries(company.landing):
        assert (company.landing / delivery.folder).resolve().is_relative_to(company.landing.resolve())
    assert (result.rows, result.failures) == (1, [])
    named = [path for path in company.folder.rglob("*evil*")]
    assert named
    assert all(path.is_relative_to(company.landing / "aws_cur2" / "payer") for path in named)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_folder_may_hold_an_export(tmp_path: Path, name: str):
    """A company's folder with a strange name is read, and nothing in the name is taken for anything else."""
    if "/" in name or "\n" in name:
        pytest.skip("no name of one folder")
    company = Company(tmp_path / name.strip())
    export = Cur2Export(company.folder)
    company.add("aws", "cur2", export.root.parent.parent.parent, name="payer")
    company.sources[0] = company.sources[0].model_copy(update={"uri": f"file://{str(export.root).replace('%', '%25')}"})
    export.deliver("2026-10", cur2_rows(2.0))

    result = company.refresh("aws_cur2")

    assert (result.rows, result.failures) == (1, [])


def test_models_can_read_hostile_columns_beside_declared_ones(company: Company, cur2: Cur2Export):
    """As the models do: the declared columns and every live part in one read."""
    cur2.deliver("2026-09", cur2_rows(1.0, **dict.fromkeys(HOSTILE, "x")))
    cur2.deliver("2026-10", cur2_rows(2.0))
    company.refresh("aws_cur2")
    files = [company.landing / "aws_cur2" / "_declared_columns.parquet"]
    files += [company.landing / file.landed for d in live_deliveries(company.landing) for file in d.files]
    with duckdb.connect() as connection:
        listed = ", ".join(f"'{path}'" for path in files)
        read = f"select * from read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
        assert connection.execute(f"select sum(line_item_unblended_cost) from ({read})").fetchall() == [(3.0,)]
