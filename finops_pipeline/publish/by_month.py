"""Publishing a large mart by month: months that are as they were last time are taken from their kept files, the
others are written, and all are joined into one file. The bytes are those of a mart whose months are all written anew.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from finops_pipeline.errors import FinopsError
from finops_pipeline.publish.engine import write_parquet
from finops_pipeline.publish.joined_parquet import DamagedPartError, Joined, join_parquet
from finops_pipeline.publish.months import Month, MonthlyMart
from finops_pipeline.publish.parts import KeptMonths, WrittenMonth
from finops_pipeline.publish.tables import PublishedMonths, PublishedTable


def write_by_month(
    monthly: MonthlyMart, months: Sequence[Month], kept: KeptMonths, path: Path, tell: Callable[[str], None]
) -> PublishedTable:
    """Write a mart's file, its months one behind the other.

    Args:
        monthly: the mart in the warehouse.
        months: its months in order, counted.
        kept: the months as earlier runs wrote them; afterwards, as this one has.
        path: the file to write.
        tell: hears how many months were written.
    """
    written = {month.name: as_it_was for month in months if (as_it_was := _made_from_the_same(monthly, month, kept))}
    looked_at = [month for month in months if month.name not in written]
    digests = monthly.digests([month.name for month in looked_at]) if looked_at else {}
    anew = 0
    for month in looked_at:
        digest, origin = digests[month.name], monthly.origin(month)
        as_it_was = kept.get(month.name)
        if as_it_was is not None and as_it_was.digest == digest:
            written[month.name] = as_it_was.made_of(origin)
        else:
            anew += 1
            tell(f"{monthly.mart.name}: writing {month.name or 'what has no month'}")
            written[month.name] = _write(monthly, month, digest, kept)
    ordered = [written[month.name] for month in months]
    joined = _join(monthly, months, ordered, kept, path)
    kept.keep_only(ordered)
    tell(f"{monthly.mart.name}: {joined.rows:,} rows, {anew} of {len(months)} months written")
    return PublishedTable(
        joined.rows,
        joined.sha256,
        PublishedMonths(
            column=monthly.month,
            by_date=monthly.by_date,
            digests={month.name: month.digest for month in ordered},
            files={month.name: tuple(part.path for part in kept.parts(month)) for month in ordered},
        ),
    )


def _made_from_the_same(monthly: MonthlyMart, month: Month, kept: KeptMonths) -> WrittenMonth | None:
    as_it_was = kept.get(month.name)
    if as_it_was is None or as_it_was.origin is None or as_it_was.origin != monthly.origin(month):
        return None
    return as_it_was


def _write(monthly: MonthlyMart, month: Month, digest: str, kept: KeptMonths) -> WrittenMonth:
    slices = [
        partial(_write_slice, monthly, f"select * from {monthly.mart.relation} where {condition}")
        for condition in monthly.slices(month)
    ]
    written = kept.write(month.name, digest, monthly.origin(month), slices)
    if written.rows != month.rows:
        raise FinopsError(
            f"{monthly.mart.name} has {month.rows:,} rows of {month.name or 'no month'}, and {written.rows:,} were"
            " written: the warehouse does not hang together. Run `finops run --rebuild`."
        )
    return written


def _write_slice(monthly: MonthlyMart, query: str, path: Path) -> int:
    return write_parquet(monthly.connection, path, query, monthly.mart.key)


def _join(
    monthly: MonthlyMart, months: Sequence[Month], written: list[WrittenMonth], kept: KeptMonths, path: Path
) -> Joined:
    """Join the months' files; a month whose files are not what was written is written once more."""
    mended: set[int] = set()
    while True:
        try:
            return join_parquet([part for month in written for part in kept.parts(month)], path)
        except DamagedPartError as damage:
            at = next(n for n, month in enumerate(written) if damage.path in {p.path for p in kept.parts(month)})
            if at in mended:
                raise FinopsError(f"{damage} It was written a moment ago: look at the disk, then run again.") from None
            mended.add(at)
            (digest,) = monthly.digests([months[at].name]).values()
            written[at] = _write(monthly, months[at], digest, kept)
