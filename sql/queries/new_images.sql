-- new_images: Which images came to the catalogue lately?
-- One row per image, newest first. Times are UTC. What the first reading of a cloud or listing showed is not new.
-- $since = 7 days ago: the first day
SELECT
    images.cloud,
    images.name,
    images.id,
    images.owner,
    images.listings,
    images.system,
    round(images.bytes / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    images.created_at,
    events.event, -- created, or first seen: an older image that became visible to you, such as a share.
    images.first_seen
FROM image_events AS events
JOIN images ON images.cloud = events.cloud AND images.id = events.id
WHERE events.event IN ('created', 'first seen')
    AND events.after_run IS NOT NULL
    AND events.happened_at >= $since::DATE
ORDER BY images.first_seen DESC, images.cloud, images.name, images.id
