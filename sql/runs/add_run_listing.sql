-- add_run_listing: keep how the reading of a listing went.
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
