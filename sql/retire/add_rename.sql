-- add_rename: record that a cloud has another name, once.
INSERT INTO renames BY NAME
SELECT $run_id AS run_id, $old_name AS old_name, $new_name AS new_name, $renamed_at::TIMESTAMP AS renamed_at
WHERE NOT EXISTS (FROM renames WHERE run_id = $run_id)
