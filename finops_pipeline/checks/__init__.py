"""What must be true of the data, as queries that return offenders. Imports no Dagster; `defs/checks/` joins the two."""
