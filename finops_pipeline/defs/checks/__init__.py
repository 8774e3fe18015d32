"""The checks as Dagster knows them: which asset each guards, and whether a failure blocks publishing."""
