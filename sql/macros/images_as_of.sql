-- images_as_of: the catalogue as it was at a moment (UTC), as the runs until then had seen it.
-- One row per image, with the columns of `images`: FROM images_as_of(TIMESTAMP '2026-11-01'). `successor` is what is known now. A
-- macro looks into the database in USE: in a copy that is only attached, take the view images_by_run.
-- Case: public a, b | public a min_disk=5
-- SELECT id, min_disk, listings FROM images_as_of(TIMESTAMP '2026-11-02 12:00')
-- a, NULL, ['public']
-- b, NULL, ['public']
CREATE OR REPLACE MACRO images_as_of(ts) AS TABLE
WITH stays AS (
    SELECT cloud, id, list(listing ORDER BY listing) AS listings
    FROM listing_memberships
    WHERE seen_from <= ts AND (seen_to IS NULL OR seen_to > ts)
    GROUP BY cloud, id
),

first_sightings AS (
    SELECT cloud, id, min(seen_from) AS first_seen
    FROM image_versions
    WHERE seen_from <= ts
    GROUP BY cloud, id
)

SELECT
    version.* EXCLUDE (seen_to, run_to, end_reason) REPLACE (if(stays.listings IS NULL, 'unlisted', 'listed') AS state),
    coalesce(stays.listings, []) AS listings,
    first_sightings.first_seen,
    coalesce(version.image_size, version.size) AS bytes,
    systems.system AS system,
    successors.successor AS successor
FROM image_versions AS version
JOIN first_sightings ON first_sightings.cloud = version.cloud AND first_sightings.id = version.id
LEFT JOIN stays ON stays.cloud = version.cloud AND stays.id = version.id
LEFT JOIN image_systems AS systems
    ON systems.os_version = coalesce(version.os_version, '')
    AND systems.platform = coalesce(version.platform, '')
    AND systems.os_distro = coalesce(version.os_distro, '')
LEFT JOIN image_successors AS successors ON successors.cloud = version.cloud AND successors.id = version.id
WHERE version.seen_from <= ts AND (version.seen_to IS NULL OR version.seen_to > ts)
