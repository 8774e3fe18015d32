"""All statistics that are watched, the one whose band is shown first."""

from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.faults import missing_channel, twice_channel, zero_channel
from finops_pipeline.detect.groups import moved_channels
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.recurring import Calendar
from finops_pipeline.detect.spend import (
    cost_channel,
    envelope_channels,
    new_channel,
    price_channel,
    ramp_channel,
    shift_channel,
    sums_channels,
)


def watched(panel: Panel, e: Expectation, first: Completeness, second: Completeness) -> list[Channel]:
    """All channels, the one whose band is shown first."""
    often = e.intermittent
    steady = ~often
    calm = steady & ~e.bursty
    calendar = Calendar.of(panel.days)
    cost = cost_channel(panel, e, calendar, first, second, steady)
    return [
        cost,
        shift_channel(e, calendar, 3, 0.15, 1.4, calm),
        shift_channel(e, calendar, 7, 0.12, 1.5, calm),
        ramp_channel(panel, e, calm),
        price_channel(panel, e),
        *sums_channels(e, often),
        twice_channel(panel, e),
        new_channel(panel, e),
        *envelope_channels(panel, e, cost.up),
        *moved_channels(panel, e),
        zero_channel(panel, e, first, second),
        missing_channel(panel, first, second),
    ]
