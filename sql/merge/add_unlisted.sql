-- add_unlisted: add the images that answered by id, although no listing showed them, like any other reading.
INSERT INTO incoming BY NAME
SELECT reading.id, reading.content_hash, reading.content_hash_before, reading.updated_at, reading.listing, reading.position,
    reading.is_brief, reading.landed_hash
FROM read_parquet($images_files, hive_partitioning = false) AS reading
ANTI JOIN incoming ON incoming.id = reading.id
