-- withdrawn_shares: Which images that others had shared with us are no longer there: withdrawn or deleted without notice?
-- One row per image, last one first. Times are UTC. For the one who had the share, a withdrawn share and a deleted image look
-- the same. Images that are listed again, or are public now, are left out.
-- $since = 30 days ago: the first day
SELECT
    stay.cloud,
    version.name,
    stay.id,
    version.owner,
    stay.listing,
    stay.seen_from AS shared_from,
    stay.seen_to AS withdrawn_at,
    coalesce(version.end_reason, version.state) AS image_is,
    taken.successor
FROM listing_memberships AS stay
ANTI JOIN (SELECT cloud, id FROM listing_memberships WHERE seen_to IS NULL) AS there
    ON there.cloud = stay.cloud AND there.id = stay.id
JOIN image_versions AS version
    ON version.cloud = stay.cloud
    AND version.id = stay.id
    AND version.seen_from < stay.seen_to
    AND coalesce(version.seen_to, TIMESTAMP '9999-12-31') >= stay.seen_to
LEFT JOIN image_successors AS taken ON taken.cloud = stay.cloud AND taken.id = stay.id
WHERE stay.listing IN ('shared-accepted', 'shared-pending', 'shared-rejected')
    AND stay.seen_to >= $since::DATE
    AND coalesce(version.end_reason, '') NOT IN ('changed', 'retired')
QUALIFY row_number() OVER (PARTITION BY stay.cloud, stay.id ORDER BY stay.seen_to DESC, version.seen_from DESC) = 1
ORDER BY stay.seen_to DESC, stay.cloud, version.name, stay.id
