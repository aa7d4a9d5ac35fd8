-- broken_promises: Which promises about public images (SCS-0102) were broken, since when, and were they made good?
-- One row per image and promise: those that are still broken come first, newest first. Times and days are UTC. The view
-- image_promises says what counts as broken. `days` ends when the promise was made good, or else at the last reading. If an image
-- is deleted too early, nothing can make that good.
-- $since = 365 days ago: only what was broken from this day on
SELECT
    cloud,
    name, -- The name that is promised, without a date, `old` or `prev` at its end.
    id,
    promise, -- replace_frequency, uuid_validity or provided_until.
    value, -- What was promised.
    due_on, -- Day by which it must be replaced, without the days of grace; or until which it, or its name, must be there; NULL: no such day.
    broken_from, -- Since when it is broken; for ids and names, the start of the run that first missed them. UTC.
    replaced_by, -- The image that took its place, or its name; NULL: none did.
    if(promise = 'uuid_validity', NULL, replaced_at) AS made_good_at, -- When that image was published, or first seen with the name; NULL: the promise is still broken, or can never be kept. UTC.
    date_diff('day', broken_from::DATE, coalesce(made_good_at, judged_at)::DATE) AS days -- Days from broken_from until it was made good, or until the last reading.
FROM image_promises
WHERE status = 'broken' AND broken_from >= $since::DATE
ORDER BY made_good_at IS NOT NULL, broken_from DESC, cloud, name, id, promise
