-- duplicates_by_name: Which names are there more than once, so that nobody knows which image is meant?
-- One row per cloud and name, the most frequent first.
SELECT
    cloud,
    name,
    count(*) AS images,
    count(DISTINCT owner) AS owners,
    count(DISTINCT coalesce(image_size, size)) AS different_sizes,
    min(created_at) AS oldest,
    max(created_at) AS newest,
    list(id ORDER BY created_at, id) AS ids
FROM images
WHERE name IS NOT NULL
GROUP BY cloud, name
HAVING count(*) > 1
ORDER BY images DESC, name
