-- reopen_versions: of one cloud, take back the ends that came at that time or later.
UPDATE image_versions SET seen_to = NULL, run_to = NULL, end_reason = NULL WHERE cloud = $cloud AND seen_to >= $since
