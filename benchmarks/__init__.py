"""Benchmarks: whole processes, CPU and peak memory, as ratios beside a floor and a peer measured in the same run."""
