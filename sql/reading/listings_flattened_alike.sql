-- listings_flattened_alike: the listings of a cloud whose current images were all flattened by the same code, $flattened_by.
-- One row per listing. A full run by that code read all of it, and no run by other code has read it since.
SELECT run_listings.listing
FROM run_listings
JOIN runs USING (run_id)
WHERE run_listings.cloud = $cloud AND run_listings.complete
GROUP BY run_listings.listing
HAVING
    max(runs.started_at) FILTER (
        WHERE runs.mode = 'full' AND (run_listings.evidence ->> 'flattened_by') = $flattened_by
    ) > coalesce(
        max(runs.started_at) FILTER (
            WHERE (run_listings.evidence ->> 'flattened_by') IS DISTINCT FROM $flattened_by
        ),
        TIMESTAMP '0001-01-01'
    )
