-- remove_orphans: remove files older than $before that the catalogue does not know, because the load that wrote them died.
CALL ducklake_delete_orphaned_files('warehouse', older_than => $before)
