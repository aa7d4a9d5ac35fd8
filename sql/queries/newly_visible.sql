-- newly_visible: Which images became public, shared or community lately, and what were they before?
-- One row per image and change, newest first. Times are UTC. What the first reading of a cloud or listing showed is not new.
-- $since = 7 days ago: the first day
SELECT
    version.cloud,
    version.name,
    version.id,
    version.owner,
    before.visibility AS was, -- Its visibility before; NULL: it was never seen with another one.
    version.visibility AS became, -- public, shared or community.
    version.seen_from AS seen_at -- Start of the run that first saw it so. UTC.
FROM image_versions AS version
LEFT JOIN (FROM image_versions WHERE end_reason = 'changed') AS before
    ON before.cloud = version.cloud AND before.id = version.id AND before.seen_to = version.seen_from
LEFT JOIN (FROM image_events WHERE event <> 'changed') AS events
    ON events.cloud = version.cloud AND events.id = version.id AND events.happened_at = version.seen_from
WHERE version.visibility IN ('public', 'shared', 'community')
    AND version.seen_from >= $since::DATE
    AND before.visibility IS DISTINCT FROM version.visibility
    AND (before.id IS NOT NULL OR events.after_run IS NOT NULL)
ORDER BY version.seen_from DESC, version.cloud, version.name, version.id
