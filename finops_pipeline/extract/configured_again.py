"""What a source had landed before it was taken out of the configuration counts again once it is back in it.

A name that was misspelt for one run, or a source that was left out for a while: the provider may have deleted the older
months meanwhile, and what was landed of them is all that there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from finops_pipeline.config import Source
from finops_pipeline.extract.deliveries import Delivery
from finops_pipeline.extract.ledger import read_deliveries, update_ledger
from finops_pipeline.extract.transport.protocol import Transport


def count_again(source: Source, transports: Iterable[Transport], landing: Path) -> Sequence[Delivery]:
    """Make the removed deliveries of this source live again, one for each month and variant that has none.

    Only those of the same export: a name may be used anew for another one.
    """
    own = [d for d in read_deliveries(landing) if (d.table_name, d.source_name) == (source.table, source.name)]
    taken = {delivery.slot for delivery in own if delivery.status == "live"}
    locations = [transport.location for transport in transports]
    # Of several the last one was live when the source was taken out.
    removed = {
        delivery.slot: replace(delivery, status="live")
        for delivery in own
        if delivery.status == "removed" and delivery.slot not in taken and not delivery.missing_parts(landing)
        if any(_is_of(delivery, location) for location in locations)
    }
    if removed:
        update_ledger(landing, live=removed.values())
    return list(removed.values())


def _is_of(delivery: Delivery, location: str) -> bool:
    rest = delivery.manifest.removeprefix(location)
    return rest != delivery.manifest and rest[:1] in ("", "/", " ")
