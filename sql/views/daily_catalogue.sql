-- daily_catalogue: the size of the catalogue at the end of each day, and what happened on that day.
-- One row per day (UTC), cloud, listing and os_type, from the day of the first run to the day of the last one, also for days
-- without a run. An image in several listings counts in each of them. An image that moved counts in its new listing.
-- Case: public a __os_type=Linux, b __os_type=Linux | public a __os_type=Linux
-- SELECT day, listing, os_type, images, new, deleted, measured FROM daily_catalogue
-- 2026-11-02, public, Linux, 2, 2, 0, True
-- 2026-11-03, public, Linux, 1, 0, 1, True
CREATE OR REPLACE VIEW daily_catalogue AS
WITH versions AS (
    SELECT
        version.cloud,
        version.id,
        version.os_type,
        coalesce(version.image_size, version.size, 0) AS bytes,
        version.seen_from,
        coalesce(version.seen_to, TIMESTAMP '9999-12-31') AS seen_to,
        version.end_reason,
        older.id IS NOT NULL AS is_change,
        older.id IS NULL AND coalesce(ended.seen_to <= version.seen_from, false) AS is_return
    FROM image_versions AS version
    LEFT JOIN (SELECT cloud, id, seen_to FROM image_versions WHERE end_reason = 'changed') AS older
        ON older.cloud = version.cloud AND older.id = version.id AND older.seen_to = version.seen_from
    LEFT JOIN (
        SELECT cloud, id, min(seen_to) AS seen_to FROM image_versions WHERE end_reason <> 'changed' GROUP BY cloud, id
    ) AS ended
        ON ended.cloud = version.cloud AND ended.id = version.id
),

periods AS (
    SELECT
        version.cloud,
        membership.listing,
        version.os_type,
        version.bytes,
        greatest(version.seen_from, membership.seen_from) AS period_from,
        least(version.seen_to, coalesce(membership.seen_to, TIMESTAMP '9999-12-31')) AS period_to,
        period_from = version.seen_from AND NOT version.is_change AND NOT version.is_return AS is_new,
        period_from = version.seen_from AND version.is_change AS is_change,
        period_from = version.seen_from AND version.is_return AS is_return,
        if(period_to = version.seen_to, version.end_reason, NULL) AS end_reason
    FROM versions AS version
    JOIN listing_memberships AS membership
        ON membership.cloud = version.cloud
        AND membership.id = version.id
        AND membership.seen_from < version.seen_to
        AND (membership.seen_to IS NULL OR membership.seen_to > version.seen_from)
),

moves AS (
    SELECT
        cloud,
        listing,
        os_type,
        period_from::DATE AS day,
        count(*) AS images,
        sum(bytes) AS bytes,
        count(*) FILTER (WHERE is_new) AS new,
        count(*) FILTER (WHERE is_change) AS changed,
        count(*) FILTER (WHERE is_return) AS returned,
        0 AS deleted,
        0 AS gone,
        0 AS retired
    FROM periods
    GROUP BY ALL
    UNION ALL
    SELECT
        cloud,
        listing,
        os_type,
        period_to::DATE,
        -count(*),
        -sum(bytes),
        0,
        0,
        0,
        count(*) FILTER (WHERE end_reason = 'deleted'),
        count(*) FILTER (WHERE end_reason = 'gone'),
        count(*) FILTER (WHERE end_reason = 'retired')
    FROM periods
    WHERE period_to < TIMESTAMP '9999-12-31'
    GROUP BY ALL
),

days AS (
    SELECT unnest(generate_series(min(started_at)::DATE, max(started_at)::DATE, INTERVAL 1 DAY))::DATE AS day FROM runs
),

readings AS (
    SELECT DISTINCT
        listings.cloud,
        unnest(if(listings.listing LIKE 'shared-%', [listings.listing, 'shared-out'], [listings.listing])) AS listing,
        runs.started_at::DATE AS day
    FROM run_listings AS listings
    JOIN runs ON runs.run_id = listings.run_id
    WHERE listings.complete AND runs.mode = 'full'
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
    series.os_type AS os_type, -- Operating system family; NULL: the images name none.
    sum(coalesce(sum(moves.images), 0)) OVER until_then::BIGINT AS images, -- Images there at the end of the day.
    coalesce(sum(moves.new), 0)::BIGINT AS new, -- Images first seen on the day.
    coalesce(sum(moves.changed), 0)::BIGINT AS changed, -- Changes found on the day; an image may change several times.
    coalesce(sum(moves.deleted), 0)::BIGINT AS deleted, -- Images found deleted on the day.
    coalesce(sum(moves.returned), 0)::BIGINT AS returned, -- Images found again on the day, after an end.
    least(sum(coalesce(sum(moves.bytes), 0)) OVER until_then, 9223372036854775807)::BIGINT AS bytes, -- Size of the images at the end of the day, at most 2^63 - 1. Unit: bytes.
    coalesce(sum(moves.gone), 0)::BIGINT AS gone, -- Images of other projects found no longer visible on the day: deleted or withdrawn.
    coalesce(sum(moves.retired), 0)::BIGINT AS retired, -- Images that ended on the day because their cloud or listing is no longer read.
    any_value(readings.day) IS NOT NULL AS measured -- Whether a full run read the listing to its end on the day; if not, the counts are those of the last reading before.
FROM series
LEFT JOIN moves
    ON moves.day = series.day
    AND moves.cloud = series.cloud
    AND moves.listing = series.listing
    AND moves.os_type IS NOT DISTINCT FROM series.os_type
LEFT JOIN readings
    ON readings.day = series.day AND readings.cloud = series.cloud AND readings.listing = series.listing
GROUP BY series.day, series.cloud, series.listing, series.os_type
WINDOW until_then AS (PARTITION BY series.cloud, series.listing, series.os_type ORDER BY series.day)
