-- image_versions.state: listed, or unlisted: no listing shows the image, but it still answers by id.
-- A version that began listed may be unlisted now: the state is that of its last run, and no content.
ALTER TABLE image_versions ADD COLUMN state VARCHAR DEFAULT 'listed'
