-- images_by_run: the catalogue after the last run of each day, as the runs up to then had seen it.
-- One row per day (UTC) with a run, cloud and image, with the columns of `images`. Ask for one day, such as WHERE day = DATE
-- '2026-11-01'. Like every view, and unlike a macro, it reads its own file, however that is attached.
-- Case: public a, b | public a min_disk=5
-- SELECT day, id, min_disk, listings FROM images_by_run
-- 2026-11-02, a, NULL, ['public']
-- 2026-11-02, b, NULL, ['public']
-- 2026-11-03, a, 5, ['public']
CREATE OR REPLACE VIEW images_by_run AS
WITH days AS (
    -- With the clouds, so that a hash join finds the versions of a day: it sorts nothing.
    SELECT clouds.cloud, runs.day, runs.as_of
    FROM (
        SELECT started_at::DATE AS day, max(started_at) AS as_of
        FROM runs
        WHERE mode <> 'replay' AND status <> 'running'
        GROUP BY ALL
    ) AS runs
    CROSS JOIN (SELECT DISTINCT cloud FROM run_clouds) AS clouds
)

SELECT
    days.day AS day, -- The day, in UTC.
    days.as_of AS as_of, -- Start of the last run of the day: the catalogue is shown as of this run. UTC.
    version.* EXCLUDE (seen_to, run_to, end_reason) REPLACE (if(len(shown.listings) = 0, 'unlisted', 'listed') AS state),
    shown.listings, -- The listings that showed the image then, sorted.
    shown.first_seen, -- Start of the run that first saw the image, in any version. UTC.
    coalesce(version.image_size, version.size) AS bytes, -- Size of the image file: image_size on IMS, size on plain Glance. Unit: bytes.
    systems.system AS system, -- Operating system: distribution and release, in lower case and in one spelling; NULL: the image does not say.
    successors.successor AS successor, -- The image that now stands for a name that this one had; NULL: none.
    places.region AS region, -- The region of the cloud, as in clouds; NULL: not known.
    places.project_name AS project_name -- Name of the project whose images the cloud shows, as in clouds; NULL: not known.
FROM days
JOIN image_versions AS version
    ON version.cloud = days.cloud
    AND version.seen_from <= days.as_of
    AND (version.seen_to IS NULL OR version.seen_to > days.as_of)
JOIN image_listings AS shown
    ON shown.cloud = version.cloud
    AND shown.id = version.id
    AND shown.shown_from <= days.as_of
    AND (shown.shown_to IS NULL OR shown.shown_to > days.as_of)
LEFT JOIN image_systems AS systems
    ON systems.os_version = coalesce(version.os_version, '')
    AND systems.platform = coalesce(version.platform, '')
    AND systems.os_distro = coalesce(version.os_distro, '')
LEFT JOIN image_successors AS successors ON successors.cloud = version.cloud AND successors.id = version.id
LEFT JOIN clouds AS places ON places.cloud = version.cloud
