-- name_on_day: Which image did this name mean on a day?
-- One row per image that had the name then and was listed, newest first. A client that asks for the newest image with this name
-- gets the first row. Times are UTC.
-- $name: the name
-- $at = now: the time, as a date (its end), a time (UTC) or a run
SELECT
    meant.cloud,
    meant.owner,
    meant.id,
    meant.architecture,
    meant.created_at,
    meant.named_from, -- Start of the run that first saw it with the name. UTC.
    meant.named_to, -- Start of the first run that no longer did; NULL: it has the name now. UTC.
    taken.successor
FROM id_of($name, $at::TIMESTAMP) AS meant
LEFT JOIN image_successors AS taken ON taken.cloud = meant.cloud AND taken.id = meant.id
ORDER BY meant.cloud, meant.owner, meant.created_at DESC NULLS LAST, meant.id
