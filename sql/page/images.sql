-- images: the catalogue as it is now, for a table to search and sort.
-- One row per image, by name.
SELECT
    coalesce(images.name, '') AS name,
    images.cloud,
    array_to_string(images.listings, ', ') AS listings,
    coalesce(images.os_version, images.platform, images.os_type, '') AS system,
    coalesce(images.owner, '') AS owner,
    coalesce(images.status, '') AS status,
    (images.bytes / 1e6)::BIGINT AS megabytes,
    images.created_at::DATE AS created,
    images.updated_at::DATE AS updated,
    images.id
FROM images
ORDER BY name, images.cloud, images.id
