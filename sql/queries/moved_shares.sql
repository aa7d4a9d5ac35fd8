-- moved_shares: Which images moved from one listing to another, such as a share that was accepted or rejected?
-- One row per move, newest first. Times are UTC.
-- $since = 30 days ago: the first day
SELECT
    cloud,
    name,
    id,
    owner,
    from_listing, -- The listing that it was in.
    to_listing, -- The listing that it was in from then on.
    moved_at -- Start of the run that first saw it there. UTC.
FROM image_moves
WHERE moved_at >= $since::DATE
ORDER BY moved_at DESC, name, id, to_listing
