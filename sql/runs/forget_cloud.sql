-- forget_cloud: take out the row of a cloud that a run has logged in to, for add_cloud to write it again.
DELETE FROM clouds WHERE cloud = $cloud
