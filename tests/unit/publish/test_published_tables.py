"""Which models are published, and by which key their rows are ordered."""

import json

import pytest

from finops_pipeline.errors import FinopsError
from finops_pipeline.publish.tables import MartTable, mart_tables


def model(name: str, folder: str = "models/marts/cost") -> dict:
    return {"resource_type": "model", "name": name, "original_file_path": f"{folder}/{name}.sql", "relation_name": name}


def claim_about(model_id: str, name: str, **arguments) -> dict:
    return {
        "resource_type": "test",
        "attached_node": model_id,
        "column_name": arguments.pop("column", None),
        "test_metadata": {"name": name, "kwargs": arguments},
    }


def write_manifest(folder, **nodes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": nodes}))
    return path


def test_marts_are_published_by_name_with_their_tested_key(tmp_path):
    manifest = write_manifest(
        tmp_path,
        z=model("fct_z"),
        a=model("fct_a"),
        staging=model("stg_a", "models/staging"),
        t1=claim_about("z", "unique_combination", columns=["charge_date", "team"]),
        t2=claim_about("a", "not_null", column="other"),
        t3=claim_about("a", "unique", column="allocation_id"),
    )
    assert mart_tables(manifest) == [
        MartTable("fct_a", "fct_a", ("allocation_id",)),
        MartTable("fct_z", "fct_z", ("charge_date", "team")),
    ]


def test_a_mart_that_readers_search_by_other_columns_stands_in_their_order(tmp_path):
    searched = model("fct_a") | {"config": {"meta": {"published_order": ["charge_date", "pool_id"]}}}
    manifest = write_manifest(tmp_path, a=searched, t=claim_about("a", "unique", column="pool_id"))
    assert mart_tables(manifest) == [MartTable("fct_a", "fct_a", ("charge_date", "pool_id"))]


def test_mart_without_a_tested_key_is_refused_by_name(tmp_path):
    with pytest.raises(FinopsError, match="fct_a has no tested key"):
        mart_tables(write_manifest(tmp_path, a=model("fct_a")))
