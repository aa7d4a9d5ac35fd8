-- incoming_memberships: in which listings the images of this run were.
-- One row per image and listing. Every shared listing shows what the account itself shares: that is shared-out.
CREATE OR REPLACE TEMP TABLE incoming_memberships AS
SELECT DISTINCT
    id,
    CASE WHEN listing LIKE 'shared-%' AND owner = $project_id THEN 'shared-out' ELSE listing END AS listing
FROM read_parquet($images_files)
