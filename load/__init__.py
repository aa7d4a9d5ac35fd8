"""Opens, locks, migrates, merges and publishes the warehouse, and reads the published copy.

In: Parquet files with what was read of a cloud. Out: the history, and a read-only copy of it for everybody else.
The SQL that it runs is in sql/, one object a file. It must not talk to a cloud.
"""
