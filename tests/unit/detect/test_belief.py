"""What else a morning knows makes an odd day more or less believable; what is no candidate speaks for nothing."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from finops_pipeline.detect import judged
from finops_pipeline.detect.around import Known
from finops_pipeline.detect.belief import ENOUGH, FARTHER, LONG_AGO, SHIPPED, UNIT, Hints, Steps


def hints(score: list[float], **others: list[float]) -> Hints:
    """Hints of one channel each for a calm series of a hundred dollars a day, each on a morning of its own."""
    count = len(score)
    usual = {"group": range(count), "channel": [0] * count, "rising": [True] * count, "told": [0] * count}
    usual |= {"ago": [LONG_AGO] * count, "size": [100.0] * count, "restless": [0.0] * count, "scatter": [0.05] * count}
    usual |= {"idle": [0.0] * count, "off": [0.4] * count, "above": [0.4] * count, "lines": [0.0] * count}
    usual |= {"untold": [1.0] * count, "follow": [False] * count, "span": [1] * count, "score": score}
    return hints_of({name: np.array(values) for name, values in (usual | others).items()})


def hints_of(values: dict[str, np.ndarray]) -> Hints:
    """Hints of values by name, whether of the hint or of what is known of its day."""
    known = {field.name: values[field.name] for field in fields(Known)}
    return Hints(**{name: each for name, each in values.items() if name not in known}, known=Known(**known))


def changed(found: Hints, figure: str, by: np.ndarray) -> Hints:
    """The same hints, each speaking of another series, with one figure raised."""
    values = {field.name: getattr(found, field.name) for field in fields(found)} | vars(found.known)
    values |= {figure: values[figure] + by, "group": np.arange(len(found.group))}
    return hints_of({name: each for name, each in values.items() if name not in ("known", "steps")})


def test_what_another_channel_says_as_well_is_believed_more() -> None:
    alone, beside = hints([0.9, 0.9]), hints([0.9, 0.9], group=[5, 5], channel=[0, 1])
    assert (beside.believed() > alone.believed()).all()


def test_another_day_of_the_same_channel_on_that_morning_says_nothing_more() -> None:
    alone, twice = hints([0.9, 0.9]), hints([0.9, 0.9], group=[5, 5])
    assert (twice.believed() == alone.believed()).all()


def test_the_farthest_other_channel_counts() -> None:
    group = hints([1.2, 0.7, 2.0], group=[5, 5, 5], channel=[0, 1, 2])
    assert group.beside().tolist() == [2.0, 2.0, 1.2]


def test_a_series_told_of_restless_or_small_is_believed_less() -> None:
    usual, told, restless, small = hints(
        [1.0] * 4, told=[0, 3, 0, 0], restless=[0, 0, 0.3, 0], size=[100, 100, 100, 6]
    ).believed()
    assert usual > max(told, restless, small)


def test_what_is_told_of_a_large_series_does_not_hang_on_how_large_it_is() -> None:
    few, many = hints([1.0, 1.0], size=[100, 1e6]).believed()
    assert few == many


def any_hints(count: int) -> Hints:
    """Hints of all sorts, some of them exactly where a question divides."""
    draw = np.random.default_rng(3)
    values = {
        "group": draw.integers(0, count // 3, count),
        "channel": draw.integers(0, 5, count),
        "score": draw.lognormal(0, 0.4, count).clip(0.6),
        "rising": draw.random(count) < 0.6,
        "told": draw.integers(0, 6, count),
        "ago": draw.integers(1, 90, count),
        "span": draw.choice([1, 3, 7, 28], count),
        "size": draw.choice([5.0, 12.0, 30.0, 4000.0], count),
        "restless": draw.choice([0.0, 0.05, 0.2], count),
        "scatter": draw.lognormal(-2, 1, count),
        "idle": draw.choice([0.0, 0.3, 0.9], count),
        "off": draw.normal(0, 1, count),
        "above": draw.normal(0, 1, count),
        "lines": draw.normal(0, 1, count),
        "untold": draw.normal(1, 1, count),
        "follow": draw.random(count) < 0.3,
    }
    return hints_of(values)


def asked_one_by_one(steps: Steps, figures: dict[str, float]) -> int:
    """The plain definition: two questions a step, the second by the answer to the first."""
    odds = int(steps.usual)
    for figure, at, less, more in zip(steps.figure, steps.at, steps.less, steps.more, strict=True):
        for question in (0, 1 if figures[figure[0]] < at[0] else 2):
            odds += int((less if figures[figure[question]] < at[question] else more)[question])
    return odds


def test_steps_are_asked_one_by_one() -> None:
    found = any_hints(200)
    figures = found.figures()
    plainly = [asked_one_by_one(SHIPPED, {name: each[n] for name, each in figures.items()}) for n in range(200)]
    assert (SHIPPED.odds(figures) * UNIT).round(6).tolist() == plainly
    assert found.believed() == pytest.approx(np.exp((np.array(plainly) / UNIT - ENOUGH) / FARTHER))


def test_a_hint_is_believed_the_same_alone_and_among_others() -> None:
    figures = any_hints(200).figures()
    alone = [SHIPPED.odds({name: each[n : n + 1] for name, each in figures.items()})[0] for n in range(200)]
    assert SHIPPED.odds(figures).tolist() == alone


FOR, AGAINST = ("score", "size", "ago", "untold"), ("told", "restless")


@pytest.mark.parametrize(("figure", "way"), [(name, 1) for name in FOR] + [(name, -1) for name in AGAINST])
def test_more_of_what_can_only_speak_one_way_never_speaks_the_other(figure: str, way: int) -> None:
    found = changed(any_hints(200), figure, np.zeros(200, int))
    size = np.abs(getattr(found.known if hasattr(found.known, figure) else found, figure))
    more = changed(found, figure, size * 0.5 + 0.1)
    assert (way * (more.believed() - found.believed()) >= 0).all()


@pytest.mark.parametrize("figure", ["off", "above"])
def test_a_larger_change_is_never_believed_less(figure: str) -> None:
    found = changed(any_hints(200), figure, np.zeros(200))
    more = changed(found, figure, np.where(found.rising, 1, -1))
    assert (more.believed() >= found.believed()).all()


def test_a_calm_series_that_goes_far_is_told_by_one_channel_alone() -> None:
    """A young company's model whose lines stay what they are: nothing but its cost says so."""
    assert hints([4.0], off=[1.0], above=[1.0]).believed()[0] > 1


def test_steps_learnt_anew_have_all_judged_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "__file__", str(tmp_path / "judged.py"))
    (tmp_path / "belief.csv").write_text("figure,at,less,more\n")
    before = judged._made_with()
    (tmp_path / "belief.csv").write_text("figure,at,less,more\nsize,5,-1,1\n")
    assert judged._made_with() != before
