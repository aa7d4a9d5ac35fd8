-- images_by_age: How old are the images, and how large are the old ones?
-- One row per cloud, listing and year of creation.
SELECT
    cloud,
    listing,
    year(created_at) AS created_in,
    count(*) AS images,
    round(sum(bytes) / 1e9, 1) AS gigabytes
FROM (SELECT *, unnest(listings) AS listing FROM images)
GROUP BY cloud, listing, created_in
ORDER BY cloud, listing, created_in
