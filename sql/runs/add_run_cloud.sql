-- add_run_cloud: keep what a run found at a cloud.
INSERT INTO run_clouds BY NAME
SELECT
    $run_id AS run_id,
    $cloud AS cloud,
    $new AS new,
    $changed AS changed,
    $unchanged AS unchanged,
    $deleted AS deleted,
    $returned AS returned,
    $rejected AS rejected,
    $withheld_deletions AS withheld_deletions,
    $missed_by_changes AS missed_by_changes,
    $dialect AS dialect,
    $error AS error,
    $confirmed_by AS confirmed_by
