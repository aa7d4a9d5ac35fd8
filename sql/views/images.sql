-- images: the catalogue as it is now, every image that no run has found gone.
-- One row per cloud and image. Times are UTC.
-- Case: public a, b | public a; private c
-- SELECT id, listings, first_seen FROM images
-- a, ['public'], 2026-11-02 02:00:00
-- c, ['private'], 2026-11-03 02:00:00
CREATE OR REPLACE VIEW images AS
SELECT
    version.* EXCLUDE (seen_to, run_to, end_reason),
    coalesce(membership.listings, []) AS listings, -- The listings that show the image now, sorted.
    history.first_seen -- Start of the run that first saw the image, in any version. UTC.
FROM image_versions AS version
JOIN (SELECT cloud, id, min(seen_from) AS first_seen FROM image_versions GROUP BY cloud, id) AS history
    ON history.cloud = version.cloud AND history.id = version.id
LEFT JOIN (
    SELECT cloud, id, list(listing ORDER BY listing) AS listings
    FROM listing_memberships
    WHERE seen_to IS NULL
    GROUP BY cloud, id
) AS membership
    ON membership.cloud = version.cloud AND membership.id = version.id
WHERE version.seen_to IS NULL
