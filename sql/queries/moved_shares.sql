-- moved_shares: Which images moved from one listing to another, such as a share that was accepted or rejected?
-- One row per move, the newest first. Times are UTC.
-- $since = 30 days ago: the day to begin with
SELECT
    was.cloud,
    version.name,
    was.id,
    version.owner,
    was.listing AS from_listing,
    became.listing AS to_listing,
    was.seen_to AS moved_at
FROM listing_memberships AS was
JOIN listing_memberships AS became
    ON became.cloud = was.cloud
    AND became.id = was.id
    AND became.seen_from = was.seen_to
    AND became.listing <> was.listing
JOIN image_versions AS version
    ON version.cloud = was.cloud
    AND version.id = was.id
    AND version.seen_from <= was.seen_to
    AND (version.seen_to IS NULL OR version.seen_to > was.seen_to)
WHERE was.seen_to >= $since::DATE
ORDER BY moved_at DESC, version.name, was.id
