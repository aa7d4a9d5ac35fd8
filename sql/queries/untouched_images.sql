-- untouched_images: Which private images has nobody touched for a year, and what do they weigh?
-- One row per image, the heaviest first. Times are UTC.
-- $before = 365 days ago: only images last changed before this day
SELECT
    cloud,
    name,
    id,
    owner,
    updated_at,
    round(coalesce(image_size, size) / 1e9, 2) AS gigabytes,
    round(sum(coalesce(image_size, size)) OVER (ORDER BY coalesce(image_size, size) DESC NULLS LAST, id) / 1e9, 2)
        AS gigabytes_so_far
FROM images
WHERE visibility = 'private'
    AND updated_at < $before::DATE
ORDER BY coalesce(image_size, size) DESC NULLS LAST, id
