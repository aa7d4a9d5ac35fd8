-- images_as_of: the catalogue as it was at a time (UTC), as the runs up to then had seen it.
-- One row per image, with the columns of `images`: FROM images_as_of(TIMESTAMP '2026-11-01'). `successor` is what is known now.
-- There are no rows of a time before the first reading of a cloud: nobody knows what was there.
-- A macro reads the database in USE: in a copy that is only attached, use the view images_by_run.
-- Case: public a, b | public a min_disk=5
-- SELECT id, min_disk, listings FROM images_as_of(TIMESTAMP '2026-11-02 12:00')
-- a, NULL, ['public']
-- b, NULL, ['public']
CREATE OR REPLACE MACRO images_as_of(ts) AS TABLE
SELECT
    version.* EXCLUDE (seen_to, run_to, end_reason) REPLACE (if(len(shown.listings) = 0, 'unlisted', 'listed') AS state),
    shown.listings,
    shown.first_seen,
    coalesce(version.image_size, version.size) AS bytes,
    systems.system AS system,
    successors.successor AS successor,
    places.region AS region,
    places.project_name AS project_name
FROM image_versions AS version
JOIN image_listings AS shown
    ON shown.cloud = version.cloud
    AND shown.id = version.id
    AND shown.shown_from <= ts
    AND (shown.shown_to IS NULL OR shown.shown_to > ts)
LEFT JOIN image_systems AS systems
    ON systems.os_version = coalesce(version.os_version, '')
    AND systems.platform = coalesce(version.platform, '')
    AND systems.os_distro = coalesce(version.os_distro, '')
LEFT JOIN image_successors AS successors ON successors.cloud = version.cloud AND successors.id = version.id
LEFT JOIN clouds AS places ON places.cloud = version.cloud
WHERE version.seen_from <= ts AND (version.seen_to IS NULL OR version.seen_to > ts)
