"""What dbt's processes need of Python: where the warehouse lies, and the function that SQL calls and cannot be.

A plugin of dbt-duckdb, named in `dbt_project/profiles.yml`. Imported by every dbt process, so it imports next to
nothing itself.
"""

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from finops_pipeline.reciprocal import service_exits

_FLOWS = "struct(service varchar, consumer_service varchar, weight decimal(38, 0))[]"
_EXITS = "struct(service varchar, exit_service varchar, closed_loop varchar, weight bigint)[]"


class Plugin(BasePlugin):
    """Opens the warehouse in FINOPS_HOME; registers `service_exits(flows)`, which runs where a rule names a service."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Called by dbt-duckdb before the first connection.

        The profile cannot say where the warehouse lies: dbt parses the whole project again whenever a path in it has
        changed (measured: 12 CPU seconds on the first run in each data folder).
        """
        if self.creds is not None:
            self.creds.path = str(Path(os.environ.get("FINOPS_HOME", ".finops"), Path(self.creds.path).name))

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Called by dbt-duckdb for each new connection."""
        conn.create_function("service_exits", _service_exits, [_FLOWS], _EXITS)  # pyright: ignore[reportArgumentType]


def _service_exits(flows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    exits = service_exits((flow["service"], flow["consumer_service"], int(flow["weight"])) for flow in flows)
    return [
        {"service": one.service, "exit_service": one.exit_service, "closed_loop": one.loop, "weight": one.weight}
        for one in exits
    ]
