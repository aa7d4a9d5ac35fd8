-- promises: what was promised of public images, and whether it was kept.
-- One row per promise of an image, the broken ones first: at most $most. Times and days are UTC.
SELECT
    cloud,
    id,
    name,
    promise,
    value,
    promised_from::DATE AS promised_from,
    promised_to::DATE AS promised_to,
    due_on,
    status,
    broken_from::DATE AS broken_from,
    replaced_by,
    if(promise = 'uuid_validity', NULL, replaced_at)::DATE AS made_good
FROM image_promises
ORDER BY status <> 'broken', made_good IS NOT NULL, broken_from DESC, cloud, name, id, promise
LIMIT $most
