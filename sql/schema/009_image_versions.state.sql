-- image_versions.state: listed, or unlisted: no listing shows the image, but it still answers by id.
-- A version that began listed may be unlisted now: the state is that of the last run, and is not part of the content.
ALTER TABLE image_versions ADD COLUMN state VARCHAR DEFAULT 'listed'
