-- daily_listings: how many images each listing had at the end of each day, and their size.
-- One row per cloud, listing and day (UTC).
SELECT cloud, listing, day, sum(images)::BIGINT AS images, least(sum(bytes), 9223372036854775807)::BIGINT AS bytes
FROM daily_catalogue
GROUP BY cloud, listing, day
ORDER BY cloud, listing, day
