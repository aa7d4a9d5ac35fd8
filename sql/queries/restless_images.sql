-- restless_images: Which images change most often, and in which attributes?
-- One row per image, most changes first.
-- $since = 30 days ago: the first day
-- $top = 20: the number of images
SELECT
    cloud,
    id,
    max_by(name, changed_at) AS name,
    count(DISTINCT changed_at) AS changes,
    list(DISTINCT attribute ORDER BY attribute) AS attributes,
    max(changed_at) AS last_change
FROM image_changes
WHERE changed_at >= $since::DATE
GROUP BY cloud, id
ORDER BY changes DESC, id
LIMIT $top::INTEGER
