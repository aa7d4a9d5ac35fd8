-- add_versions: add a version for every image of a piece that is new, changed or returned.
-- Piece by piece, because the hash table of a join must fit into memory.
INSERT INTO image_versions BY NAME
SELECT
    $cloud AS cloud,
    reading.* EXCLUDE (listing, position, received_at, content_hash_before, is_brief)
        REPLACE ($landing_folder || '/' || reading.listing || '/' || reading.landed_file AS landed_file),
    $started_at AS seen_from,
    $run_id AS run_from
FROM read_parquet($images_file, hive_partitioning = false) AS reading
SEMI JOIN (
    SELECT position
    FROM classified
    WHERE outcome <> 'unchanged' AND listing = $listing
        AND position BETWEEN $first_position AND $first_position + $rows_a_piece - 1
) AS added ON added.position = reading.position
WHERE reading.position BETWEEN $first_position AND $first_position + $rows_a_piece - 1
