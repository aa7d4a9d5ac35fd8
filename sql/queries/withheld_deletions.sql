-- withheld_deletions: Which images does no listing show, although their deletion is withheld?
-- One row per image, longest withheld first. Times are UTC. If they are really gone, run `glanceback sync --accept-deletions`.
-- If not, do nothing: an image that is listed again is no longer withheld.
-- $cloud = % [clouds]: the cloud, % stands for any text
SELECT
    kept.cloud,
    image.name,
    kept.id,
    image.owner,
    image.listings,
    kept.reason, -- too many: so many vanished at once that a person must decide; no answer: the cloud could not be asked for it.
    kept.withheld_from, -- Start of the first run that withheld it. UTC.
    kept.run_id AS last_run, -- The last run that withheld it.
    image.created_at,
    image.updated_at
FROM withheld_deletions AS kept
JOIN images AS image ON image.cloud = kept.cloud AND image.id = kept.id
WHERE kept.cloud LIKE $cloud
ORDER BY kept.withheld_from, kept.cloud, image.name, kept.id
