-- changes: what changed last, with the values before and after, and what was deleted, or came after the first day.
-- One row per event, or per attribute that changed, the newest first: about $most. Times are UTC.
WITH moments AS (
    SELECT seen_from AS happened_at, count(*) AS events
    FROM (
        SELECT seen_from FROM image_versions
        UNION ALL
        SELECT seen_to FROM image_versions WHERE end_reason <> 'changed'
    )
    WHERE seen_from > (SELECT min(started_at) FROM runs)
    GROUP BY seen_from
),

newest AS (
    SELECT happened_at
    FROM moments
    QUALIFY sum(events) OVER (ORDER BY happened_at DESC) - events < $most
)

SELECT cloud, changed_at AS happened_at, 'changed' AS event, name, id, attribute, old_value, new_value
FROM image_changes
WHERE changed_at >= (SELECT min(happened_at) FROM newest) AND attribute <> 'updated_at'
UNION ALL
SELECT cloud, happened_at, event, name, id, NULL, NULL, NULL
FROM image_events
WHERE happened_at >= (SELECT min(happened_at) FROM newest) AND event <> 'changed'
ORDER BY happened_at DESC, cloud, event, name, id, attribute
LIMIT $most
