-- new_images: Which images came to the catalogue lately?
-- One row per image, the newest first. Times are UTC. After the first run of a cloud, that is all of them.
-- $since = 7 days ago: the day to begin with
SELECT
    cloud,
    name,
    id,
    owner,
    listings,
    coalesce(os_version, platform, os_type) AS system,
    round(coalesce(image_size, size) / 1e9, 2) AS gigabytes,
    created_at,
    first_seen
FROM images
WHERE first_seen >= $since::DATE
ORDER BY first_seen DESC, cloud, name, id
