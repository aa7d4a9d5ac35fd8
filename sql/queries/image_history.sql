-- image_history: What happened to this image since it was first seen?
-- One row per event, per changed attribute and per change of listing, in order of time. Times are UTC. If no run has seen the
-- id, the event is `never seen`.
-- $id: the image's id
WITH events AS (
    FROM image_events WHERE id = $id
),

memberships AS (
    SELECT cloud, listing, seen_from, coalesce(seen_to, TIMESTAMP '9999-12-31') AS seen_to
    FROM listing_memberships
    WHERE id = $id
),

moves AS (
    SELECT cloud, seen_from AS happened_at FROM memberships
    UNION
    SELECT cloud, seen_to FROM memberships WHERE seen_to < TIMESTAMP '9999-12-31'
),

listed AS (
    SELECT
        moves.cloud,
        moves.happened_at,
        list(DISTINCT memberships.listing ORDER BY memberships.listing) FILTER (WHERE memberships.seen_from < moves.happened_at) AS before,
        list(DISTINCT memberships.listing ORDER BY memberships.listing) FILTER (WHERE memberships.seen_to > moves.happened_at) AS after
    FROM moves
    JOIN memberships
        ON memberships.cloud = moves.cloud AND memberships.seen_from <= moves.happened_at AND memberships.seen_to >= moves.happened_at
    GROUP BY moves.cloud, moves.happened_at
)

SELECT
    events.cloud, -- Name of the cloud, as in the settings.
    events.happened_at, -- Start of the run that found the event. UTC.
    events.event, -- first seen, created, changed, moved, unlisted, listed again, deleted, gone, retired, returned; or never seen.
    events.name, -- The image's name then.
    changes.attribute, -- The attribute that changed; `listings` of a move; NULL for other events.
    changes.old_value, -- Its value before, as text; of tags and listings, JSON.
    changes.new_value, -- Its value since then.
    events.after_run -- The last run before it that would have shown the event, and did not; NULL: none.
FROM events
LEFT JOIN (FROM image_changes WHERE id = $id) AS changes
    ON changes.cloud = events.cloud AND events.event = 'changed' AND changes.changed_at = events.happened_at
UNION ALL
SELECT
    listed.cloud,
    listed.happened_at,
    if(listed.before IS NULL, 'listed again', if(listed.after IS NULL, 'unlisted', 'moved')),
    version.name,
    'listings',
    to_json(listed.before)::VARCHAR,
    to_json(listed.after)::VARCHAR,
    NULL
FROM listed
ANTI JOIN (FROM events WHERE event <> 'changed') AS edge
    ON edge.cloud = listed.cloud AND edge.happened_at = listed.happened_at
JOIN (FROM image_versions WHERE id = $id) AS version
    ON version.cloud = listed.cloud
    AND version.seen_from <= listed.happened_at
    AND coalesce(version.seen_to, TIMESTAMP '9999-12-31') > listed.happened_at
WHERE listed.before IS DISTINCT FROM listed.after
UNION ALL
SELECT NULL, NULL, 'never seen', NULL, NULL, NULL, NULL, NULL
WHERE NOT EXISTS (FROM image_versions WHERE id = $id)
ORDER BY 1, 2, 5 NULLS FIRST
