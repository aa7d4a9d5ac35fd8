-- name_on_day: Which image did this name mean on a day?
-- One row per image that bore the name then and was listed, the newest first: that one is what a client takes who asks for the
-- newest of a name. Times are UTC.
-- $name: the name
-- $at = now: the time, as a date (its end), a time (UTC) or a run
SELECT meant.cloud, meant.owner, meant.id, meant.architecture, meant.created_at, meant.named_from, meant.named_to, taken.successor
FROM id_of($name, $at::TIMESTAMP) AS meant
LEFT JOIN image_successors AS taken ON taken.cloud = meant.cloud AND taken.id = meant.id
ORDER BY meant.cloud, meant.owner, meant.created_at DESC NULLS LAST, meant.id
