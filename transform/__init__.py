"""The attribute dictionary, and page bytes -> Arrow. Knows neither HTTP nor DuckDB."""
