-- listing_memberships: in which listings an image was, and when. A share that is accepted moves here; it gets no new version.
-- One row per cloud, image, listing and time that the image was there without a break. Times are UTC.
CREATE TABLE listing_memberships (
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR NOT NULL, -- The image's id.
    listing VARCHAR NOT NULL, -- The listing that showed the image; shared-out for an image that the account shares with others.
    seen_from TIMESTAMP NOT NULL, -- Start of the run that first saw the image in the listing. UTC.
    seen_to TIMESTAMP -- Start of the first run that no longer saw it there; NULL: it is there. UTC.
);
