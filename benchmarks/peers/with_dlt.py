"""dlt: the rest_api source, its listings side by side, merged into DuckDB as slowly changing dimensions (scd2).

As its documentation advises ("Optimizing dlt", and the page of its DuckDB destination). What was tried beside it and
left as it is by default: larger buffers and fewer load workers made nothing faster; two processes that normalize
(NORMALIZE__WORKERS=2 in the environment) saved a sixth at 100,000 images once, took over 300 MB more, and made 1,000
slower.
"""

import dlt
from dlt.sources.rest_api import rest_api_source
from peers.asked import Asked, asked

PAGE = 1000


def load(given: Asked) -> None:
    # Its usual names are those of columns without leading underscores: `os_version` and `__os_version` would be one.
    dlt.config["schema.naming"] = "direct"
    resources = []
    for name, filters in given.listings.items():
        params = {**filters, "limit": PAGE, "sort_key": "id", "sort_dir": "asc"}
        if given.since:
            params["updated_at"] = f"gte:{given.since}"
        resource = {
            "name": name,
            "endpoint": {"path": "v2/images", "params": params, "data_selector": "images"},
            # Tags and the like stay in the image's row: no table, and no merge, for each.
            "max_table_nesting": 0,
            "write_disposition": {"disposition": "merge", "strategy": "scd2"},
        }
        resource["endpoint"]["paginator"] = {"type": "json_link", "next_url_path": "next"}
        if given.since:
            # With a merge key, only what came again is ended: the rest of the table has not been read.
            resource["merge_key"] = "id"
        resources.append(resource)
    # `parallelized` in a resource of its own is not enough here: it changes nothing, one listing is read after another.
    source = rest_api_source({"client": {"base_url": given.url}, "resources": resources}, parallelized=True)
    # The files between its steps are read once and left: to compress them takes longer than to write them.
    dlt.config["data_writer.disable_compression"] = True
    pipeline = dlt.pipeline(
        "catalogue",
        pipelines_dir=str(given.folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(given.folder / "dlt.duckdb")),
        dataset_name="images",
    )
    # By default it inserts into DuckDB with INSERT ... VALUES, which takes many times as long, and gigabytes.
    pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    load(asked())
