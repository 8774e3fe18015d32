"""The shipped detection over a labelled bench split, morning by morning: `series_id,date,is_anomaly,score,as_of`.

Usage: python benchmarks/anomaly.py SPLIT_DIR OUT.csv

Reads series.parquet, late.parquet (may be absent) and of meta.csv only which series belong together; never labels,
archetypes or the ignore list. What is known on a morning is decided in finops_pipeline/detect:
a flag of morning A rests on final values up to A-3, second-morning values of A-2 and first-morning values of A-1. A
test holds that cutting the data off at any morning changes no flag raised before it.
"""

import csv
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from finops_pipeline.detect.findings import Finding, detect


def read_split(split: Path) -> tuple[pa.Table, pa.Table | None, dict[str, str]]:
    """The tables of a split that a pipeline run would have."""
    late = split / "late.parquet"
    groups: dict[str, str] = {}
    meta = split / "meta.csv"
    if meta.exists():
        with meta.open(newline="") as file:
            for row in csv.DictReader(file):
                if row.get("group"):
                    groups[row["series_id"]] = row["group"]
    return pq.read_table(split / "series.parquet"), pq.read_table(late) if late.exists() else None, groups


def write_flags(findings: list[Finding], out: Path) -> None:
    with out.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["series_id", "date", "is_anomaly", "score", "as_of"])
        for finding in findings:
            writer.writerow([finding.series_id, finding.date, 1, round(finding.score, 4), finding.as_of])


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_flags(detect(*read_split(Path(sys.argv[1]))), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
