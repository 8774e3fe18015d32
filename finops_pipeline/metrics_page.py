"""The metrics as the dbt project defines them: columns with a formula in their YAML, told as Markdown.

One definition, three places: the YAML of the marts, the page `docs/metrics.md`, the asset pages of the Dagster UI.
`python -m finops_pipeline.metrics_page` writes the page anew; a test holds it to the YAML.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finops_pipeline.settings import PROJECT_ROOT

METRICS_PAGE = PROJECT_ROOT / "docs" / "metrics.md"

_HEADER = """# Metrics

What each unit cost means: generated from the YAML of the dbt project by `python -m
finops_pipeline.metrics_page`; change it there. A ratio is for people: to add up days or teams, divide the sum
of the numerators by the sum of the denominators. A missing or zero denominator gives `null`, never zero.
`is_complete` and `reason` tell of what a mart is about: requests, GPU-hours and epochs, bytes, the quantity of a
metric. Other ratios of the row, as those of tokens, have their denominator beside them.

Feeds may tell the same twice. `inference` decides which workloads and endpoints there are; `tokens` stand beside
its requests and count those only that it does not know. `serving_mode: managed_api` tells calls of an API from those
of the same model on machines of your own. A run of `training_runs` may be reported as often as you like: of one
`started_at` the report with an end counts, another `started_at` is another attempt of the same run.

Business metrics are yours to define: `metrics.yaml` beside `finops.yaml` says for each metric which part of the
ledger (`cost`), on which basis (`effective`, `fully_loaded`, `billed`, `list`, `contracted`), is split how
(`quantity`, `revenue`, `evenly`, or by a column of the ledger) over the entities of a `business_metric` feed;
`finops_pipeline/side_files/metrics.yaml` shows all of it. `alternatives` in the same file name what a self-hosted model
could be replaced with. `datasets.yaml` says where a dataset lies, who pays for what a feed gives to nobody, and
how many days it may stay. A row of a storage feed that names no `dataset` belongs to the longest prefix that fits
its `prefix`; a place without one is the whole bucket. Requests whose `operation` is `ingest` are features written:

```yaml
version: 1
datasets:
  - {dataset: traces, owner: platform, retention_days: 14}
  - {dataset: clicks, bucket: lake, prefix: features/clicks/, owner: search}
```
"""


def metrics_of(node: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Column to formula, unit and owner, for the columns of a model that define a metric."""
    found = {}
    for name, column in node.get("columns", {}).items():
        meta = {**(column.get("meta") or {}), **(column.get("config", {}).get("meta") or {})}
        if "formula" in meta:
            found[name] = {key: meta[key] for key in ("formula", "unit", "owner")}
    return found


def metrics_table(node: Mapping[str, Any]) -> str:
    """A model's metrics as a Markdown table; empty where it defines none."""
    metrics = metrics_of(node)
    if not metrics:
        return ""
    lines = ["| metric | formula | unit | owner |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {m['formula']} | {m['unit']} | {m['owner']} |" for name, m in metrics.items()]
    return "\n".join(lines)


def render_page(manifest: Path) -> str:
    """The whole page, from dbt's manifest."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    models = sorted((node for node in nodes if node["resource_type"] == "model"), key=lambda node: node["name"])
    parts = [
        f"## {node['name']}\n{_grain(node['description'])}\n\n{metrics_table(node)}\n"
        for node in models
        if metrics_of(node)
    ]
    return "\n".join([_HEADER, *parts])


def _grain(description: str) -> str:
    """The first sentence of a model's description says what one row is."""
    return description.strip().split(":")[0].split(". ")[0].rstrip(".") + "."


if __name__ == "__main__":
    from finops_pipeline.resources.dbt import current_manifest

    METRICS_PAGE.write_text(render_page(current_manifest()), encoding="utf-8")
