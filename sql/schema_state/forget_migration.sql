-- forget_migration: remove the record of a file, before it is recorded again.
DELETE FROM schema_migrations WHERE name = $name
