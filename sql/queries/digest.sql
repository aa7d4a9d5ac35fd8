-- digest: What happened on a day, in short?
-- One row per cloud and kind of event, in this order: deleted, gone, retired, created, first seen, returned, moved to a listing,
-- changed, first reading. `first reading`: what the first reading of a cloud or listing showed; nobody knows since when it was
-- there. Days are UTC. An event belongs to the day on which a run found it.
-- $day = yesterday: the day
WITH asked AS (
    SELECT $day::DATE::TIMESTAMP AS begins
),

events AS (
    SELECT happened.cloud, happened.id, happened.name, if(happened.event = 'first seen' AND happened.after_run IS NULL, 'first reading', happened.event) AS event
    FROM image_events AS happened
    JOIN asked ON happened.happened_at >= asked.begins AND happened.happened_at < asked.begins + INTERVAL 1 DAY
    UNION ALL
    SELECT moves.cloud, moves.id, moves.name, 'moved to ' || moves.to_listing
    FROM image_moves AS moves
    JOIN asked ON moves.moved_at >= asked.begins AND moves.moved_at < asked.begins + INTERVAL 1 DAY
),

changed AS (
    SELECT cloud, list(attribute || ' (' || images || ')' ORDER BY images DESC, attribute) AS attributes
    FROM (
        SELECT changes.cloud, changes.attribute, count(DISTINCT changes.id) AS images
        FROM image_changes AS changes
        JOIN asked ON changes.changed_at >= asked.begins AND changes.changed_at < asked.begins + INTERVAL 1 DAY
        WHERE changes.attribute <> 'updated_at'
        GROUP BY changes.cloud, changes.attribute
    )
    GROUP BY cloud
)

SELECT
    events.cloud,
    events.event, -- What happened.
    count(DISTINCT events.id) AS images, -- Images to which it happened.
    list(DISTINCT events.name ORDER BY events.name)[1:10] AS examples, -- Up to ten of their names.
    if(events.event = 'changed', any_value(changed.attributes), NULL) AS attributes -- Which attributes changed, and on how many images; NULL for other events.
FROM events
LEFT JOIN changed ON changed.cloud = events.cloud
GROUP BY events.cloud, events.event
ORDER BY
    events.cloud,
    list_position(
        ['deleted', 'gone', 'retired', 'created', 'first seen', 'returned', 'moved', 'changed', 'first reading'],
        if(events.event LIKE 'moved to %', 'moved', events.event)
    ),
    events.event
