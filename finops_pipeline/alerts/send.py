"""Telling people after a run: gather, plan, deliver, remember. A failing alert never fails a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from finops_pipeline.alerts import memory
from finops_pipeline.alerts.configuration import Alerts, load_alerts, secrets_of
from finops_pipeline.alerts.deliver import Delivery, deliver_all
from finops_pipeline.alerts.digest import Digest, make_digest
from finops_pipeline.alerts.gather import Gathered, gather
from finops_pipeline.alerts.plan import ChannelState, Planned, mark_told, plan
from finops_pipeline.errors import FinopsError
from finops_pipeline.redaction import redacted
from finops_pipeline.settings import Settings

KEPT_TRYING_DAYS = 7
"""A dead letter that nobody takes for a week is kept, but no longer tried: its news are old."""

KEPT_DAYS = 90
"""Then it is deleted: as long as what was told is remembered (plan.py)."""


@dataclass(frozen=True)
class Told:
    """What was delivered and what was not."""

    deliveries: Sequence[Delivery]
    waiting: int
    dropped: Sequence[Digest] = ()
    """Dead letters of channels that are gone: their findings, as far as they hold, go where routes send them now."""

    def lines(self) -> list[str]:
        """For the end of a run; nothing when there was nothing to tell."""
        told = [
            f"Alerts: dropped a dead letter of {digest.channel}, which alerts.yaml no longer has: {digest.headline}"
            for digest in self.dropped
        ]
        for delivery in self.deliveries:
            digest = delivery.digest
            if delivery.reason:
                told.append(
                    f"Alerts: {digest.channel} {delivery.reason}; kept as a dead letter and tried again at the next run"
                )
            else:
                remark = f"; it {delivery.remark}" if delivery.remark else ""
                told.append(f"Alerts: told {digest.channel} {digest.headline.removeprefix('FinOps ')}{remark}")
        if self.waiting:
            told.append(f"Alerts: {self.waiting} more wait for tomorrow's digest (`finops alerts send --dry-run`)")
        return told


def tell_after_run(settings: Settings, run_id: str, failures: Sequence[str]) -> list[str]:
    """Send what a run has to tell; returns lines about it. Never raises: the run has already ended as it did.

    Args:
        settings: where everything is, and the run's clock.
        run_id: the run that ended.
        failures: why it failed, empty if it did not.
    """
    if list(failures) == ["interrupted"]:
        return []  # by whoever sits in front of it
    try:
        alerts = load_alerts(settings.config_path)
        if alerts is None:
            return []
        return send(settings, alerts, run_id=run_id, failures=failures).lines()
    except FinopsError as error:
        return [f"Alerts: nobody was told: {redacted(str(error))}"]
    except Exception as error:
        return [f"Alerts: nobody was told ({type(error).__name__}); `finops alerts send` tries again."]


def send(settings: Settings, alerts: Alerts, *, run_id: str | None, failures: Sequence[str] | None) -> Told:
    """Send every digest that is due, dead letters first, and remember what was told.

    Raises:
        filelock.Timeout: another process is sending and does not end.
    """
    today = settings.now.date()
    with memory.locked(settings.home):
        memory.forget_letters(settings.home, before=today - timedelta(days=KEPT_DAYS))
        channels = [channel.name for channel in alerts.channels]
        dropped = memory.drop_letters(settings.home, channels)
        states = memory.read_states(settings.home, channels)
        found = _gather(settings, alerts, run_id, failures)
        planned = plan(alerts, states, found.findings, found.evaluated, today)
        digests = {each.channel: _digest(each, states, settings, alerts) for each in planned}
        # Kept before it is tried: a process that is ended while it sends must not lose what it was about to tell.
        for digest in digests.values():
            memory.bury(settings.home, digest, "was not tried yet")
        for each in planned:
            mark_told(states[each.channel], each, today)
            states[each.channel].last_id = digests[each.channel].digest_id
        memory.write_states(settings.home, states)
        deliveries = _deliver(settings, alerts)
    return Told(deliveries, sum(len(state.waiting) for state in states.values()), dropped)


def preview(settings: Settings, alerts: Alerts, *, run_id: str | None) -> list[Digest]:
    """The digests that `send` would make now. Nothing is sent or remembered."""
    states = memory.read_states(settings.home, [channel.name for channel in alerts.channels])
    found = _gather(settings, alerts, run_id, None)
    planned = plan(alerts, states, found.findings, found.evaluated, settings.now.date())
    return [_digest(each, states, settings, alerts) for each in planned]


def _deliver(settings: Settings, alerts: Alerts) -> list[Delivery]:
    letters = [letter for letter in memory.dead_letters(settings.home) if _is_tried(letter, settings)]
    batches = [
        (channel, digests)
        for channel in alerts.channels
        if (digests := [letter.digest for letter in letters if letter.digest.channel == channel.name])
    ]
    deliveries = deliver_all(batches)
    for delivery in deliveries:
        if delivery.reason:
            memory.bury(settings.home, delivery.digest, delivery.reason)
        else:
            memory.unbury(settings.home, delivery.digest)
    return deliveries


def _is_tried(letter: memory.DeadLetter, settings: Settings) -> bool:
    age = settings.now.date() - memory.day_of(letter)
    return age.days <= KEPT_TRYING_DAYS


def _gather(settings: Settings, alerts: Alerts, run_id: str | None, failures: Sequence[str] | None) -> Gathered:
    return gather(settings, run_id=run_id, failures=failures, base=alerts.dagster_url, secrets=secrets_of(alerts))


def _digest(planned: Planned, states: Mapping[str, ChannelState], settings: Settings, alerts: Alerts) -> Digest:
    day = settings.now.date().isoformat()
    after = states[planned.channel].last_id
    return make_digest(planned.channel, day, alerts.dagster_url, planned.findings, planned.solved, after=after)
