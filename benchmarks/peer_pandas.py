"""The peer: the script a data team writes first. Pandas, floats, one table, GPU cost split by hours.

It reads the same billing lines and the same GPU telemetry, maps a dozen columns, joins, divides and groups. It checks
nothing, lands nothing and publishes one file: less work than the product does, which is why it is a fair peer.

Usage: python -m benchmarks.peer_pandas COMPANY_DIR OUT_FILE
"""

import gzip
import json
import sys
from pathlib import Path

import pandas as pd

from benchmarks.company import billing_files

COLUMNS = ["source", "day", "service", "resource", "cluster", "team", "model", "cost", "effective"]


def _aws(files: list[Path]) -> pd.DataFrame:
    lines = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    tags = lines["resource_tags"].map(lambda pairs: dict(pairs) if pairs is not None else {})
    kind = lines["line_item_line_item_type"]
    effective = lines["line_item_unblended_cost"].astype(float)
    effective = effective.mask(kind == "SavingsPlanCoveredUsage", lines["savings_plan_savings_plan_effective_cost"])
    unused = lines["savings_plan_total_commitment_to_date"] - lines["savings_plan_used_commitment"]
    effective = effective.mask(kind == "SavingsPlanRecurringFee", unused).mask(kind == "SavingsPlanNegation", 0.0)
    return pd.DataFrame(
        {
            "source": "aws",
            "day": pd.to_datetime(lines["line_item_usage_start_date"]).dt.date,
            "service": lines["line_item_product_code"],
            "resource": lines["line_item_resource_id"],
            "cluster": tags.map(lambda t: t.get("aws_eks_cluster_name")),
            "team": tags.map(lambda t: t.get("user_team")),
            "model": None,
            "cost": lines["line_item_unblended_cost"].astype(float),
            "effective": effective.astype(float),
        }
    )


def _json_lines(path: Path) -> pd.DataFrame:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        return pd.DataFrame(json.loads(line) for line in stream)


def _gcp(files: list[Path]) -> pd.DataFrame:
    frames = [pd.read_parquet(path) if path.suffix == ".parquet" else _json_lines(path) for path in files]
    lines = pd.concat(frames, ignore_index=True)

    def pairs(value: object) -> dict:
        return {} if value is None or isinstance(value, float) else {pair["key"]: pair["value"] for pair in value}

    labels = lines["labels"].map(pairs)
    credits = lines["credits"].map(
        lambda value: 0.0 if value is None or isinstance(value, float) else sum(float(c["amount"]) for c in value)
    )
    cost = lines["cost"].astype(float) + credits
    return pd.DataFrame(
        {
            "source": "gcp",
            "day": pd.to_datetime(lines["usage_start_time"], utc=True, format="mixed").dt.date,
            "service": lines["service"].map(lambda s: s["description"]),
            "resource": lines["resource"].map(lambda r: r.get("name") if isinstance(r, dict) else None),
            "cluster": labels.map(lambda t: t.get("goog-k8s-cluster-name")),
            "team": labels.map(lambda t: t.get("team") or t.get("squad")),
            "model": None,
            "cost": cost,
            "effective": cost,
        }
    )


def _azure(files: list[Path]) -> pd.DataFrame:
    lines = pd.concat([pd.read_csv(path, encoding="utf-8-sig") for path in files], ignore_index=True)
    return pd.DataFrame(
        {
            "source": "azure",
            "day": pd.to_datetime(lines["Date"], format="%m/%d/%Y").dt.date,
            "service": lines["MeterCategory"],
            "resource": lines["ResourceName"],
            "cluster": None,
            "team": lines["Tags"].astype(str).str.extract(r'"team": "([^"]+)"', expand=False),
            "model": None,
            "cost": lines["Cost"].astype(float),
            "effective": lines["Cost"].astype(float),
        }
    )


def main() -> None:
    company, out = Path(sys.argv[1]), Path(sys.argv[2])
    files = billing_files(company)
    charges = pd.concat([_aws(files["aws"]), _gcp(files["gcp"]), _azure(files["azure"])], ignore_index=True)[COLUMNS]
    hours = pd.concat(pd.read_csv(path) for path in sorted((company / "usage" / "gpu_hours").glob("*.csv")))
    hours["day"] = pd.to_datetime(hours["usage_start"]).dt.date
    hours = hours.groupby(["node", "day", "workload", "team"], as_index=False)["gpu_hours_requested"].sum()
    hours["share"] = hours["gpu_hours_requested"] / hours.groupby(["node", "day"])["gpu_hours_requested"].transform(
        "sum"
    )
    machines = charges[charges["resource"].isin(set(hours["node"].dropna()))]
    per_node = machines.groupby(["source", "day", "resource"], as_index=False)[["cost", "effective"]].sum()
    split = per_node.merge(hours, left_on=["resource", "day"], right_on=["node", "day"])
    split["cost"] *= split["share"]
    split["effective"] *= split["share"]
    rest = charges.drop(machines.index).groupby(["source", "day", "service", "team"], dropna=False, as_index=False)
    allocated = pd.concat([split, rest[["cost", "effective"]].sum()], ignore_index=True)
    allocated.groupby(["source", "day", "team"], dropna=False)[["cost", "effective"]].sum().reset_index().to_parquet(
        out
    )


if __name__ == "__main__":
    main()
