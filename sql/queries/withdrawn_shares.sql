-- withdrawn_shares: Which images that others had shared with us are no longer there: withdrawn or deleted without notice?
-- One row per image, the last one first. Times are UTC. A share that was withdrawn and one whose image was deleted look alike to who
-- had it; an image that is listed again, or public now, is not here.
-- $since = 30 days ago: the day to begin with
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
