-- images: the catalogue as it is now: every image that no run has found gone.
-- One row per cloud and image. Times are UTC. For the catalogue of another time: FROM images_as_of(TIMESTAMP '2026-11-01'); for
-- what a name means: FROM id_of('Ubuntu 24.04', TIMESTAMP '2026-11-01'); for a dozen columns: FROM images_brief.
-- Case: public a os_distro=ubuntu __os_version=22.04 size=5, b | public a os_distro=ubuntu __os_version=22.04 size=5; private c
-- SELECT id, listings, first_seen, bytes, system, successor FROM images
-- a, ['public'], 2026-11-02 02:00:00, 5, ubuntu 22.04, NULL
-- c, ['private'], 2026-11-03 02:00:00, NULL, NULL, NULL
CREATE OR REPLACE VIEW images AS
SELECT
    version.* EXCLUDE (seen_to, run_to, end_reason),
    shown.listings, -- The listings that show the image now, sorted.
    shown.first_seen, -- Start of the run that first saw the image, in any version. UTC.
    coalesce(version.image_size, version.size) AS bytes, -- Size of the image file: image_size on IMS, size on plain Glance. Unit: bytes.
    systems.system AS system, -- Operating system: distribution and release, in lower case and in one spelling; NULL: the image does not say.
    successors.successor AS successor, -- The image that now stands for a name that this one had; NULL: none.
    places.region AS region, -- The region of the cloud, as in clouds; NULL: not known.
    places.project_name AS project_name -- Name of the project whose images the cloud shows, as in clouds; NULL: not known.
FROM image_versions AS version
JOIN image_listings AS shown
    ON shown.cloud = version.cloud AND shown.id = version.id AND shown.shown_to IS NULL
LEFT JOIN image_systems AS systems
    ON systems.os_version = coalesce(version.os_version, '')
    AND systems.platform = coalesce(version.platform, '')
    AND systems.os_distro = coalesce(version.os_distro, '')
LEFT JOIN image_successors AS successors ON successors.cloud = version.cloud AND successors.id = version.id
LEFT JOIN clouds AS places ON places.cloud = version.cloud
WHERE version.seen_to IS NULL
