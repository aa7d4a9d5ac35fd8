-- forget_unlisted: remove images that a listing shows again, or that are gone: they are no longer missed.
DELETE FROM unlisted_images
WHERE cloud = $cloud
    AND (id IN (SELECT id FROM incoming_memberships) OR id IN (SELECT id FROM gone))
