"""Sorting networks and doubled windows give what numpy's own sorting gives, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from finops_pipeline.detect.windows import ahead, back, extremes_back, low_back, median_back, median_of

MATRICES = arrays(
    float,
    st.tuples(st.integers(1, 3), st.integers(1, 70)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False) | st.sampled_from([0.0, 1.0]),
)


def window(values: np.ndarray, first: int, last: int) -> np.ndarray:
    return np.stack([back(values, days) for days in range(first, last + 1)], axis=-1)


@settings(max_examples=30, deadline=None)
@given(MATRICES, st.sampled_from([(1, 3), (1, 7), (1, 14), (2, 22), (2, 29), (18, 38), (39, 66)]))
def test_the_median_of_past_days_is_numpys(values: np.ndarray, days: tuple[int, int]) -> None:
    assert np.array_equal(median_back(values, *days), np.median(window(values, *days), axis=-1))


@settings(max_examples=30, deadline=None)
@given(MATRICES, st.integers(2, 31))
def test_the_median_of_matrices_is_numpys(values: np.ndarray, count: int) -> None:
    matrices = [back(values, 2 * days) for days in range(count)]
    assert np.array_equal(median_of(matrices), np.median(np.stack(matrices), axis=0))


@settings(max_examples=30, deadline=None)
@given(MATRICES, st.sampled_from([(2, 29), (3, 30), (2, 61)]))
def test_the_low_and_the_high_days_are_those_of_the_sorted_window(values: np.ndarray, days: tuple[int, int]) -> None:
    ordered = np.sort(window(values, *days), axis=-1)
    low, high = extremes_back(values, *days)
    assert np.array_equal(low, ordered[..., 1])
    assert np.array_equal(high, ordered[..., -2])
    assert np.array_equal(low_back(values, *days, rank=6), ordered[..., 5])


@settings(max_examples=30, deadline=None)
@given(MATRICES, st.integers(0, 80))
def test_looking_ahead_is_looking_back_in_a_mirror_for_bills_of_any_length(values: np.ndarray, days: int) -> None:
    assert np.array_equal(ahead(values, days), back(values[:, ::-1], days)[:, ::-1])


def test_a_hole_in_a_window_is_a_hole_in_its_median() -> None:
    values = np.array([[1.0, np.nan, 3.0, 4.0]])
    assert np.isnan(median_back(values, 1, 14)[0, 2:]).all()


@pytest.mark.parametrize("days", [1, 5])
def test_looking_back_never_looks_ahead(days: int) -> None:
    values = np.arange(10.0)[None, :]
    assert (back(values, days) <= values).all()
