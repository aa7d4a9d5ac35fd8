-- last_change: when a cloud's catalogue last changed until a moment: two moments with the same one show the same.
-- One row; NULL where there was nothing yet. UTC.
WITH changes AS (
    SELECT max(seen_from) FILTER (seen_from <= $at) AS began, max(seen_to) FILTER (seen_to <= $at) AS ended
    FROM copy.image_versions
    WHERE cloud = $cloud
    UNION ALL
    SELECT max(seen_from) FILTER (seen_from <= $at) AS began, max(seen_to) FILTER (seen_to <= $at) AS ended
    FROM copy.listing_memberships
    WHERE cloud = $cloud
)

SELECT greatest(max(began), max(ended)) AS changed_at FROM changes
