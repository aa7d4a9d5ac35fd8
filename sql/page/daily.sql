-- daily: the size of each cloud's catalogue at the end of each day, where every image counts once, and what happened that day.
-- One row per cloud and day (UTC), from the cloud's first day to the day of the last run: of the last days that have at most
-- $most rows together, and of the last day at least.
WITH moves AS (
    SELECT cloud, valid_from::DATE AS day, count(*) AS images, sum(coalesce(image_size, size, 0)) AS bytes
    FROM image_history
    GROUP BY ALL
    UNION ALL
    SELECT cloud, valid_to::DATE, -count(*), -sum(coalesce(image_size, size, 0))
    FROM image_history
    WHERE valid_to IS NOT NULL
    GROUP BY ALL
),

sizes AS (
    SELECT cloud, day, sum(images) AS images, sum(bytes) AS bytes FROM moves GROUP BY cloud, day
),

events AS (
    SELECT
        cloud,
        happened_at::DATE AS day,
        count(*) FILTER (WHERE event IN ('created', 'first seen')) AS new,
        count(*) FILTER (WHERE event = 'changed') AS changed,
        count(*) FILTER (WHERE event IN ('deleted', 'gone', 'retired')) AS deleted,
        count(*) FILTER (WHERE event = 'returned') AS returned
    FROM image_events
    GROUP BY ALL
),

days AS (
    SELECT unnest(generate_series(min(started_at)::DATE, max(started_at)::DATE, INTERVAL 1 DAY))::DATE AS day FROM runs
),

series AS (
    SELECT days.day, clouds.cloud
    FROM days
    JOIN (SELECT cloud, min(day) AS since FROM sizes GROUP BY cloud) AS clouds ON clouds.since <= days.day
),

shown AS (
    SELECT day FROM series GROUP BY day QUALIFY sum(count(*)) OVER (ORDER BY day DESC) <= greatest($most, count(*))
),

numbers AS (
    SELECT
        series.cloud,
        series.day,
        sum(coalesce(sizes.images, 0)) OVER until_then::BIGINT AS images,
        least(sum(coalesce(sizes.bytes, 0)) OVER until_then, 9223372036854775807)::BIGINT AS bytes,
        coalesce(events.new, 0) AS new,
        coalesce(events.changed, 0) AS changed,
        coalesce(events.deleted, 0) AS deleted,
        coalesce(events.returned, 0) AS returned
    FROM series
    LEFT JOIN sizes ON sizes.cloud = series.cloud AND sizes.day = series.day
    LEFT JOIN events ON events.cloud = series.cloud AND events.day = series.day
    WINDOW until_then AS (PARTITION BY series.cloud ORDER BY series.day)
)

SELECT numbers.*
FROM numbers
SEMI JOIN shown ON shown.day = numbers.day
ORDER BY numbers.cloud, numbers.day
