"""All statistics that are watched, the one whose band is shown first."""

from finops_pipeline.detect.beside_rows import BesideRows, envelope_channels, per_row_channel
from finops_pipeline.detect.channel import Channel
from finops_pipeline.detect.completeness import Completeness
from finops_pipeline.detect.expected import Expectation
from finops_pipeline.detect.faults import between_halves_channel, missing_channel, twice_channel, zero_channel
from finops_pipeline.detect.groups import moved_channels
from finops_pipeline.detect.panel import Panel
from finops_pipeline.detect.recurring import Calendar
from finops_pipeline.detect.spend import (
    climb_channel,
    cost_channel,
    new_channel,
    price_channel,
    ramp_channel,
    shift_channel,
    sums_channels,
    weeks_channel,
)


def watched(panel: Panel, e: Expectation, first: Completeness, second: Completeness) -> list[Channel]:
    """All channels, the one whose band is shown first."""
    often = e.intermittent
    steady = ~often
    calm = steady & ~e.bursty
    calendar = Calendar.of(panel.days)
    beside = BesideRows.of(panel, e)
    cost = cost_channel(panel, e, calendar, first, second, beside, steady)
    return [
        cost,
        shift_channel(panel, e, calendar, 3, 0.15, 1.4, calm),
        shift_channel(panel, e, calendar, 7, 0.12, 1.5, calm),
        ramp_channel(panel, e, calm),
        climb_channel(panel, e, steady),
        price_channel(panel, e),
        *sums_channels(panel, e, second, often),
        twice_channel(panel, e, first, second),
        between_halves_channel(panel, e),
        new_channel(panel, e),
        *envelope_channels(panel, e, beside, cost, second),
        per_row_channel(panel, e, beside, calendar, second),
        weeks_channel(panel, e, calm),
        *moved_channels(panel, e, second),
        zero_channel(panel, e, first, second),
        missing_channel(panel, first, second),
    ]
