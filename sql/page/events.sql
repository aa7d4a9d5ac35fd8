-- events: what happened to images after the first reading of their cloud: they came, ended, moved to other listings, or changed.
-- One row per image and event, and per attribute that changed, the newest first: at most $most. Times are UTC.
-- A change of updated_at is shown only where nothing else changed. Values of more than $longest characters are cut.
WITH first_readings AS (
    SELECT cloud, min(valid_from) AS first_read_at FROM image_history GROUP BY cloud
),

came_and_went AS MATERIALIZED (
    SELECT cloud, id, happened_at, event FROM image_events WHERE event <> 'changed'
),

changes AS (
    SELECT cloud, id, changed_at AS happened_at, 'changed' AS event, attribute, old_value, new_value
    FROM image_changes
    QUALIFY attribute <> 'updated_at' OR count(*) OVER (PARTITION BY cloud, id, changed_at) = 1
),

shown AS (
    SELECT
        cloud,
        id,
        shown_from,
        first_seen,
        array_to_string(listings, ', ') AS listings,
        lag(array_to_string(listings, ', ')) OVER (PARTITION BY cloud, id ORDER BY shown_from) AS old_listings
    FROM image_listings
    WHERE shown_from > first_seen OR shown_to IS NOT NULL
),

moves AS (
    SELECT shown.*
    FROM shown
    ANTI JOIN came_and_went AS edge
        ON edge.cloud = shown.cloud AND edge.id = shown.id AND edge.happened_at = shown.shown_from
    WHERE shown.old_listings <> shown.listings
),

events AS (
    FROM changes
    UNION ALL
    SELECT cloud, id, shown_from, 'moved', 'listings', nullif(old_listings, ''), nullif(listings, '') FROM moves
    UNION ALL
    SELECT cloud, id, happened_at, event, NULL, NULL, NULL FROM came_and_went
)

SELECT
    events.cloud,
    events.id,
    events.happened_at,
    events.event,
    events.attribute,
    if(length(events.old_value) > $longest, left(events.old_value, $longest) || '…', events.old_value) AS old_value,
    if(length(events.new_value) > $longest, left(events.new_value, $longest) || '…', events.new_value) AS new_value
FROM events
JOIN first_readings ON first_readings.cloud = events.cloud
WHERE events.happened_at > first_readings.first_read_at
ORDER BY events.happened_at DESC, events.cloud, events.id, events.attribute
LIMIT $most
