-- duplicates_by_name: Which names do several images have, so that it is unclear which image is meant?
-- One row per cloud and name, most images first.
WITH named AS (
    SELECT cloud, name FROM image_versions WHERE seen_to IS NULL AND name IS NOT NULL GROUP BY cloud, name HAVING count(*) > 1
)

SELECT
    cloud,
    name,
    count(*) AS images, -- Images with this name.
    count(DISTINCT owner) AS owners, -- Projects that own them.
    count(DISTINCT bytes) AS different_sizes, -- How many different sizes they have.
    min(created_at) AS oldest, -- When the oldest was created. UTC.
    max(created_at) AS newest, -- When the newest was created. UTC.
    list(id ORDER BY created_at, id) AS ids -- Their ids, oldest image first.
FROM images
SEMI JOIN named USING (cloud, name)
GROUP BY cloud, name
ORDER BY images DESC, name
