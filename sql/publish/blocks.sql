-- blocks: how much of the warehouse's file is in use.
-- One row. Unit: blocks.
SELECT total_blocks AS total, free_blocks AS free
FROM pragma_database_size()
WHERE database_name = 'warehouse'
