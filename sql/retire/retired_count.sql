-- retired_count: how many images a retirement has ended.
-- One row.
SELECT count(*) AS images FROM image_versions WHERE run_to = $run_id AND end_reason = 'retired'
