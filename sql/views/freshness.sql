-- freshness: how old the newest knowledge of each listing is, and how its last reading went.
-- One row per cloud and listing. Times are UTC.
-- Case: public a; private - | changes: public a
-- SELECT listing, images, last_good_at, last_full_at FROM freshness
-- public, 1, 2026-11-03 02:00:00, 2026-11-02 02:00:00
-- private, 0, 2026-11-02 02:00:00, 2026-11-02 02:00:00
CREATE OR REPLACE VIEW freshness AS
WITH readings AS (
    SELECT listings.*, runs.started_at, runs.mode
    FROM run_listings AS listings
    JOIN runs ON runs.run_id = listings.run_id
),

last_readings AS (
    SELECT * FROM readings QUALIFY row_number() OVER (PARTITION BY cloud, listing ORDER BY started_at DESC) = 1
),

whole_readings AS (
    SELECT
        cloud,
        listing,
        max(started_at) AS any_at,
        max(started_at) FILTER (WHERE mode <> 'changes') AS full_at
    FROM readings
    WHERE complete
    GROUP BY cloud, listing
),

stays AS (
    SELECT cloud, listing, count(*) AS images FROM listing_memberships WHERE seen_to IS NULL GROUP BY cloud, listing
)

SELECT
    last_reading.cloud AS cloud, -- Name of the cloud, as in the settings.
    last_reading.listing AS listing, -- Name of the listing.
    coalesce(stays.images, 0) AS images, -- Images in the listing now, without those that the account itself shares out.
    whole.any_at AS last_good_at, -- Start of the last run that read it to its end; NULL: none did. UTC.
    round(epoch(make_timestamp(epoch_us(now())) - whole.any_at) / 3600, 2) AS age_hours, -- Time since then. Unit: h.
    whole.full_at AS last_full_at, -- Start of the last full run that read it to its end, and saw deletions. UTC.
    last_reading.started_at AS last_tried_at, -- Start of the last run that tried. UTC.
    last_reading.run_id AS last_run, -- The last run that tried.
    last_reading.complete AS is_good, -- Whether that run read it to its end.
    last_reading.error AS error -- Why it did not; NULL where it did.
FROM last_readings AS last_reading
LEFT JOIN whole_readings AS whole ON whole.cloud = last_reading.cloud AND whole.listing = last_reading.listing
LEFT JOIN stays ON stays.cloud = last_reading.cloud AND stays.listing = last_reading.listing
