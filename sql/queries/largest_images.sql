-- largest_images: Which images are the largest, and how much disk does a server made from them need?
-- One row per image, largest first.
-- $top = 20: the number of images
SELECT
    cloud,
    name,
    id,
    owner,
    listings,
    round(bytes / 1e9, 2) AS gigabytes,
    min_disk AS min_disk_gb,
    min_ram AS min_ram_mb,
    created_at
FROM images
ORDER BY bytes DESC NULLS LAST, id
LIMIT $top::INTEGER
