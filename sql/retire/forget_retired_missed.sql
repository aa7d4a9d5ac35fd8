-- forget_retired_missed: remove ended images from those that readings did not show.
DELETE FROM missed_images
WHERE cloud = $cloud
    AND id IN (SELECT id FROM image_versions WHERE cloud = $cloud AND run_to = $run_id AND end_reason = 'retired')
