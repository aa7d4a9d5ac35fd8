-- end_of_life: until when the makers of operating systems maintain each release.
-- One row per product, release cycle and source. A row from your own file counts before ours.
-- The dates are facts from https://endoflife.date (MIT licence), as of November 2026.
CREATE TABLE end_of_life (
    product VARCHAR NOT NULL, -- The operating system, such as ubuntu, rhel or windows-server.
    cycle VARCHAR NOT NULL, -- Its release, such as 20.04, 15.6 (a service pack is the second number) or 2012-r2.
    codename VARCHAR, -- Name of the release, such as Focal Fossa; NULL: it has none.
    released DATE, -- Day on which it came out.
    ends DATE, -- Last day of free maintenance; NULL: not known.
    extended_ends DATE, -- Last day of paid or extended maintenance; NULL: there is none, or it is not known.
    has_ended BOOLEAN NOT NULL, -- Whether free maintenance has ended, on a day that is not known.
    spelling VARCHAR, -- Regular expression for the product's name in lower case; NULL: the product's own name.
    source VARCHAR NOT NULL -- endoflife.date, or settings: the file that end_of_life in the settings names.
);
