-- untouched_images: Which private images has nobody changed for a year, and how large are they?
-- One row per image, largest first. Times are UTC.
-- $before = 365 days ago: only images last changed before this day
SELECT
    cloud,
    name,
    id,
    owner,
    updated_at,
    round(bytes / 1e9, 2) AS gigabytes,
    round(sum(bytes) OVER (ORDER BY bytes DESC NULLS LAST, id) / 1e9, 2)
        AS gigabytes_so_far
FROM images
WHERE visibility = 'private'
    AND updated_at < $before::DATE
ORDER BY bytes DESC NULLS LAST, id
