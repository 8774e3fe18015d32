"""Everything Dagster loads, each file thin. A file holds decorated objects or one
`@dg.definitions` function, never both: beside such a function Dagster loses decorated objects without a word.
"""
