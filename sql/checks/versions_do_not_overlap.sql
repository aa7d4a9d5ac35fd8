-- versions_do_not_overlap: an image's versions follow one another, without a gap after a change, and none ends before it
-- begins.
-- One row per version for which that is wrong.
SELECT cloud, id, seen_from, seen_to, end_reason, next_from
FROM (
    SELECT
        cloud,
        id,
        seen_from,
        seen_to,
        end_reason,
        lead(seen_from) OVER (PARTITION BY cloud, id ORDER BY seen_from) AS next_from
    FROM image_versions
)
WHERE seen_to <= seen_from
    OR next_from < seen_to
    OR (next_from IS NOT NULL AND seen_to IS NULL)
    OR (end_reason = 'changed' AND next_from IS DISTINCT FROM seen_to)
