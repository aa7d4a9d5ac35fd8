-- incoming_memberships: in which listings the images of this run were.
-- One row per image and listing. Of a brief row, id, owner and received_at have values.
-- Every shared listing shows what the account itself shares: that is shared-out. If two listings that exclude each other
-- (see ended_memberships) showed an image, because it moved while they were read, the page that was received last counts.
CREATE OR REPLACE TEMP TABLE incoming_memberships AS
SELECT id, arg_max(listing, received_at) AS listing
FROM (
    SELECT
        id,
        received_at,
        CASE WHEN listing LIKE 'shared-%' AND owner = $project_id THEN 'shared-out' ELSE listing END AS listing
    FROM read_parquet($images_files, hive_partitioning = false)
)
GROUP BY id, if($dialect = 'openstack', 'any', if(listing = 'private', 'private', 'other'))
