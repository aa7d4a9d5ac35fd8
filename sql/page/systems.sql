-- systems: how many images of each operating system there are, and what they weigh.
-- One row per cloud, family and distribution.
SELECT
    cloud,
    os_type,
    platform,
    count(*) AS images,
    least(sum(coalesce(image_size, size, 0)), 9223372036854775807)::BIGINT AS bytes
FROM image_versions
WHERE seen_to IS NULL
GROUP BY cloud, os_type, platform
ORDER BY images DESC, cloud, os_type, platform
