-- broken_promises: Which promises about public images (SCS-0102) were broken, since when, and were they made good?
-- One row per image and promise: those that are still broken come first, newest first. Times and days are UTC. The view
-- image_promises says what counts as broken. `days` ends when the promise was made good, or else at the last reading. If an id
-- is gone too early, that is never made good.
-- $since = 365 days ago: only what was broken from this day on
SELECT
    cloud,
    name,
    id,
    promise,
    value,
    due_on,
    broken_from,
    replaced_by,
    if(promise = 'uuid_validity', NULL, replaced_at) AS made_good_at,
    date_diff('day', broken_from::DATE, coalesce(made_good_at, judged_at)::DATE) AS days
FROM image_promises
WHERE status = 'broken' AND broken_from >= $since::DATE
ORDER BY made_good_at IS NOT NULL, broken_from DESC, cloud, name, id, promise
