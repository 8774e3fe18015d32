"""The entry point of extraction: bring one landed table up to date with its sources.

Every source is tried; what fails is collected and told, and the other sources are landed all the same. What happens
to the result (assets, checks, exit codes) is decided by the caller.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from finops_pipeline.config import SUPPORTED_DATASETS, Config
from finops_pipeline.errors import DeliveryError, FinopsError, disk_full
from finops_pipeline.extract.counted_twice import counted_twice
from finops_pipeline.extract.declared import declared_columns, write_declared_columns
from finops_pipeline.extract.deliveries import Delivery, Total, Window, sum_totals
from finops_pipeline.extract.exports import refresh_export
from finops_pipeline.extract.ledger import live_deliveries, update_ledger
from finops_pipeline.extract.usage import refresh_feed
from finops_pipeline.extract.usage_kinds import USAGE_KINDS, usage_columns
from finops_pipeline.redaction import redacted
from finops_pipeline.settings import Settings

BILLING_TABLES: tuple[str, ...] = tuple(SUPPORTED_DATASETS.values())
USAGE_TABLES: tuple[str, ...] = tuple(USAGE_KINDS)


@dataclass
class ExtractResult:
    """What one refresh of one table did."""

    table: str
    landed: list[Delivery] = field(default_factory=list)
    unchanged: list[Delivery] = field(default_factory=list)
    removed: list[Delivery] = field(default_factory=list)
    not_delivered: list[str] = field(default_factory=list)
    """Messages: a source has no complete delivery yet for a period that a person expects."""
    failures: list[FinopsError] = field(default_factory=list)
    """One per failing source, with everything that is wrong with it."""
    opened: list[str] = field(default_factory=list)
    """The data files that were opened; none when nothing is new."""
    live: list[Delivery] = field(default_factory=list)
    """The table's live deliveries after the refresh."""

    @property
    def rows(self) -> int:
        """Live rows of the table."""
        return sum(delivery.rows for delivery in self.live)

    @property
    def gone(self) -> list[str]:
        """A line for each source or feed of which deliveries do not count any more: what a person must not miss."""
        by_name: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in self.removed:
            by_name[delivery.source_name].append(delivery)
        return [
            f"{name}: {sum(d.rows for d in gone):,} rows do not count any more, of {_names(gone)}"
            for name, gone in sorted(by_name.items())
        ]

    @property
    def totals(self) -> list[Total]:
        """Raw totals of the live deliveries at full precision, by billing currency and cost basis."""
        return sum_totals(total for delivery in self.live for total in delivery.totals)


def extract_table(
    table: str, config: Config, settings: Settings, window: Window, report: Callable[[str], None]
) -> ExtractResult:
    """Land what is new of every configured source (or feed) of a table, and say what happened.

    Never raises for a failing source: its message is in `failures`. The table's declared columns and the ledger exist
    afterwards, whether or not the table has a source.
    """
    result = ExtractResult(table)
    landing = settings.landing
    if table in USAGE_TABLES:
        write_declared_columns(landing, table, usage_columns(table))
        feeds = [feed for feed in config.usage if feed.kind == table]
        result.removed += _retire_unconfigured(landing, table, [feed.name for feed in feeds], report)
        for feed in feeds:
            with _collected(result, f"usage feed {feed.name}"):
                refresh_feed(feed, landing, window.now, result, report)
    else:
        write_declared_columns(landing, table, declared_columns(table))
        sources = [source for source in config.sources if source.table == table]
        result.removed += _retire_unconfigured(landing, table, [source.name for source in sources], report)
        for source in sources:
            with _collected(result, f"source {source.name}"):
                refresh_export(source, landing, window, result, report)
    result.live = live_deliveries(landing, table)
    result.failures += _without_parts(result.live, landing)
    if table in USAGE_TABLES:
        result.failures += counted_twice(result.live)
    return result


class _collected:  # noqa: N801 -- a context manager, read like a verb
    """Keeps a source's failure in the result, with the source's name in front, and lets the run go on."""

    def __init__(self, result: ExtractResult, who: str):
        self.result, self.who = result, who

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, FinopsError):
            self.result.failures.append(type(error)(redacted(f"{self.who}: {error}")))
        elif isinstance(error, OSError | duckdb.Error):
            first = (str(error).splitlines() or [type(error).__name__])[0]
            told = disk_full(error) or DeliveryError(first)
            self.result.failures.append(type(told)(redacted(f"{self.who}: {told}")))
        return isinstance(error, FinopsError | OSError | duckdb.Error)


def _names(gone: Sequence[Delivery]) -> str:
    names = sorted(delivery.billing_period or delivery.variant for delivery in gone)
    return names[0] if len(names) == 1 else f"{len(names):,} from {names[0]} to {names[-1]}"


def _without_parts(live: Sequence[Delivery], landing: Path) -> Iterator[DeliveryError]:
    """Deliveries that count and of which somebody removed landed files, where the refresh did not land them anew."""
    for delivery in live:
        if missing := delivery.missing_parts(landing):
            what = delivery.billing_period or delivery.variant
            yield DeliveryError(
                f"{delivery.source_name} {what}: the landed file {missing[0]} is gone, and {what} was not landed"
                " anew. Run again without --from and --to; where the provider has deleted the month, restore the file"
                " from a backup."
            )


def _retire_unconfigured(
    landing: Path, table: str, names: Sequence[str], report: Callable[[str], None]
) -> list[Delivery]:
    """A source that was renamed or taken out must not count beside its successor."""
    gone = [delivery for delivery in live_deliveries(landing, table) if delivery.source_name not in names]
    update_ledger(landing, removed=gone)
    for name in sorted({delivery.source_name for delivery in gone}):
        report(f"{name}: no longer configured for {table}; its deliveries do not count any more")
    return gone


__all__ = ["BILLING_TABLES", "USAGE_TABLES", "ExtractResult", "Window", "extract_table"]
