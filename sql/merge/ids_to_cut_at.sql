-- ids_to_cut_at: ids that cut a listing, as the last run saw it, into stretches of $step images, and those before each.
-- One row per id, in id order: position counts from 1; the ids at multiples of $step are the cuts.
SELECT id, position
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS position, count(*) OVER () AS images
    FROM listing_memberships
    WHERE cloud = $cloud
        AND seen_to IS NULL
        AND (listing = $listing OR ($is_shared AND listing = 'shared-out'))
)
WHERE (position + $steps_back) % $step <= $steps_back AND position < images
ORDER BY position
