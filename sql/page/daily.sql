-- daily: the size of each cloud's catalogue at the end of each day, every image once, and what happened on it.
-- One row per cloud and day (UTC), from the cloud's first day to the last run's.
WITH versions AS (
    SELECT
        cloud,
        coalesce(image_size, size, 0) AS bytes,
        seen_from,
        seen_to,
        end_reason,
        lag(end_reason) OVER (PARTITION BY cloud, id ORDER BY seen_from) AS reason_before
    FROM image_versions
),

moves AS (
    SELECT
        cloud,
        seen_from::DATE AS day,
        count(*) AS images,
        sum(bytes) AS bytes,
        count(*) FILTER (WHERE reason_before IS NULL) AS new,
        count(*) FILTER (WHERE reason_before = 'changed') AS changed,
        count(*) FILTER (WHERE reason_before IS NOT NULL AND reason_before <> 'changed') AS returned,
        0 AS deleted
    FROM versions
    GROUP BY ALL
    UNION ALL
    SELECT cloud, seen_to::DATE, -count(*), -sum(bytes), 0, 0, 0, count(*) FILTER (WHERE end_reason <> 'changed')
    FROM versions
    WHERE seen_to IS NOT NULL
    GROUP BY ALL
),

days AS (
    SELECT unnest(generate_series(min(started_at)::DATE, max(started_at)::DATE, INTERVAL 1 DAY))::DATE AS day FROM runs
),

series AS (
    SELECT days.day, clouds.cloud
    FROM days
    JOIN (SELECT cloud, min(day) AS since FROM moves GROUP BY cloud) AS clouds ON clouds.since <= days.day
)

SELECT
    series.cloud,
    series.day,
    sum(coalesce(sum(moves.images), 0)) OVER until_then::BIGINT AS images,
    least(sum(coalesce(sum(moves.bytes), 0)) OVER until_then, 9223372036854775807)::BIGINT AS bytes,
    coalesce(sum(moves.new), 0)::BIGINT AS new,
    coalesce(sum(moves.changed), 0)::BIGINT AS changed,
    coalesce(sum(moves.deleted), 0)::BIGINT AS deleted,
    coalesce(sum(moves.returned), 0)::BIGINT AS returned
FROM series
LEFT JOIN moves ON moves.cloud = series.cloud AND moves.day = series.day
GROUP BY series.cloud, series.day
WINDOW until_then AS (PARTITION BY series.cloud ORDER BY series.day)
ORDER BY series.cloud, series.day
