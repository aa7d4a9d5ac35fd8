-- reopen_versions: take back the ends that came at that time or later.
UPDATE image_versions SET seen_to = NULL, run_to = NULL, end_reason = NULL WHERE seen_to >= $since
