-- run_clouds.confirmed_by: how deletions were confirmed: by id, two readings, or both; NULL: no image was ended.
-- Two readings: the cloud does not show single images, and two complete full readings in a row were without the image.
ALTER TABLE run_clouds ADD COLUMN confirmed_by VARCHAR
