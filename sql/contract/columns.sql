-- columns: the columns of the tables and views of the published copy, with their comments.
-- One row per column, in the order of the tables' names and of their columns.
SELECT table_name, column_name AS name, data_type AS type, NOT is_nullable AS is_required, comment
FROM duckdb_columns()
WHERE NOT internal AND database_name = current_database()
ORDER BY table_name, column_index
