-- brief_count: the number of images that are not as the run knew them, of which only the brief row is at hand.
-- One row. Another machine has loaded something else of them since this run began.
SELECT count(*) AS images
FROM classified
WHERE is_brief AND outcome <> 'unchanged'
