-- renames: which clouds got another name, the oldest first.
-- One row per rename. UTC.
SELECT run_id, old_name, new_name, renamed_at FROM renames ORDER BY renamed_at
