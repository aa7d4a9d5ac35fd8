-- operating_systems: Which operating systems are in the catalogue, and how large are their images?
-- One row per cloud, family, distribution and release, most images first.
SELECT
    cloud,
    os_type,
    platform,
    os_version,
    count(*) AS images, -- Images in the group.
    round(sum(bytes) / 1e9, 1) AS gigabytes, -- Their size. Unit: 10^9 bytes.
    max(updated_at) AS last_updated -- The latest updated_at of these images. UTC.
FROM images
GROUP BY ALL
ORDER BY images DESC, cloud, os_type, platform, os_version
