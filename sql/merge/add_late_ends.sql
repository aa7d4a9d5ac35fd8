-- add_late_ends: for images that this run ended, keep since when they were missed, if an earlier run missed them first.
-- Run it before the rows of missing images are removed. In a replay, the row may exist already.
INSERT INTO late_ends BY NAME
SELECT
    ended.cloud,
    ended.id,
    ended.seen_to,
    least(missed.missed_from, unlisted.missed_from, withheld.withheld_from) AS missed_from,
    answer.run_id AS answered_in
FROM image_versions AS ended
LEFT JOIN (
    SELECT id, min(missed_from) AS missed_from, max(answered_at) AS answered_at
    FROM unlisted_images
    WHERE cloud = $cloud
    GROUP BY id
) AS unlisted ON unlisted.id = ended.id
LEFT JOIN (
    SELECT id, min(withheld_from) AS withheld_from FROM withheld_deletions WHERE cloud = $cloud GROUP BY id
) AS withheld ON withheld.id = ended.id
LEFT JOIN (SELECT id, min(missed_from) AS missed_from FROM missed_images WHERE cloud = $cloud GROUP BY id) AS missed
    ON missed.id = ended.id
LEFT JOIN runs AS answer ON answer.started_at = unlisted.answered_at
ANTI JOIN (SELECT cloud, id, seen_to FROM late_ends) AS known
    ON known.cloud = ended.cloud AND known.id = ended.id AND known.seen_to = ended.seen_to
WHERE ended.cloud = $cloud
    AND ended.run_to = $run_id
    AND ended.end_reason <> 'changed'
    AND least(missed.missed_from, unlisted.missed_from, withheld.withheld_from) < ended.seen_to
