-- forget_missed: remove images that a listing shows again, or that are gone. Run it after add_late_ends.
DELETE FROM missed_images
WHERE cloud = $cloud
    AND (id IN (SELECT id FROM incoming_memberships) OR id IN (SELECT id FROM gone))
