-- largest_images: Which images are the largest, and how much disk does a server made from them need?
-- One row per image, largest first.
-- $top = 20: the number of images
SELECT
    cloud,
    name,
    id,
    owner,
    listings,
    round(bytes / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    min_disk AS min_disk_gb, -- Smallest disk for a server made from it. Unit: GB.
    min_ram AS min_ram_mb, -- Smallest memory for such a server. Unit: MB.
    created_at
FROM images
ORDER BY bytes DESC NULLS LAST, id
LIMIT $top::INTEGER
