-- images: the catalogue as it is now, every image that no run has found gone.
-- One row per cloud and image. Times are UTC. For the catalogue of another time: FROM images_as_of(TIMESTAMP '2026-11-01'); for
-- what a name means: FROM id_of('Ubuntu 24.04', TIMESTAMP '2026-11-01'); for a dozen columns: FROM images_brief.
-- Case: public a os_distro=ubuntu __os_version=22.04 size=5, b | public a os_distro=ubuntu __os_version=22.04 size=5; private c
-- SELECT id, listings, first_seen, bytes, system, successor FROM images
-- a, ['public'], 2026-11-02 02:00:00, 5, ubuntu 22.04, NULL
-- c, ['private'], 2026-11-03 02:00:00, NULL, NULL, NULL
CREATE OR REPLACE VIEW images AS
SELECT
    version.* EXCLUDE (seen_to, run_to, end_reason),
    coalesce(membership.listings, []) AS listings, -- The listings that show the image now, sorted.
    history.first_seen, -- Start of the run that first saw the image, in any version. UTC.
    coalesce(version.image_size, version.size) AS bytes, -- Size of the image file: image_size on IMS, size on plain Glance. Unit: bytes.
    systems.system AS system, -- Operating system: distribution and release, in lower case and in one spelling; NULL where it says none.
    successors.successor AS successor -- The image that now stands for a name that this one bore; NULL: none took one over.
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
LEFT JOIN image_systems AS systems
    ON systems.os_version = coalesce(version.os_version, '')
    AND systems.platform = coalesce(version.platform, '')
    AND systems.os_distro = coalesce(version.os_distro, '')
LEFT JOIN image_successors AS successors ON successors.cloud = version.cloud AND successors.id = version.id
WHERE version.seen_to IS NULL
