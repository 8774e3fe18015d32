"""The function that dbt's SQL calls and SQL cannot be: a plugin of dbt-duckdb, named in `dbt_project/profiles.yml`.

Imported by every dbt process, so it imports next to nothing itself.
"""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from finops_pipeline.reciprocal import service_exits

_FLOWS = "struct(service varchar, consumer_service varchar, weight bigint)[]"
_EXITS = "struct(service varchar, exit_service varchar, closed_loop varchar, weight bigint)[]"


class Plugin(BasePlugin):
    """Registers `service_exits(flows)` on every connection that dbt opens; it runs where a rule names a service."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Called by dbt-duckdb for each new connection."""
        conn.create_function("service_exits", _service_exits, [_FLOWS], _EXITS)  # pyright: ignore[reportArgumentType]


def _service_exits(flows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    exits = service_exits((flow["service"], flow["consumer_service"], flow["weight"]) for flow in flows)
    return [
        {"service": one.service, "exit_service": one.exit_service, "closed_loop": one.loop, "weight": one.weight}
        for one in exits
    ]
