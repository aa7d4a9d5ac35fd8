-- seen_by_failed_runs: the images about which only these runs had found anything new.
-- One row per image.
SELECT id
FROM image_versions
WHERE cloud = $cloud
GROUP BY id
HAVING bool_and(list_contains($failed_runs, run_from))
