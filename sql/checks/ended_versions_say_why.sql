-- ended_versions_say_why: a version has an end, a run that ended it and a reason, or none of the three.
-- One row per version that has only some of them.
SELECT cloud, id, seen_from, seen_to, run_to, end_reason
FROM image_versions
WHERE (seen_to IS NULL) <> (end_reason IS NULL) OR (seen_to IS NULL) <> (run_to IS NULL)
