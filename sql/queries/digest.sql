-- digest: What happened on a day, in short?
-- One row per cloud and kind of event: deleted and gone first, changes last. `examples` has up to ten names. `attributes` says
-- which attributes changed, and on how many images. Days are UTC. An event belongs to the day on which a run found it.
-- $day = yesterday: the day
WITH events AS (
    SELECT cloud, id, name, event FROM image_events WHERE happened_at >= $day::DATE AND happened_at < $day::DATE + 1
    UNION ALL
    SELECT cloud, id, name, 'moved to ' || to_listing FROM image_moves WHERE moved_at >= $day::DATE AND moved_at < $day::DATE + 1
),

changed AS (
    SELECT cloud, list(attribute || ' (' || images || ')' ORDER BY images DESC, attribute) AS attributes
    FROM (
        SELECT cloud, attribute, count(DISTINCT id) AS images
        FROM image_changes
        WHERE changed_at >= $day::DATE AND changed_at < $day::DATE + 1 AND attribute <> 'updated_at'
        GROUP BY cloud, attribute
    )
    GROUP BY cloud
)

SELECT
    events.cloud,
    events.event,
    count(*) AS images,
    list(events.name ORDER BY events.name, events.id)[1:10] AS examples,
    any_value(changed.attributes) AS attributes
FROM events
LEFT JOIN changed ON changed.cloud = events.cloud AND events.event = 'changed'
GROUP BY events.cloud, events.event
ORDER BY
    events.cloud,
    coalesce(nullif(list_position(['deleted', 'gone', 'retired', 'created', 'first seen', 'returned'], events.event), 0), 9),
    events.event DESC
