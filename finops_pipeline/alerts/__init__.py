"""One digest a day for those who must know: failed runs and checks, anomalies, budgets. Imports no Dagster.

Read from what a run recorded and published, so that a digest says nothing that a mart or the UI does not show.
"""
