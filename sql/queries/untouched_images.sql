-- untouched_images: Which private images has nobody changed for a year, and how large are they?
-- One row per image, largest first. Times are UTC.
-- $before = 365 days ago: only images last changed before this day
SELECT
    cloud,
    name,
    id,
    owner,
    updated_at,
    round(bytes / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    round(sum(bytes) OVER (ORDER BY bytes DESC NULLS LAST, id) / 1e9, 2)
        AS gigabytes_so_far -- Size of this image and of all larger ones in this list. Unit: 10^9 bytes.
FROM images
WHERE visibility = 'private'
    AND updated_at < $before::DATE
ORDER BY bytes DESC NULLS LAST, id
