"""Starts the BigQuery emulator, in its own environment, with ingestion-time partitions as billing exports have them.

The emulator takes every row for one of today's partition. Here a row's partition is what the test wrote into a column
`_PARTITIONTIME`, which the proxy of the tests hides from descriptions of the table.
"""

import bqemulator.sql.translator
from bqemulator.cli import main
from bqemulator.storage.engine import DuckDBEngine

bqemulator.sql.translator.rewrite_partition_pseudo_columns = lambda sql: sql
# An extension for geography that would be downloaded; no bill has any.
DuckDBEngine._load_spatial = lambda self: None

main()
