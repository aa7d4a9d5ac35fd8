-- image_events: what happened to images, run by run.
-- One row per cloud, image and event. Times are UTC.
CREATE OR REPLACE VIEW image_events AS
SELECT
    cloud, -- Name of the cloud, as in the settings.
    id, -- The image's id.
    name, -- The image's name, in the version that the event made or ended.
    seen_from AS happened_at, -- Start of the run that found the event. UTC.
    CASE lag(end_reason) OVER (PARTITION BY cloud, id ORDER BY seen_from)
        WHEN 'changed' THEN 'changed'
        WHEN 'deleted' THEN 'returned'
        ELSE 'created'
    END AS event, -- created, changed, deleted or returned.
    run_from AS run_id -- The run that found the event.
FROM image_versions
UNION ALL
SELECT cloud, id, name, seen_to, 'deleted', run_to
FROM image_versions
WHERE end_reason = 'deleted'
