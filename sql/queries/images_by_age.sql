-- images_by_age: How old are the images, and how large are the old ones?
-- One row per cloud, listing and year of creation.
SELECT
    cloud,
    listing, -- The listing that shows the images.
    year(created_at) AS created_in, -- The year in which they were created; NULL: the cloud does not say.
    count(*) AS images, -- Images in the group.
    round(sum(bytes) / 1e9, 1) AS gigabytes -- Their size. Unit: 10^9 bytes.
FROM (SELECT *, unnest(listings) AS listing FROM images)
GROUP BY cloud, listing, created_in
ORDER BY cloud, listing, created_in
