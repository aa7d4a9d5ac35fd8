-- forget_unlisted: what a listing shows again, or is gone, is not missed any more.
DELETE FROM unlisted_images
WHERE cloud = $cloud
    AND (id IN (SELECT id FROM incoming_memberships) OR id IN (SELECT id FROM gone))
