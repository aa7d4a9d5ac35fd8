"""dlt: the rest_api source, its listings side by side, merged into DuckDB as slowly changing dimensions (scd2)."""

import dlt
from dlt.sources.rest_api import rest_api_source
from peers.asked import Asked, asked

PAGE = 1000


def load(given: Asked) -> None:
    resources = []
    for name, filters in given.listings.items():
        params = {**filters, "limit": PAGE, "sort_key": "id", "sort_dir": "asc"}
        if given.since:
            params["updated_at"] = f"gte:{given.since}"
        resource = {
            "name": name,
            "endpoint": {"path": "v2/images", "params": params, "data_selector": "images"},
            "parallelized": True,
            "max_table_nesting": 0,
            "write_disposition": {"disposition": "merge", "strategy": "scd2"},
        }
        resource["endpoint"]["paginator"] = {"type": "json_link", "next_url_path": "next"}
        if given.since:
            # With a merge key, only what came again is ended: the rest of the table has not been read.
            resource["merge_key"] = "id"
        resources.append(resource)
    source = rest_api_source({"client": {"base_url": given.url}, "resources": resources})
    pipeline = dlt.pipeline(
        "catalogue",
        pipelines_dir=str(given.folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(given.folder / "dlt.duckdb")),
        dataset_name="images",
    )
    pipeline.run(source).raise_on_failed_jobs()


if __name__ == "__main__":
    load(asked())
