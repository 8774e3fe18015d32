"""The split benchmark compares an exact way with an inexact one, on input that tells them apart."""

from pathlib import Path

from benchmarks import split


def test_only_the_exact_way_sums_to_every_pool(tmp_path: Path):
    given = tmp_path / "given.duckdb"
    split.write_input(given, parts=5_000, pools=100)
    off = {}
    for way in ("exact", "naive"):
        split.split(way, given, tmp_path / f"{way}.duckdb")
        off[way] = split.pools_off(given, tmp_path / f"{way}.duckdb")
    assert off["exact"] == 0
    assert off["naive"] > 50
