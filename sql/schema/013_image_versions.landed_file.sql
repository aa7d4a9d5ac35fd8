-- image_versions.landed_file: the file of that page, below landing; NULL: an older glanceback read it.
-- Files are removed after landing_days; the name stays.
ALTER TABLE image_versions ADD COLUMN landed_file VARCHAR
