-- listing_pages: how many pages of $page_size images each listing of a cloud had when a full run last read it completely.
-- One row per listing. Images that the account itself shares are in each listing of shares, but are counted in none.
SELECT
    listing,
    1 + arg_max(
        run_listings.images + COALESCE(CAST(run_listings.evidence ->> '$.shared_out' AS BIGINT), 0),
        runs.started_at
    ) // $page_size AS pages
FROM run_listings
JOIN runs USING (run_id)
WHERE run_listings.cloud = $cloud AND run_listings.complete AND runs.mode = 'full'
GROUP BY listing
