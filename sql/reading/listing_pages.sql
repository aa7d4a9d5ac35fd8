-- listing_pages: how many pages each listing of a cloud had when a full run last read it completely.
-- One row per listing.
SELECT listing, arg_max(run_listings.pages, runs.started_at) AS pages
FROM run_listings
JOIN runs USING (run_id)
WHERE run_listings.cloud = $cloud AND run_listings.complete AND runs.mode = 'full'
GROUP BY listing
