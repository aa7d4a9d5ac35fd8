-- brief_count: the number of images that are not as this run knew them, and of which only a brief row is staged.
-- One row. Another machine has loaded other versions of them since this run began.
SELECT count(*) AS images
FROM classified
WHERE is_brief AND outcome <> 'unchanged'
