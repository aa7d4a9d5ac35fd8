"""Opens, locks, migrates, merges and publishes the warehouse, and reads the published copy.

In: Parquet files with what a run read from a cloud. Out: the history, and a read-only copy of it for all readers.
The SQL is in sql/, one object per file. This package must not talk to a cloud.
"""
