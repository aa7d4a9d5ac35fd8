-- add_run_listing: add the result of reading a listing.
INSERT INTO run_listings BY NAME
SELECT
    $run_id AS run_id,
    $cloud AS cloud,
    $listing AS listing,
    $pages AS pages,
    $images AS images,
    $bytes AS bytes,
    $seconds AS seconds,
    $complete AS complete,
    $evidence AS evidence,
    $error AS error,
    $watermark AS watermark
