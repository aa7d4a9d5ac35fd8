-- remove_orphans: remove the files older than $before that the catalogue does not know: a load wrote them and died.
CALL ducklake_delete_orphaned_files('warehouse', older_than => $before)
