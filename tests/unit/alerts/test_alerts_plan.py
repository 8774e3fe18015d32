"""Who is told what, and when again: the rules of digests, by hand and for any history of findings."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from finops_pipeline.alerts.configuration import Alerts, Route
from finops_pipeline.alerts.finding import RUN_FAILED, Finding
from finops_pipeline.alerts.plan import ChannelState, channels_for, mark_told, plan

MONDAY = date(2026, 11, 2)
ALERTS = Alerts.model_validate(
    {
        "version": 1,
        "channels": (
            {"name": "chat", "kind": "slack", "webhook_env": "A"},
            {"name": "vision", "kind": "teams", "url_env": "B"},
            {"name": "pager", "kind": "webhook", "url_env": "C"},
        ),
        "routes": (
            {"owners": ["vision"], "channels": ["vision"]},
            {"severities": ["error"], "channels": ["pager"]},
            {"checks": ["daily_*"], "channels": ["vision", "chat"]},
        ),
        "default": ("chat",),
    }
)


def finding(key="a_check/one", severity="warn", **changes):
    name, subject = key.split("/", 1)
    return Finding(key=key, name=name, severity=severity, subject=subject, told="seen; expected other", **changes)


def morning(states, findings, day, evaluated=("a_check",), *, alerts=ALERTS):
    """One run's planning; what is planned is told. The keys told to each channel, and what is solved."""
    planned = plan(alerts, states, findings, frozenset(evaluated), day)
    for each in planned:
        mark_told(states[each.channel], each, day)
    return {each.channel: ([found.key for found in each.findings], each.solved) for each in planned}


def fresh():
    return {channel.name: ChannelState() for channel in ALERTS.channels}


def days(count):
    return MONDAY + timedelta(days=count)


def test_every_route_that_takes_a_finding_gets_it_and_the_default_only_what_none_took():
    assert channels_for(finding(), ALERTS) == ["chat"]
    assert channels_for(finding(owner="vision"), ALERTS) == ["vision"]
    assert channels_for(finding(severity="error", owner="vision"), ALERTS) == ["vision", "pager"]
    assert channels_for(finding("daily_cost/x", severity="error", owner="vision"), ALERTS) == [
        "vision",
        "pager",
        "chat",
    ]


def test_an_owner_is_found_however_its_name_is_spaced():
    alerts = ALERTS.model_copy(
        update={"routes": (Route(owners=["Größe &  Co"], channels=["vision"]),)},
    )
    assert channels_for(finding(owner="Größe & Co"), alerts) == ["vision"]


def test_a_warning_is_told_once_and_again_after_the_configured_days():
    states, told = fresh(), []
    for day in range(15):
        if morning(states, [finding()], days(day)):
            told.append(day)
    assert told == [0, 7, 14]


def test_a_failure_that_lasts_is_told_every_day():
    states = fresh()
    assert [bool(morning(states, [finding(severity="error")], days(day))) for day in range(3)] == [True] * 3


def test_a_finding_that_got_a_fifth_worse_is_told_again_the_next_day():
    states = fresh()
    assert morning(states, [finding(weight=100)], days(0)) == {"chat": (["a_check/one"], [])}
    assert morning(states, [finding(weight=119)], days(1)) == {}
    assert morning(states, [finding(weight=120)], days(2)) == {"chat": (["a_check/one"], [])}
    assert morning(states, [finding(weight=50)], days(3)) == {}


def test_later_warnings_of_a_day_wait_for_the_next_digest_even_if_no_run_sees_them_again():
    states = fresh()
    morning(states, [finding()], MONDAY)
    assert morning(states, [finding(), finding("a_check/two")], MONDAY) == {}
    assert list(states["chat"].waiting) == ["a_check/two"]
    # The next run found nothing new and evaluated nothing.
    assert morning(states, [], days(1), evaluated=()) == {"chat": (["a_check/two"], [])}
    assert states["chat"].waiting == {}


def test_a_waiting_warning_that_is_over_before_the_digest_is_never_told():
    states = fresh()
    morning(states, [finding()], MONDAY)
    morning(states, [finding(), finding("a_check/two")], MONDAY)
    assert morning(states, [finding()], days(1)) == {}


def test_what_stops_publishing_does_not_wait_and_takes_along_what_waits():
    states = fresh()
    alerts = ALERTS.model_copy(update={"routes": ()})
    morning(states, [finding()], MONDAY, alerts=alerts)
    both = [finding(), finding("a_check/two"), finding("b_check/x", severity="error")]
    assert morning(states, both, MONDAY, alerts=alerts) == {"chat": (["b_check/x", "a_check/two"], [])}


def test_an_error_that_is_over_is_told_to_those_who_knew_and_comes_back_as_news():
    states = fresh()
    error = finding(severity="error")
    assert morning(states, [error], MONDAY) == {"pager": (["a_check/one"], [])}
    assert morning(states, [], MONDAY) == {"pager": ([], ["a_check: one"])}
    assert morning(states, [], MONDAY) == {}
    assert morning(states, [error], MONDAY) == {"pager": (["a_check/one"], [])}


def test_a_run_that_ended_well_had_nothing_that_stops_publishing():
    # What was delivered by mistake is taken back: nothing is new, nothing is built, and most checks are not asked.
    states = fresh()
    morning(states, [finding(severity="error"), finding("b_check/x")], MONDAY)
    assert morning(states, [], MONDAY, evaluated=("other", RUN_FAILED)) == {"pager": ([], ["a_check: one"])}
    assert list(states["chat"].told) == ["b_check/x"]


def test_a_check_that_was_not_evaluated_is_not_over():
    states = fresh()
    morning(states, [finding(severity="error")], MONDAY)
    assert morning(states, [], days(1), evaluated=("other",)) == {}
    assert states["pager"].told


def test_what_nobody_can_say_is_over_is_forgotten_after_ninety_days():
    states = fresh()
    morning(states, [finding("anomaly/1")], MONDAY)
    morning(states, [], days(90), evaluated=())
    assert states["chat"].told
    morning(states, [], days(91), evaluated=())
    assert states["chat"].told == {}


KEYS = ["a_check/one", "a_check/two", "b_check/three"]
RUNS = st.lists(
    st.tuples(
        st.integers(0, 2),  # days since the run before
        st.sets(st.sampled_from(KEYS)),
        st.sets(st.sampled_from(["a_check", "b_check"])),
    ),
    max_size=12,
)


@given(RUNS)
def test_warnings_make_at_most_one_digest_a_day_and_no_repetition_within_a_week(runs):
    states, day, sent = fresh(), MONDAY, []
    for passed, keys, evaluated in runs:
        day += timedelta(days=passed)
        found = [finding(key) for key in sorted(keys) if key.split("/")[0] in evaluated]
        for channel, (told, solved) in morning(states, found, day, evaluated).items():
            sent.append((day, channel, told))
            assert solved == []
            assert len(told) == len(set(told))
    digests = [(day, channel) for day, channel, _ in sent]
    assert len(digests) == len(set(digests))


@given(RUNS)
def test_what_lasts_is_always_told_or_waiting(runs):
    """Nothing is lost: after any history, each finding of the last run was told or waits."""
    states, day = fresh(), MONDAY
    for passed, keys, _ in runs:
        day += timedelta(days=passed)
        found = [finding(key) for key in sorted(keys)]
        morning(states, found, day, ("a_check", "b_check"))
        known = set(states["chat"].told) | set(states["chat"].waiting)
        assert known == keys


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20))
def test_a_lasting_warning_is_repeated_no_sooner_than_after_a_week(gaps):
    states, day, told = fresh(), MONDAY, []
    for gap in gaps:
        day += timedelta(days=gap)
        if morning(states, [finding()], day):
            told.append(day)
    assert all(later - earlier >= timedelta(days=7) for earlier, later in pairwise(told))
    assert day - told[-1] < timedelta(days=7)


def test_what_is_told_once_is_no_news_when_it_returns_unless_it_got_worse():
    states = fresh()
    hovering = finding(is_told_once=True, weight=1.0)
    assert morning(states, [hovering], days(0)) == {"chat": ([hovering.key], [])}
    assert morning(states, [], days(1)) == {}
    assert morning(states, [hovering], days(2)) == {}
    worse = finding(is_told_once=True, weight=1.3)
    assert morning(states, [worse], days(3)) == {"chat": ([hovering.key], [])}
