-- growth_by_month: How did the catalogue grow, month by month?
-- One row per cloud, listing and month: the state at the end of the month, and the difference from the month before.
WITH month_ends AS (
    SELECT cloud, listing, day, sum(images) AS images, sum(bytes) AS bytes
    FROM daily_catalogue
    GROUP BY cloud, listing, day
    QUALIFY row_number() OVER (PARTITION BY cloud, listing, date_trunc('month', day) ORDER BY day DESC) = 1
)

SELECT
    cloud,
    listing,
    strftime(day, '%Y-%m') AS month,
    images::BIGINT AS images,
    (images - lag(images) OVER by_listing)::BIGINT AS more_images,
    round(bytes / 1e9, 1) AS gigabytes,
    round((bytes - lag(bytes) OVER by_listing) / 1e9, 1) AS more_gigabytes
FROM month_ends
WINDOW by_listing AS (PARTITION BY cloud, listing ORDER BY day)
ORDER BY cloud, listing, day
