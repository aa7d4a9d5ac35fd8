-- status: How is each cloud doing: when was it last read without fault, what is there, and what failed last?
-- One row per cloud. Times are UTC.
-- $now = now: the moment up to which the age counts
WITH nights AS (
    SELECT
        found.*,
        runs.started_at,
        runs.mode,
        listings.errors,
        found.error IS NULL AND coalesce(listings.all_complete, false) AS is_good
    FROM run_clouds AS found
    JOIN runs USING (run_id)
    LEFT JOIN (
        SELECT run_id, cloud, bool_and(complete) AS all_complete, string_agg(error, ' ' ORDER BY listing) AS errors
        FROM run_listings
        GROUP BY run_id, cloud
    ) AS listings
        ON listings.run_id = found.run_id AND listings.cloud = found.cloud
),
last_nights AS (
    SELECT * FROM nights QUALIFY row_number() OVER (PARTITION BY cloud ORDER BY started_at DESC) = 1
)
SELECT
    last_nights.cloud,
    good.started_at AS last_good_at,
    round(epoch($now::TIMESTAMP - good.started_at) / 3600, 1) AS age_hours,
    coalesce(current_images.images, 0) AS images,
    last_nights.run_id AS last_run,
    last_nights.mode,
    CASE WHEN last_nights.is_good THEN 'completed' ELSE 'faulty' END AS last_status,
    last_nights.new,
    last_nights.changed,
    last_nights.deleted,
    last_nights.withheld_deletions AS withheld,
    nullif(concat_ws(' ', last_nights.error, last_nights.errors), '') AS error
FROM last_nights
LEFT JOIN (SELECT cloud, max(started_at) AS started_at FROM nights WHERE is_good GROUP BY cloud) AS good
    ON good.cloud = last_nights.cloud
LEFT JOIN (SELECT cloud, count(*) AS images FROM image_versions WHERE seen_to IS NULL GROUP BY cloud) AS current_images
    ON current_images.cloud = last_nights.cloud
ORDER BY last_nights.cloud
