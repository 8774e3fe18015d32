"""A dbt test says in the UI what it claims, by its own words or by kind and arguments."""

import pytest

from finops_pipeline.dbt_test_texts import described


def _test(kind: str, *, severity: str = "ERROR", description: str = "", **arguments: object) -> dict:
    return {
        "description": description,
        "attached_node": "model.finops.fct_things",
        "config": {"severity": severity},
        "test_metadata": {"name": kind, "kwargs": {"model": "{{ ... }}", **arguments}},
    }


CLAIMS = {
    "No two rows of fct_things are alike in day, team and model.": _test(
        "unique_combination", columns=["day", "team", "model"]
    ),
    "Each row of fct_things has a thing_id of its own.": _test("primary_key", column_name="thing_id"),
    "step of fct_things is one of direct or usage.": _test(
        "accepted_values", column_name="step", values=["direct", "usage"]
    ),
    "share of fct_things is at least 0 and at most 1.": _test(
        "accepted_range", column_name="share", min_value=0, max_value=1
    ),
    "weight of fct_things is at least 0.": _test("accepted_range", column_name="weight", min_value=0),
    "cost and idle_cost of fct_things sum to effective_cost of int_pools, for each pool_id, to the last digit.": _test(
        "allocation_conserves_cost",
        costs={"cost": "effective_cost", "idle_cost": "effective_cost"},
        of_model="ref('int_pools')",
        by=["pool_id"],
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_told_by_kind_and_arguments(claim: str) -> None:
    text = described(CLAIMS[claim])
    assert text is not None
    assert text.startswith(f"{claim} If it fails, nothing is published.")


def test_what_a_test_says_itself_comes_first_and_a_warning_publishes() -> None:
    text = described(_test("is_empty", severity="warn", description="Every thing is known:\n  name it."))
    assert text is not None
    assert text.startswith("Every thing is known: name it. If it fails, the run warns and publishes")


def test_a_test_of_a_kind_of_its_own_has_to_say_what_it_claims() -> None:
    assert described(_test("is_empty")) is None
