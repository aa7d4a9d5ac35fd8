-- waiting_shares: Which shares wait for acceptance, from whom, and for how long?
-- One row per image, longest wait first. Times are UTC. The wait begins when a run first saw the share.
-- $on = today: the day up to which to count
SELECT
    images.cloud,
    images.name,
    images.id,
    images.owner,
    images.os_version,
    membership.seen_from AS waiting_since, -- Start of the run that first saw it in shared-pending. UTC.
    date_diff('day', membership.seen_from::DATE, $on::DATE) AS days -- Days since then.
FROM images
JOIN listing_memberships AS membership ON membership.cloud = images.cloud AND membership.id = images.id
WHERE membership.listing = 'shared-pending' AND membership.seen_to IS NULL
ORDER BY waiting_since, images.name, images.id
