-- restless_images: Which images change most often, and in which attributes?
-- One row per image, most changes first.
-- $since = 30 days ago: the first day
-- $top = 20: the number of images
SELECT
    cloud,
    id,
    max_by(name, changed_at) AS name, -- Its name at the last change.
    count(DISTINCT changed_at) AS changes, -- Runs that found a change.
    list(DISTINCT attribute ORDER BY attribute) AS attributes, -- The attributes that changed.
    max(changed_at) AS last_change -- Start of the run that found the last change. UTC.
FROM image_changes
WHERE changed_at >= $since::DATE
GROUP BY cloud, id
ORDER BY changes DESC, id
LIMIT $top::INTEGER
