"""Opens, locks, migrates, merges and publishes the warehouse, and reads the published copy.

In: Parquet files with what a run read from a cloud. Out: the history, and a read-only copy of it for all readers.
The SQL is in sql/, one object per file. This package must not talk to a cloud.
"""

import sys

# DuckDB looks for pandas at every parameter of a statement: in each folder of sys.path if it is not installed, which
# takes longer than a short statement, and by importing it if it is. Nothing here gives or takes its frames.
sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
