-- image_versions.landed_page: the page of its listing that this version was read from, counted from 1; NULL: an older glanceback read it.
ALTER TABLE image_versions ADD COLUMN landed_page INTEGER
