"""Delivering: channels side by side, tries with growing pauses, everything bounded in time."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from finops_pipeline.alerts.channels import deliver_once
from finops_pipeline.alerts.configuration import Channel
from finops_pipeline.alerts.digest import Digest
from finops_pipeline.alerts.refused import Refused
from finops_pipeline.extract.side_by_side import TooSlowError, ask_each
from finops_pipeline.settings import secret_variable

TRIES = 4
FIRST_PAUSE = 1.0
CHANNEL_SECONDS = 25.0
"""For all tries of a channel. Dagster ends a sensor's tick after 60 s, and the last try may take ten more."""

IN_ALL_SECONDS = 40.0


@dataclass(frozen=True)
class Delivery:
    """How one digest fared; `reason` is empty when it was taken."""

    digest: Digest
    reason: str = ""
    remark: str = ""
    """What is amiss although it was taken, such as a recipient that is unknown."""


def deliver_all(batches: Sequence[tuple[Channel, Sequence[Digest]]]) -> list[Delivery]:
    """Deliver each channel's digests in their order; a channel that does not take one is not bothered with the rest.

    Never raises: what nobody foresaw is told by its kind, since its text may hold a secret.
    """
    answers = ask_each(batches, lambda batch: _deliver_batch(*batch), seconds=IN_ALL_SECONDS, in_all=IN_ALL_SECONDS)
    deliveries: list[Delivery] = []
    for position, (_, digests) in enumerate(batches):
        answer = answers[position]
        if isinstance(answer, Exception):
            told = "did not answer in time" if isinstance(answer, TooSlowError) else f"failed ({type(answer).__name__})"
            deliveries += [Delivery(digest, told) for digest in digests]
        else:
            deliveries += answer
    return deliveries


def _deliver_batch(channel: Channel, digests: Sequence[Digest]) -> list[Delivery]:
    secrets = {key: secret_variable(name) for key, name in channel.variables.items()}
    unset = [channel.variables[key] for key, value in secrets.items() if value is None]
    if unset:
        return [Delivery(digest, f"is not set up: {', '.join(unset)} is not set") for digest in digests]
    known = {key: value for key, value in secrets.items() if value is not None}
    deliveries: list[Delivery] = []
    end = time.monotonic() + CHANNEL_SECONDS
    for digest in digests:
        if deliveries and deliveries[-1].reason:
            deliveries.append(Delivery(digest, deliveries[-1].reason))
            continue
        deliveries.append(Delivery(digest, *try_until(end, lambda digest=digest: deliver_once(channel, digest, known))))
    return deliveries


def try_until(
    end: float,
    attempt: Callable[[], str],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[str, str]:
    """Why all tries failed, empty when one succeeded, and what that one returned.

    A pause that would end too late is not begun.
    """
    pause, number = FIRST_PAUSE, 1
    while True:
        try:
            return "", attempt()
        except Refused as refused:
            # Two runs that wait for the same service must not come back at the same moment.
            wait = max(refused.retry_after or 0.0, pause * random.uniform(0.75, 1.25))
            if not refused.may_pass or number == TRIES or clock() + wait >= end:
                return f"{refused} ({number} {'try' if number == 1 else 'tries'})", ""
            sleep(wait)
            pause, number = 2 * pause, number + 1
