-- listings_flattened_alike: the listings of a cloud whose current images were all flattened by the same code, $flattened_by.
-- One row per listing. That code read all of it in the last full run, and every run that has read it since was by it too.
-- Only the evidence of these runs is taken apart: a history of years has many others.
WITH complete AS (
    SELECT run_listings.listing, run_listings.evidence, runs.mode, runs.started_at
    FROM run_listings
    JOIN runs USING (run_id)
    WHERE run_listings.cloud = $cloud AND run_listings.complete
),

last_full AS (
    SELECT listing, max(started_at) AS started_at FROM complete WHERE mode = 'full' GROUP BY listing
)

SELECT complete.listing
FROM complete
JOIN last_full ON last_full.listing = complete.listing AND complete.started_at >= last_full.started_at
GROUP BY complete.listing
HAVING bool_and((complete.evidence ->> 'flattened_by') IS NOT DISTINCT FROM $flattened_by)
