-- withdrawn_shares: Which images that others had shared with us are no longer there: withdrawn or deleted without notice?
-- One row per image, last one first. Times are UTC. For the one who had the share, a withdrawn share and a deleted image look
-- the same. Images that are listed again, or are public now, are left out.
-- $since = 30 days ago: the first day
SELECT
    membership.cloud,
    version.name,
    membership.id,
    version.owner,
    membership.listing, -- The listing that showed it last.
    membership.seen_from AS shared_from, -- Start of the run that first saw it there. UTC.
    membership.seen_to AS withdrawn_at, -- Start of the run that no longer did. UTC.
    coalesce(version.end_reason, version.state) AS image_is, -- gone, or unlisted if it still answers by id.
    taken.successor
FROM listing_memberships AS membership
ANTI JOIN (SELECT cloud, id FROM listing_memberships WHERE seen_to IS NULL) AS there
    ON there.cloud = membership.cloud AND there.id = membership.id
JOIN image_versions AS version
    ON version.cloud = membership.cloud
    AND version.id = membership.id
    AND version.seen_from < membership.seen_to
    AND coalesce(version.seen_to, TIMESTAMP '9999-12-31') >= membership.seen_to
LEFT JOIN image_successors AS taken ON taken.cloud = membership.cloud AND taken.id = membership.id
WHERE membership.listing IN ('shared-accepted', 'shared-pending', 'shared-rejected')
    AND membership.seen_to >= $since::DATE
    AND coalesce(version.end_reason, '') NOT IN ('changed', 'retired')
QUALIFY row_number() OVER (PARTITION BY membership.cloud, membership.id ORDER BY membership.seen_to DESC, version.seen_from DESC) = 1
ORDER BY membership.seen_to DESC, membership.cloud, version.name, membership.id
