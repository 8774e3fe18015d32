"""What `finops alerts` prints: the channels and what they were told, the digests due, and a test message."""

from collections.abc import Iterator
from datetime import UTC, datetime

from finops_pipeline.alerts import memory
from finops_pipeline.alerts.configuration import Alerts, alerts_path, load_alerts
from finops_pipeline.alerts.deliver import deliver_all
from finops_pipeline.alerts.digest import as_text, make_digest
from finops_pipeline.alerts.finding import Finding
from finops_pipeline.alerts.gather import newest_run
from finops_pipeline.alerts.send import preview, send
from finops_pipeline.alerts.unmatched import amiss
from finops_pipeline.config_yaml import read_yaml
from finops_pipeline.errors import ConfigurationError, FinopsError
from finops_pipeline.settings import Settings


def required_alerts(settings: Settings) -> Alerts:
    """The configuration of alerts.

    Raises:
        ConfigurationError: there is none, or it holds faults.
    """
    read_yaml(settings.config_path)  # whoever forgot --config is told so
    alerts = load_alerts(settings.config_path)
    if alerts is None:
        raise ConfigurationError(f"{alerts_path(settings.config_path)} does not exist; docs/alerts.md shows one.")
    return alerts


def listed(settings: Settings) -> Iterator[str]:
    """Every channel with what it was told last and what waits; what is amiss; every dead letter with its reason."""
    alerts = required_alerts(settings)
    states = memory.read_states(settings.home, [channel.name for channel in alerts.channels])
    for channel in alerts.channels:
        state = states[channel.name]
        last = f"last digest {state.last_digest}" if state.last_digest else "no digest yet"
        waiting = f", {len(state.waiting)} waiting for the next" if state.waiting else ""
        told = f"{len(state.told)} finding{'' if len(state.told) == 1 else 's'} told"
        yield f"{channel.name} ({channel.kind}): {last}, {told}{waiting}"
    yield from amiss(settings, alerts)
    for letter in memory.dead_letters(settings.home):
        digest = letter.digest
        yield f"dead letter {digest.digest_id}: {digest.channel} {letter.reason}"
        runs = f"{letter.attempts} run{'' if letter.attempts == 1 else 's'}"
        yield f"  {digest.headline}; tried by {runs} since {letter.first_failed_at}"


def dry_run(settings: Settings) -> Iterator[str]:
    """The digests that would be sent now, as text."""
    digests = preview(settings, required_alerts(settings), run_id=newest_run(settings.check_results))
    if not digests:
        yield "Nothing to tell."
    for digest in digests:
        yield f"--- to {digest.channel}"
        yield as_text(digest)


def sent(settings: Settings) -> Iterator[str]:
    """Send what is due, and the dead letters.

    Raises:
        FinopsError: a digest could not be delivered.
    """
    told = send(settings, required_alerts(settings), run_id=newest_run(settings.check_results), failures=None)
    yield from told.lines() or ["Nothing to tell."]
    undelivered = sum(bool(delivery.reason) for delivery in told.deliveries)
    if undelivered:
        raise FinopsError(
            f"{undelivered} of {len(told.deliveries)} digests could not be delivered; see `finops alerts`."
        )


def tested(settings: Settings, name: str) -> str:
    """Send a test message to one channel; nothing is remembered.

    Raises:
        ConfigurationError: there is no such channel.
        FinopsError: it was not taken; the message says why.
    """
    alerts = required_alerts(settings)
    channel = alerts.channel(name)
    if channel is None:
        raise ConfigurationError(
            f"there is no channel {name!r}; channels are {', '.join(c.name for c in alerts.channels)}."
        )
    instant = datetime.now(UTC)
    finding = Finding(
        # The instant names the digest with it: a receiver that drops what it has seen must take every test.
        key=f"test/{instant.isoformat()}",
        name="test",
        severity="warn",
        subject=f"a test message to {name}",
        told="sent by `finops alerts test`; nothing is wrong",
        link=alerts.dagster_url,
    )
    digest = make_digest(name, f"{instant:%Y-%m-%d}", alerts.dagster_url, [finding], [])
    [delivery] = deliver_all([(channel, [digest])])
    if delivery.reason:
        raise FinopsError(f"{name} {delivery.reason}.")
    return f"{name} took a test message" + (f", but {delivery.remark}." if delivery.remark else ".")
