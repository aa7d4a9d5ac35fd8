-- rewrite_files: write Parquet files again if more than a twentieth of their rows were deleted; the others stay as they are.
CALL ducklake_rewrite_data_files('warehouse', delete_threshold => 0.05)
