-- deleted_images: Which images were deleted, or are gone, since this month began, and what were they?
-- One row per image that has not come back, last ended first. Times are UTC. `gone`: an image of another project was deleted or
-- withdrawn.
-- $since = this month: the first day
SELECT
    ended.cloud,
    ended.name,
    ended.id,
    ended.owner,
    coalesce(ended.os_version, ended.platform, ended.os_type) AS system,
    ended.visibility,
    round(coalesce(ended.image_size, ended.size) / 1e9, 2) AS gigabytes,
    ended.created_at,
    ended.end_reason AS event,
    ended.seen_to AS deleted_at
FROM image_versions AS ended
ANTI JOIN image_versions AS later
    ON later.cloud = ended.cloud AND later.id = ended.id AND later.seen_from >= ended.seen_to
WHERE ended.end_reason IN ('deleted', 'gone')
    AND ended.seen_to >= $since::DATE
ORDER BY ended.seen_to DESC, ended.name, ended.id
