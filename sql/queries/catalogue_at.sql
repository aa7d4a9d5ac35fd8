-- catalogue_at: What was in the catalogue at a time in the past?
-- One row per cloud and listing, as of the last run up to that time.
-- $at = now: the time, as a date (its end), a time (UTC) or a run
SELECT
    cloud,
    listing, -- The listing that showed the images.
    count(*) AS images, -- Images in it.
    round(sum(bytes) / 1e9, 1) AS gigabytes, -- Their size. Unit: 10^9 bytes.
    max(updated_at) AS last_updated -- The latest updated_at of these images. UTC.
FROM (SELECT *, unnest(listings) AS listing FROM images_as_of($at::TIMESTAMP))
GROUP BY cloud, listing
ORDER BY cloud, listing
