-- remove_old_files: remove the files that no snapshot needs since before $before.
CALL ducklake_cleanup_old_files('warehouse', older_than => $before)
