-- add_versions: add a version for every image that is new, changed or returned.
INSERT INTO image_versions BY NAME
SELECT
    $cloud AS cloud,
    reading.* EXCLUDE (listing, position, received_at),
    $started_at AS seen_from,
    $run_id AS run_from
FROM read_parquet($images_files) AS reading
SEMI JOIN (SELECT listing, position FROM classified WHERE outcome <> 'unchanged') AS added
    ON added.listing = reading.listing AND added.position = reading.position
