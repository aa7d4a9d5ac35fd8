-- deleted_images: Which images were deleted this month, and what were they?
-- One row per image, the last deleted first. Times are UTC.
-- $since = this month: the day to begin with
SELECT
    cloud,
    name,
    id,
    owner,
    coalesce(os_version, platform, os_type) AS system,
    visibility,
    round(coalesce(image_size, size) / 1e9, 2) AS gigabytes,
    created_at,
    seen_to AS deleted_at
FROM image_versions
WHERE end_reason = 'deleted'
    AND seen_to >= $since::DATE
ORDER BY seen_to DESC, name, id
