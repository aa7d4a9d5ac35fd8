-- forget_migrations: remove the records of these files, before they are recorded again.
DELETE FROM schema_migrations WHERE list_contains($names, name)
