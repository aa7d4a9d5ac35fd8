-- broken_promises: Which promises about public images were broken (SCS-0102), since when, and is it made good?
-- One row per image and promise, those first that are not made good, the newest first. Times and days are UTC. What counts as
-- broken, the view image_promises says; `days` are up to when it was made good, or to the last reading. An id that is gone is
-- never made good.
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
