-- slow_listings: How long does it take to read each listing, and does it take longer than before?
-- One row per cloud and listing, slowest first: its last full reading, and the median of all full readings.
SELECT
    listings.cloud,
    listings.listing, -- The listing.
    max_by(listings.images, runs.started_at) AS images, -- Images that the last full reading found.
    round(max_by(listings.seconds, runs.started_at), 1) AS last_seconds, -- How long it took.
    round(median(listings.seconds), 1) AS median_seconds, -- Median of all full readings. Unit: seconds.
    round(max_by(listings.bytes, runs.started_at) / 1e6, 1) AS last_megabytes, -- Size of the pages of the last full reading. Unit: 10^6 bytes.
    count(*) AS readings -- How many full readings there were.
FROM run_listings AS listings
JOIN runs ON runs.run_id = listings.run_id
WHERE listings.complete AND runs.mode = 'full'
GROUP BY listings.cloud, listings.listing
ORDER BY last_seconds DESC, listings.cloud, listings.listing
