-- forget_retired_withheld: remove ended images from the withheld deletions: no decision is needed.
DELETE FROM withheld_deletions
WHERE cloud = $cloud
    AND id IN (SELECT id FROM image_versions WHERE cloud = $cloud AND run_to = $run_id AND end_reason = 'retired')
