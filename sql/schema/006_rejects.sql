-- rejects: what could not be kept in its place, with the original, so that nothing is lost.
-- One row per version of an image and value that did not fit its column; a whole image where it has no usable id.
-- A version's rejects have its run_from: what did not fit is kept once for as long as the image is the same.
CREATE TABLE rejects (
    run_id VARCHAR NOT NULL, -- The run that first received it.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR, -- The image's id; NULL where it has no usable one.
    attribute VARCHAR, -- The attribute's API name; NULL where the whole image was rejected.
    value VARCHAR, -- The original: text as it is, anything else as JSON text.
    reason VARCHAR NOT NULL -- Why it did not fit.
);
