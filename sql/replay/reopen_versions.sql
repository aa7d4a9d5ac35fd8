-- reopen_versions: reopen one cloud's versions that ended at $since or later.
UPDATE image_versions SET seen_to = NULL, run_to = NULL, end_reason = NULL WHERE cloud = $cloud AND seen_to >= $since
