-- deleted_images: Which images were deleted, or are gone, lately, and what were they?
-- One row per image that has not come back, last ended first. Times are UTC. `gone`: an image of another project was deleted or
-- withdrawn.
-- $since = 30 days ago: the first day
SELECT
    ended.cloud,
    ended.name,
    ended.id,
    ended.owner,
    systems.system,
    ended.visibility,
    round(coalesce(ended.image_size, ended.size) / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    ended.created_at,
    ended.end_reason AS event, -- deleted or gone.
    ended.seen_to AS deleted_at -- Start of the run that found the end. UTC.
FROM image_versions AS ended
ANTI JOIN image_versions AS later
    ON later.cloud = ended.cloud AND later.id = ended.id AND later.seen_from >= ended.seen_to
LEFT JOIN image_systems AS systems
    ON systems.os_version = coalesce(ended.os_version, '')
    AND systems.platform = coalesce(ended.platform, '')
    AND systems.os_distro = coalesce(ended.os_distro, '')
WHERE ended.end_reason IN ('deleted', 'gone')
    AND ended.seen_to >= $since::DATE
ORDER BY ended.seen_to DESC, ended.name, ended.id
