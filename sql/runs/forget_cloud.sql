-- forget_cloud: remove the row of a cloud that a run has logged in to, so that add_cloud can write it again.
DELETE FROM clouds WHERE cloud = $cloud
