-- inputs: what a run read, listing by listing, and from which image service.
-- One row per cloud and listing.
SELECT listings.cloud, listings.listing, clouds.endpoint, listings.images, listings.pages, listings.bytes
FROM run_listings AS listings
LEFT JOIN clouds ON clouds.cloud = listings.cloud
WHERE listings.run_id = $run_id
ORDER BY listings.cloud, listings.listing
