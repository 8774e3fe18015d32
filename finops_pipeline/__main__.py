"""`python -m finops_pipeline` is the `finops` command."""

from finops_pipeline.cli import main

main()
