-- daily_catalogue: the size of the catalogue at the end of each day, and what happened on it.
-- One row per day (UTC), cloud, listing and os_type, from the first run's day to the last one's, also where no run was.
-- An image in several listings counts in each of them.
CREATE OR REPLACE VIEW daily_catalogue AS
WITH versions AS (
    SELECT
        cloud,
        id,
        os_type,
        coalesce(image_size, size, 0) AS bytes,
        seen_from,
        coalesce(seen_to, TIMESTAMP '9999-12-31') AS seen_to,
        end_reason,
        lag(end_reason) OVER (PARTITION BY cloud, id ORDER BY seen_from) AS reason_before
    FROM image_versions
),

stretches AS (
    SELECT
        version.cloud,
        stay.listing,
        version.os_type,
        version.bytes,
        greatest(version.seen_from, stay.seen_from) AS stretch_from,
        least(version.seen_to, coalesce(stay.seen_to, TIMESTAMP '9999-12-31')) AS stretch_to,
        stretch_from = version.seen_from AND reason_before IS NULL AS is_new,
        stretch_from = version.seen_from AND reason_before = 'changed' AS is_change,
        stretch_from = version.seen_from AND reason_before = 'deleted' AS is_return,
        stretch_to = version.seen_to AND version.end_reason = 'deleted' AS is_deletion
    FROM versions AS version
    JOIN listing_memberships AS stay
        ON stay.cloud = version.cloud
        AND stay.id = version.id
        AND stay.seen_from < version.seen_to
        AND (stay.seen_to IS NULL OR stay.seen_to > version.seen_from)
),

moves AS (
    SELECT
        cloud,
        listing,
        os_type,
        stretch_from::DATE AS day,
        count(*) AS images,
        sum(bytes) AS bytes,
        count(*) FILTER (WHERE is_new) AS new,
        count(*) FILTER (WHERE is_change) AS changed,
        count(*) FILTER (WHERE is_return) AS returned,
        0 AS deleted
    FROM stretches
    GROUP BY ALL
    UNION ALL
    SELECT
        cloud,
        listing,
        os_type,
        stretch_to::DATE,
        -count(*),
        -sum(bytes),
        0,
        0,
        0,
        count(*) FILTER (WHERE is_deletion)
    FROM stretches
    WHERE stretch_to < TIMESTAMP '9999-12-31'
    GROUP BY ALL
),

days AS (
    SELECT unnest(generate_series(min(started_at)::DATE, max(started_at)::DATE, INTERVAL 1 DAY))::DATE AS day FROM runs
),

series AS (
    SELECT days.day, kinds.* EXCLUDE (since)
    FROM days
    JOIN (SELECT cloud, listing, os_type, min(day) AS since FROM moves GROUP BY ALL) AS kinds ON kinds.since <= days.day
)

SELECT
    series.day AS day, -- The day, in UTC.
    series.cloud AS cloud, -- Name of the cloud, as in the settings.
    series.listing AS listing, -- The listing that showed the images.
    series.os_type AS os_type, -- Operating system family; NULL where the images name none.
    sum(coalesce(sum(moves.images), 0)) OVER until_then::BIGINT AS images, -- Images there at the end of the day.
    coalesce(sum(moves.new), 0)::BIGINT AS new, -- Images first seen on the day.
    coalesce(sum(moves.changed), 0)::BIGINT AS changed, -- Changes found on the day; an image may change several times.
    coalesce(sum(moves.deleted), 0)::BIGINT AS deleted, -- Images found deleted on the day.
    coalesce(sum(moves.returned), 0)::BIGINT AS returned, -- Images found again on the day, after a deletion.
    least(sum(coalesce(sum(moves.bytes), 0)) OVER until_then, 9223372036854775807)::BIGINT AS bytes -- What they weigh then, at most 2^63 - 1. Unit: bytes.
FROM series
LEFT JOIN moves
    ON moves.day = series.day
    AND moves.cloud = series.cloud
    AND moves.listing = series.listing
    AND moves.os_type IS NOT DISTINCT FROM series.os_type
GROUP BY series.day, series.cloud, series.listing, series.os_type
WINDOW until_then AS (PARTITION BY series.cloud, series.listing, series.os_type ORDER BY series.day)
