-- forget_retired_unlisted: remove ended images from the missed ones.
DELETE FROM unlisted_images
WHERE cloud = $cloud
    AND id IN (SELECT id FROM image_versions WHERE cloud = $cloud AND run_to = $run_id AND end_reason = 'retired')
