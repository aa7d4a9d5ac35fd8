-- image_history: What happened to this image since it was first seen?
-- One row per event, or per attribute that changed with it, in order. Times are UTC.
-- $id: the image's id
SELECT
    events.cloud,
    events.happened_at,
    events.event,
    events.name,
    changes.attribute,
    changes.old_value,
    changes.new_value
FROM image_events AS events
LEFT JOIN (FROM image_changes WHERE id = $id) AS changes
    ON changes.cloud = events.cloud AND events.event = 'changed' AND changes.changed_at = events.happened_at
WHERE events.id = $id
ORDER BY events.cloud, events.happened_at, changes.attribute
