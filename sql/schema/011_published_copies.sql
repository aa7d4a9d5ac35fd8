-- published_copies: where copies of this warehouse were published, and a fingerprint of each file.
-- One row per place. If somebody changed a copy, the next one is made from nothing.
CREATE TABLE published_copies (
    place VARCHAR NOT NULL, -- Machine and path.
    fingerprint VARCHAR NOT NULL -- Changes with every write to the file: inode, size and both times.
);
