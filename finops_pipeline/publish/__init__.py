"""Immutable versions of the marts behind one link: what readers get. Imports no Dagster and decides no number."""
