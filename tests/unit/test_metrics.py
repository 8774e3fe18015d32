"""metrics.yaml and datasets.yaml: what is accepted, what is refused and how, and the tables they are landed as."""

import re
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest

from finops_pipeline.errors import ConfigurationError
from finops_pipeline.settings import DBT_PROJECT_DIR
from finops_pipeline.side_files.datasets import load_dataset_catalog, write_dataset_table
from finops_pipeline.side_files.metrics import (
    SELECTION_COLUMNS,
    Metric,
    Selection,
    load_metrics,
    metrics_path,
    write_metric_tables,
)

METRIC = "  - {name: users, unit: user, owner: product, description: d"


def written(folder: Path, text: str, name: str = "metrics.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, metric: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_metrics(written(folder, f"version: 1\nmetrics:\n{metric}"))
    return str(caught.value)


def test_the_shipped_metrics_cover_what_a_business_counts() -> None:
    names = {metric.name for metric in load_metrics().metrics}
    assert names >= {"customers", "active_users", "documents", "images", "prompts", "predictions"}


def test_a_file_beside_the_configuration_replaces_the_shipped_metrics(tmp_path: Path) -> None:
    assert load_metrics(metrics_path(tmp_path / "finops.yaml")) == load_metrics()
    written(tmp_path, f"version: 1\nmetrics:\n{METRIC}}}\n")
    assert [metric.name for metric in load_metrics(metrics_path(tmp_path / "finops.yaml")).metrics] == ["users"]


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (f"{METRIC}, split: equally}}", "metrics[0].split (line 3) is 'equally'; allowed: 'quantity'"),
        (f"{METRIC}, cost: {{colour: [red]}}}}", "metrics[0].cost.colour (line 3) is not a known key"),
        (f"{METRIC}, cost: {{cost_use: [tax]}}}}", "is 'tax'; allowed: 'inference'"),
        (f"{METRIC}, basis: fully_loaded}}", "cost must name cost_use without idle"),
        (f"{METRIC}}}\n{METRIC}}}", "metric 'users' is listed more than once"),
        ("  - {name: users, unit: user, owner: product}", "metrics[0].description (line 3) is missing"),
    ],
)
def test_a_fault_is_told_with_its_key_and_what_is_allowed(tmp_path: Path, metric: str, told: str) -> None:
    assert told in refusal(tmp_path, metric)


@pytest.mark.parametrize(
    "alternative", ["{model: m}", "{model: m, api: a, cost_per_1k_inferences: '1', currency: USD}",
                    "{model: m, cost_per_1k_inferences: '1'}"],
)  # fmt: skip
def test_an_alternative_has_one_price(tmp_path: Path, alternative: str) -> None:
    with pytest.raises(ConfigurationError, match="cost_per_1k_inferences"):
        load_metrics(written(tmp_path, f"version: 1\nalternatives:\n  - {alternative}\n"))


def test_the_tables_hold_the_selection_and_stay_the_same_bytes(tmp_path: Path) -> None:
    metrics = load_metrics(written(tmp_path, f"version: 1\nmetrics:\n{METRIC}, cost: {{team: [a, b]}}}}\n"))
    write_metric_tables(metrics, tmp_path)
    table = tmp_path / "rules" / "metrics.parquet"
    [row] = pq.read_table(table).to_pylist()
    assert (row["metric"], row["quantity"], row["basis"], row["split"]) == ("users", "users", "effective", "quantity")
    assert (row["selected_team"], row["selected_project"]) == (["a", "b"], None)
    before = table.stat().st_mtime_ns
    write_metric_tables(metrics, tmp_path)
    assert table.stat().st_mtime_ns == before


def test_python_and_sql_select_and_split_by_the_same_columns() -> None:
    def listed(macro: str) -> list[str]:
        return re.findall(r"'(\w+)'", (DBT_PROJECT_DIR / "macros" / f"{macro}.sql").read_text().split("return(")[1])

    assert listed("metric_selection_columns") == list(SELECTION_COLUMNS) == list(Selection.model_fields)
    by_column = set(get_args(Metric.model_fields["split"].annotation)) - {"quantity", "revenue", "evenly"}
    assert set(listed("metric_split_columns")) == by_column


def test_datasets_are_landed_with_their_retention_and_may_be_absent(tmp_path: Path) -> None:
    configuration = tmp_path / "finops.yaml"
    assert load_dataset_catalog(configuration).datasets == ()
    written(tmp_path, "version: 1\ndatasets:\n  - {dataset: traces, retention_days: 14}\n", "datasets.yaml")
    write_dataset_table(load_dataset_catalog(configuration), tmp_path)
    [row] = pq.read_table(tmp_path / "rules" / "datasets.parquet").to_pylist()
    assert row == {"dataset": "traces", "bucket": None, "prefix": None, "owner": None, "retention_days": 14}


def test_a_retention_of_no_days_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "version: 1\ndatasets:\n  - {dataset: traces, retention_days: 0}\n", "datasets.yaml")
    with pytest.raises(ConfigurationError, match=r"datasets\[0\].retention_days \(line 3\) is 0"):
        load_dataset_catalog(tmp_path / "finops.yaml")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("  - {dataset: traces, prefix: logs/}\n", r"datasets\[0\] \(line 3\) .*needs the bucket"),
        (
            "  - {dataset: traces, bucket: Lake, prefix: logs/}\n  - {dataset: other, bucket: lake, prefix: logs/}\n",
            "lake/logs/ is listed more than once",
        ),
    ],
)
def test_a_place_is_in_a_bucket_and_belongs_to_one_dataset(tmp_path: Path, entries: str, message: str) -> None:
    written(tmp_path, f"version: 1\ndatasets:\n{entries}", "datasets.yaml")
    with pytest.raises(ConfigurationError, match=message):
        load_dataset_catalog(tmp_path / "finops.yaml")
