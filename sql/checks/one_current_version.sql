-- one_current_version: an image has at most one current version.
-- One row per image that has more.
SELECT cloud, id, count(*) AS current_versions
FROM image_versions
WHERE seen_to IS NULL
GROUP BY cloud, id
HAVING count(*) > 1
