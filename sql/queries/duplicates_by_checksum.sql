-- duplicates_by_checksum: Which images are the same file, and what would one copy of each save?
-- One row per file, the greatest saving first. Huawei IMS gives no checksums: see duplicates_by_name.
SELECT
    cloud,
    coalesce(os_hash_value, checksum) AS hash,
    count(*) AS copies,
    round(any_value(coalesce(image_size, size)) / 1e9, 2) AS gigabytes_each,
    round((count(*) - 1) * any_value(coalesce(image_size, size)) / 1e9, 2) AS gigabytes_saved,
    list(name ORDER BY created_at, id) AS names,
    list(id ORDER BY created_at, id) AS ids
FROM images
WHERE coalesce(os_hash_value, checksum) IS NOT NULL
GROUP BY ALL
HAVING count(*) > 1
ORDER BY gigabytes_saved DESC NULLS LAST, hash
