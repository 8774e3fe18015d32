"""Where a company's AI and cloud money goes, exactly. This file holds the version and nothing else."""

__version__ = "0.1.0"
