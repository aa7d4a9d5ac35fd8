-- published_copies: where copies of this warehouse were published, and what each file was then.
-- One row per place. A copy that somebody changed is made again from nothing.
CREATE TABLE published_copies (
    place VARCHAR NOT NULL, -- Machine and path.
    fingerprint VARCHAR NOT NULL -- What changes with every write to the file: inode, size, and both its times.
);
