-- image_versions.landed_hash: SHA-256 of the image's text on that page, in hexadecimal; NULL: an older glanceback read it.
ALTER TABLE image_versions ADD COLUMN landed_hash VARCHAR
