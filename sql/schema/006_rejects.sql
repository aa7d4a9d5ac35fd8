-- rejects: what does not fit the tables, as it was received, so that nothing is lost.
-- One row per version of an image and value that does not fit its column; one per whole image that has no usable id. A
-- version's rejects have its run_from: they are kept once, for as long as the image stays the same.
CREATE TABLE rejects (
    run_id VARCHAR NOT NULL, -- The run that first received it.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR, -- The image's id; NULL: it has no usable one.
    attribute VARCHAR, -- The attribute's API name; NULL: the whole image was rejected.
    value VARCHAR, -- The original: text as it is, anything else as JSON text.
    reason VARCHAR NOT NULL -- Why it did not fit.
);
