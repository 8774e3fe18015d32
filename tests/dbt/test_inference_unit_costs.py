"""What one inference costs: the ledger's cost beside what was asked, and what is missing when one of them is."""

from decimal import Decimal
from typing import Any

from ledger_fixture import Built


def costs(built: Built, model: str, columns: str) -> list[tuple[Any, ...]]:
    return built.rows(f"select {columns} from fct_inference_unit_costs where model_name = '{model}' order by all")


def test_a_served_model_is_split_over_its_endpoints_by_requests(built: Built) -> None:
    columns = "endpoint, serving_mode, effective_cost, inferences, failed_inferences, gpu_seconds, is_complete"
    assert costs(built, "aurora", columns) == [
        ("eu", "real_time", 30, 3000, None, 900, True),
        ("us", "real_time", 10, 1000, 5, None, True),
    ]


def test_the_pools_idle_is_shared_by_all_who_held_it_and_stands_beside(built: Built) -> None:
    # 20 of 100 GPU-hours were idle; serving held as much as training, so half of the idle cost is the model's
    columns = "endpoint, idle_cost, fully_loaded_cost, cost_per_1k_inferences, fully_loaded_cost_per_1k_inferences"
    assert costs(built, "aurora", columns) == [
        ("eu", Decimal("7.5"), Decimal("37.5"), 10, Decimal("12.5")),
        ("us", Decimal("2.5"), Decimal("12.5"), 10, Decimal("12.5")),
    ]


def test_training_of_a_model_is_not_part_of_its_inference_cost(built: Built) -> None:
    assert costs(built, "aurora", "distinct team, environment, model_version") == [("assistant", "prod", "v2")]


def test_credits_stand_apart_from_the_cost_of_an_inference(built: Built) -> None:
    # the credit follows the month's GPU-hours of its machine: 40 of 100
    assert costs(built, "aurora", "credit_cost") == [(Decimal("-3"),), (Decimal("-1"),)]


def test_self_hosted_models_have_no_price_of_input_and_output_tokens(built: Built) -> None:
    columns = "distinct cost_per_1m_input_tokens, cost_per_1m_output_tokens, is_managed_model"
    assert costs(built, "aurora", columns) == [(None, None, False)]


def test_a_managed_model_has_a_price_of_each_direction(built: Built) -> None:
    columns = """serving_mode, endpoint, effective_cost, inferences, input_tokens, cost_per_1m_input_tokens,
        cost_per_1m_output_tokens, cost_per_1m_tokens, is_complete"""
    assert costs(built, "nova", columns) == [("managed_api", "aws/nova", 19, 2000, 3500000, 2, 8, Decimal("3.8"), True)]


def test_cost_without_requests_is_shown_without_a_unit_cost(built: Built) -> None:
    columns = "effective_cost, inferences, cost_per_1k_inferences, is_complete, reason"
    assert costs(built, "unasked", columns) == [
        (50, None, None, False, "no inference or tokens feed of this model on this day")
    ]


def test_requests_without_cost_never_look_free(built: Built) -> None:
    columns = "effective_cost, inferences, cost_per_1k_inferences, is_complete, reason"
    assert costs(built, "ghost", columns) == [
        (None, 10, None, False, "no cost of this model in the ledger on this day")
    ]


def test_calls_that_nobody_tagged_still_cost_their_model(built: Built) -> None:
    assert costs(built, "claude-sonnet-4.6", "team, effective_cost, is_complete") == [
        ("search", 7, False),
        (None, 8, False),
    ]
