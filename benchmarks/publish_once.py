"""One publishing in a process of its own, as a run does it, and nothing else that a run does.

Usage: python -m benchmarks.publish_once FOLDER MANIFEST
"""

import os
import sys
from pathlib import Path

import duckdb

from finops_pipeline.publish.database import write_database
from finops_pipeline.publish.marts import totals_by_currency, write_manifest, write_tables
from finops_pipeline.publish.tables import mart_tables
from finops_pipeline.publish.versions import displace_oldest, finish_version, remove_old_versions, start_version

KEEP = 2


def publish(folder: Path, manifest: Path) -> Path:
    """Publish what stands in the folder's warehouse of the marts, as if it had been built from some fingerprint."""
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        built = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    marts = [mart for mart in mart_tables(manifest) if mart.name in built]
    building = start_version(folder / "marts", f"v{os.getpid()}")
    tables = write_tables(
        building, warehouse, marts, folder / "no-checks", folder / "parts", made_with={"code": "the same"}
    )
    database = write_database(building, tables, folder / "marts" / "current", displace_oldest(folder / "marts", KEEP))
    write_manifest(building, database, tables, {"totals": totals_by_currency(building)})
    version = finish_version(folder / "marts", building)
    remove_old_versions(folder / "marts", KEEP)
    return version


if __name__ == "__main__":
    publish(Path(sys.argv[1]), Path(sys.argv[2]))
