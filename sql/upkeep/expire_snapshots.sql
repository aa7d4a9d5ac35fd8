-- expire_snapshots: forget the snapshots of DuckLake that are older than $before; the history is in the tables.
CALL ducklake_expire_snapshots('warehouse', older_than => $before)
