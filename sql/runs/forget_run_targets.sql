-- forget_run_targets: remove what a run had to read: all of it, or one cloud of which no run has read anything yet.
DELETE FROM run_targets
WHERE run_id = $run_id
    AND (
        $cloud IS NULL
        OR (cloud = $cloud AND NOT EXISTS (FROM run_listings WHERE cloud = $cloud AND complete))
    )
