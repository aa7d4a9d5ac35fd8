-- last_change: when a cloud's catalogue last changed, up to a time. Times with the same last change show the same catalogue.
-- One row; NULL if there was nothing yet. UTC.
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
