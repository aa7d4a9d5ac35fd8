-- first_names: the names of a cloud's images of the temporary table named (a row an id), the first $most of them.
-- One row per image; an image without a name is called by its id.
SELECT coalesce(nullif(version.name, ''), version.id) AS name
FROM image_versions AS version
SEMI JOIN named ON named.id = version.id
WHERE version.cloud = $cloud AND version.seen_to IS NULL
ORDER BY name, version.id
LIMIT $most
