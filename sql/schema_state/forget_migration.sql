-- forget_migration: take back the record of a file, before it is recorded anew.
DELETE FROM schema_migrations WHERE name = $name
