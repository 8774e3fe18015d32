"""Why a run failed, for the person on call: from the events Dagster recorded. `finops run` and alerts tell the same."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterEvent


def failure_messages(events: "Iterable[DagsterEvent]") -> list[str]:
    """One message for each thing that failed. Failed checks are told apart, with their evidence."""
    recorded = list(events)
    failed = [event for event in recorded if event.is_step_failure]
    if not failed:  # the run ended before its first step
        return [event.message or "the run failed" for event in recorded if event.is_failure][:1]
    return list(dict.fromkeys(message for event in failed for message in _messages(event)))


def _messages(event: "DagsterEvent") -> Iterator[str]:
    """The messages of a failure someone described; error and place for one nobody foresaw."""
    data = event.step_failure_data
    described = data.user_failure_data
    if described is not None:
        several = described.metadata.get("failures")
        yield from several.value if several else [described.description or described.label]  # type: ignore[misc]
        return
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        yield f"{event.step_key}: failed without an error"
    elif error.cls_name == "DagsterAssetCheckFailedError":
        return  # told once, with its evidence, among the checks
    elif error.cls_name == "DagsterExecutionInterruptedError":
        yield "interrupted"
    elif error.cls_name in {"FinopsError", "ConfigurationError", "DeliveryError"}:
        yield error.message.split(": ", 1)[-1].strip()
    else:
        place = "".join(error.stack[-2:]).rstrip()
        yield f"{event.step_key}: {error.message.strip()}\n{place}"
