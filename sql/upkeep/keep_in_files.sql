-- keep_in_files: never keep rows of a table in the catalogue, where DuckLake puts those of small loads.
-- There they are text, and what tenants may write is not: a NUL ends the load, and some names are read as two.
CALL ducklake_set_option('warehouse', 'data_inlining_row_limit', 0, table_name => $table_name)
