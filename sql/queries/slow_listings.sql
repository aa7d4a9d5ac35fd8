-- slow_listings: How long does it take to read each listing, and does it take longer than before?
-- One row per cloud and listing, slowest first: its last full reading, and the median of all full readings.
SELECT
    listings.cloud,
    listings.listing,
    max_by(listings.images, runs.started_at) AS images,
    round(max_by(listings.seconds, runs.started_at), 1) AS last_seconds,
    round(median(listings.seconds), 1) AS median_seconds,
    round(max_by(listings.bytes, runs.started_at) / 1e6, 1) AS last_megabytes,
    count(*) AS readings
FROM run_listings AS listings
JOIN runs ON runs.run_id = listings.run_id
WHERE listings.complete AND runs.mode = 'full'
GROUP BY listings.cloud, listings.listing
ORDER BY last_seconds DESC, listings.cloud, listings.listing
