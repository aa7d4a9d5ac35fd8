-- keep_in_files: tell DuckLake never to keep rows of a table in the catalogue, where it puts those of small loads.
-- There they are SQL text, which cannot hold everything that tenants write: a NUL ends the load, and some names become two.
CALL ducklake_set_option('warehouse', 'data_inlining_row_limit', 0, table_name => $table_name)
