-- withheld_deletions: Which images does no listing show any more, though their deletion is withheld?
-- One row per image, those first that are withheld the longest. Times are UTC. If they are really gone, run `glanceback sync
-- --accept-deletions`; if not, nothing is lost: an image that is listed again is not withheld any more.
-- $cloud = %: the cloud, with % for any text
SELECT
    kept.cloud,
    image.name,
    kept.id,
    image.owner,
    image.listings,
    kept.reason,
    kept.withheld_from,
    kept.run_id AS last_run,
    image.created_at,
    image.updated_at
FROM withheld_deletions AS kept
JOIN images AS image ON image.cloud = kept.cloud AND image.id = kept.id
WHERE kept.cloud LIKE $cloud
ORDER BY kept.withheld_from, kept.cloud, image.name, kept.id
