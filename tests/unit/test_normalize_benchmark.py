"""What the bench of normalization makes of its measurements: rows of a table, and the two ratios with their goals."""

from pathlib import Path

import duckdb

from benchmarks import peer_focus_converter
from benchmarks.measure import Cost
from benchmarks.normalize import COPY, MAP, row, verdict


def costs(*seconds: float) -> list[Cost]:
    return [Cost(second, second * 2, 100 + second) for second in seconds]


def test_a_row_is_the_median_of_its_turns_with_their_spread_and_the_highest_peak():
    assert row("mapped", costs(9, 30, 12), costs(10, 8, 40)) == ("mapped", "12.0", "9.0-30.0", "1.20", "24.0", "130")
    assert row("mapped", costs(9), costs(10)) == ("mapped", "9.0", "", "0.90", "18.0", "109")


def test_the_verdict_tells_both_ratios_beside_their_goals():
    said = verdict({COPY: costs(8, 100, 10), MAP: costs(12, 11, 10), "focus-converter 1.0.0": costs(15, 22, 90)})
    assert said == (
        "Mapped at 1.10 x the CPU of the copy (goal: at most 1.2); focus-converter 1.0.0 at 2.00 x the CPU"
        " of the mapping (goal: at least 1.5)."
    )


def test_without_the_peer_only_the_copy_is_compared():
    assert verdict({COPY: costs(10), MAP: costs(13)}) == "Mapped at 1.30 x the CPU of the copy (goal: at most 1.2)."


def test_the_peers_input_has_every_line_with_the_columns_it_asks_for(tmp_path: Path):
    taken = peer_focus_converter._TAKEN
    read = (*taken, "pricing_public_on_demand_rate", "pricing_term", "reservation_reservation_a_r_n")
    read += ("reservation_total_reserved_units", "savings_plan_savings_plan_a_r_n")
    line = ", ".join(f"'{number}' as {name}" for number, name in enumerate(read))
    with duckdb.connect() as connection:
        connection.sql(f"select {line} from range(3)").write_parquet(str(tmp_path / "lines.parquet"))
        peer_focus_converter.write_input([tmp_path / "lines.parquet"] * 2, tmp_path / "peer.parquet")
        written = connection.read_parquet(str(tmp_path / "peer.parquet"))
        assert written.shape == (6, 38)
        assert set(taken) < set(written.columns)
