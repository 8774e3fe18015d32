"""Anomalies in daily cost: which day of which series, of what kind, by how much, and what drove it.

Plain numpy and SQL over tables: no Dagster, no models on disk. The same functions serve the checks, the mart and the
benchmark. Money becomes floating point here because these are statistics; what is published as money (drivers)
stays decimal.
"""
