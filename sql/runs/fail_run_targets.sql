-- fail_run_targets: record why a run loaded nothing of $cloud (NULL: of all clouds that it has not loaded).
UPDATE run_targets SET error = $error
WHERE run_id = $run_id
    AND ($cloud IS NULL OR cloud = $cloud)
    AND error IS NULL
    AND NOT EXISTS (FROM run_clouds AS found WHERE found.run_id = $run_id AND found.cloud = run_targets.cloud)
