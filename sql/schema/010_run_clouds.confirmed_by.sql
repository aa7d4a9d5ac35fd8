-- run_clouds.confirmed_by: how deletions were confirmed: by id, two readings, replay; NULL: no image was ended.
-- Two readings: the cloud does not show single images, and two complete full readings in a row did not show the image. Replay:
-- only a run whose load failed had seen the image; no complete reading after it did.
ALTER TABLE run_clouds ADD COLUMN confirmed_by VARCHAR
