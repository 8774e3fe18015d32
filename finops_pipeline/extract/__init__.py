"""Exports and usage feeds into the landing zone: find, verify, land. Plain Python; never imports Dagster.

`refresh.extract_table` is the entry point. Provider modules say which deliveries an export offers, `landing` copies
one of them, `ledger` says which ones are live. What the rows mean is the business of the dbt models.
"""
