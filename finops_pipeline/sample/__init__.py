"""A small AI company's bills, telemetry and the truth behind them, for demos, tests and benchmarks.

`write_sample` is the way in. Who the company is stands in `company.py`, what happened in `plan.py`, one module pair a
cloud writes its bill, `telemetry.py` its usage feeds and `truth.py` who owns every cent.
"""

from finops_pipeline.sample.write import SampleSummary, SourceRows, write_sample

__all__ = ["SampleSummary", "SourceRows", "write_sample"]
