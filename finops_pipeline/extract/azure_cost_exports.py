"""Azure Cost Management exports (actual and amortized cost details, FOCUS): which deliveries they hold.

Each run writes a folder of its own with `manifest.json` (some: `_manifest.json`) beside its parts. A month-to-date
export leaves one folder per day or overwrites the last; on the first five days a second, hidden run delivers the month
before. What a manifest says is read in `azure_manifests.py`; which runs may count is decided here.
https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from finops_pipeline.config import Source
from finops_pipeline.errors import DeliveryError
from finops_pipeline.extract.azure_manifests import DATE_RANGE, RUN_TIME, TYPES, PartialRunError, Run, read_run
from finops_pipeline.extract.deliveries import Offer
from finops_pipeline.extract.manifests import Found, offers_of
from finops_pipeline.extract.transport.protocol import Transport

_MANIFEST = re.compile(r"(.*/)?_?manifest\.json", re.IGNORECASE)
_DATA = (".csv", ".csv.gz", ".parquet")


def list_offers(transport: Transport, source: Source) -> Found:
    """The runs that may count; which of them is the newest is decided over all folders of the source.

    An error in the place of an offer: its manifest is unreadable, of another version, or names files it must not; runs
    of several scopes claim the same month; the export is of another type, or has no manifests at all.
    """
    keys = list(transport.list())
    manifests = [key for key in keys if _MANIFEST.fullmatch(key)]
    if not manifests:
        return list(_without_manifest(transport, keys))
    found = offers_of(read_run, [(transport, source, key) for key in manifests])
    runs = [run for run in found if isinstance(run, Run)]
    wanted = [run for run in runs if run.kind in TYPES[source.dataset]]
    errors = [run for run in found if isinstance(run, DeliveryError) and not _is_held_by(wanted, run)]
    if runs and not wanted:
        errors.append(_of_another_type(runs[-1], source))
    chosen = list(_fullest(_of_one_scope(wanted, errors, transport)))
    return [*errors, *offers_of(Run.offer, [(run,) for run in chosen])]


def run_order(offer: Offer) -> tuple[datetime, str]:
    """Later runs are greater: by the instant of submission, then by run id so that the choice is always the same."""
    return (offer.submitted_at or datetime.min, offer.identity)


def _is_held_by(runs: Sequence[Run], error: DeliveryError) -> bool:
    """Whether a run of some days is of no concern: runs of whole months of the same export type and scope hold them."""
    if not isinstance(error, PartialRunError) or error.days is None or error.scope is None:
        return False
    start, end = error.days
    reached = {
        run.period: run.covered_to
        for run in sorted(runs, key=lambda run: run.covered_to)
        if run.kind == error.kind and (run.scope or "").lower() == error.scope.lower()
    }
    days = (start + timedelta(number) for number in range((end - start).days + 1))
    return start <= end and all(reached.get(f"{day:%Y-%m}", date.min) >= day for day in days)


def _of_one_scope(runs: Sequence[Run], errors: list[DeliveryError], transport: Transport) -> Iterator[list[Run]]:
    """The runs of each month and type. A later run replaces an earlier one only within one scope.

    Two scopes in one folder are either two parts of the company or one inside the other: to take one would lose money,
    to add them up could count it twice. Where no manifest tells a scope, an export's folder stands for it.
    """
    scope_of_folder = {run.folder: run.scope for run in runs if run.scope}
    slots: dict[tuple[str, str], dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        scope = run.scope or scope_of_folder.get(run.folder) or f"unknown, folder {run.folder or '.'}"
        slots[run.period, run.kind][scope.lower()].append(run)
    for (period, kind), scopes in sorted(slots.items()):
        if len(scopes) == 1:
            yield from scopes.values()
            continue
        told = " and ".join(f"{scope} ({of_scope[0].where})" for scope, of_scope in sorted(scopes.items()))
        errors.append(
            DeliveryError(
                f"{period}: {transport.location} holds {kind} runs of {len(scopes)} scopes: {told}. Which of them make"
                " up the bill is not for a program to guess. Configure a source for each scope, with the uri of its own"
                " export, and leave out a scope that lies within another (a subscription of the billing account)."
            )
        )


def _fullest(slots: Iterator[list[Run]]) -> Iterator[Run]:
    """Of a month's runs those that reach furthest into it: a one-time export of some days must not stand for it."""
    for runs in slots:
        furthest = max(run.covered_to for run in runs)
        yield from (run for run in runs if run.covered_to == furthest)


def _of_another_type(run: Run, source: Source) -> DeliveryError:
    return DeliveryError(
        f"{run.where} is of type {run.kind!r}; expected {' or '.join(TYPES[source.dataset])}, which the dataset"
        f" {source.dataset} is made of. Point the uri at such an export, or change the source's dataset."
    )


def _without_manifest(transport: Transport, keys: Sequence[str]) -> Iterator[DeliveryError]:
    """Files of an export without partitioning stand in the month's folder itself, and nothing says they are whole."""
    bare = [key for key in keys if key.lower().endswith(_DATA) and DATE_RANGE.search(key) and not RUN_TIME.search(key)]
    if bare:
        yield DeliveryError(
            f"{transport.location} holds {len(bare):,} cost files without a manifest, such as {bare[0]}: an export"
            " without file partitioning, of which nothing says when a file is complete. Edit the export in Cost"
            " Management, turn file partitioning on (or create it anew: new exports always have it), run it once, and"
            " run again."
        )
