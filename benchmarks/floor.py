"""The floor: the same billing files copied to zstd Parquet by DuckDB, all columns, nothing understood.

Usage: python -m benchmarks.floor COMPANY_DIR OUT_DIR
"""

import sys
from pathlib import Path

import duckdb

from benchmarks.company import billing_files


def main() -> None:
    company, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"memory_limit": "2GB"})
    for source, files in billing_files(company).items():
        for number, path in enumerate(files):
            if path.suffix == ".parquet":
                relation = connection.read_parquet(str(path))
            elif ".json" in path.name:
                relation = connection.read_json(str(path), format="newline_delimited")
            else:
                relation = connection.read_csv(str(path), all_varchar=True, header=True)
            relation.write_parquet(str(out / f"{source}-{number}.parquet"), compression="zstd")


if __name__ == "__main__":
    main()
