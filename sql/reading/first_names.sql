-- first_names: the names of a cloud's images in the temporary table named (a row per id), the first $most of them.
-- One row per image; for an image without a name, its id.
SELECT coalesce(nullif(version.name, ''), version.id) AS name
FROM image_versions AS version
SEMI JOIN named ON named.id = version.id
WHERE version.cloud = $cloud AND version.seen_to IS NULL
ORDER BY name, version.id
LIMIT $most
