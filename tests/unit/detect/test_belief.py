"""What else a morning knows makes an odd day more or less believable; what is no candidate speaks for nothing."""

import numpy as np

from finops_pipeline.detect.belief import Hints


def hints(score: list[float], **others: list[float]) -> Hints:
    """Hints of one channel each for a calm series of a hundred dollars a day, each on a morning of its own."""
    count = len(score)
    usual = {"group": range(count), "channel": [0] * count, "told": [0] * count, "restless": [0.0] * count}
    usual |= {"size": [100.0] * count, "trusted": [False] * count, "score": score}
    return Hints(**{name: np.array(values) for name, values in (usual | others).items()})


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
        [1.0] * 4, told=[0, 2, 0, 0], restless=[0, 0, 0.3, 0], size=[100, 100, 100, 6]
    ).believed()
    assert usual > max(told, restless, small)


def test_what_is_told_of_a_large_series_does_not_hang_on_how_large_it_is() -> None:
    few, many = hints([1.0, 1.0], size=[100, 1e6]).believed()
    assert few == many
