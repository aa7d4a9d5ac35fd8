"""dlt once more, fed with Arrow tables: "Optimizing dlt" and its page on Arrow advise them for what is a table anyway.

Arrow goes around the step that normalizes row by row, most of what dlt takes. The price is a script of one's own in
place of `rest_api_source`, and types of one's own: here everything is text. Its page on scd2 says that such tables
bring the hash of the row themselves (`row_version_column_name`). Each listing is read by a thread (`parallelized`),
and its pages one after another: dlt has no way to share a listing.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import dlt
import orjson
import pyarrow
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator
from peers.asked import Asked, asked

PAGE = 1000
LINKS = ("self", "file", "schema")


def resource(given: Asked, name: str, filters: dict[str, str]) -> Any:
    params = {**filters, "limit": PAGE, "sort_key": "id", "sort_dir": "asc"}
    if given.since:
        params["updated_at"] = f"gte:{given.since}"
    client = RESTClient(given.url, paginator=JSONLinkPaginator(next_url_path="next"), data_selector="images")

    def tables() -> Iterator[pyarrow.Table]:
        # A page at a time: "Yield pages instead of rows".
        for page in client.paginate("v2/images", params=params):
            if page:
                yield table(page)

    history = {"disposition": "merge", "strategy": "scd2", "row_version_column_name": "row_hash"}
    # With a merge key, only what came again is ended: the rest of the table has not been read.
    key = {"merge_key": "id"} if given.since else {}
    return dlt.resource(tables, name=name, write_disposition=history, parallelized=True, **key)


def table(images: list[dict[str, Any]]) -> pyarrow.Table:
    names = dict.fromkeys(name for image in images for name in image if name not in LINKS)
    columns = {name: pyarrow.array([as_text(image.get(name)) for image in images], pyarrow.string()) for name in names}
    texts = (orjson.dumps(image, option=orjson.OPT_SORT_KEYS) for image in images)
    columns["row_hash"] = pyarrow.array([hashlib.md5(text).hexdigest() for text in texts])
    return pyarrow.table(columns)


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def load(given: Asked) -> None:
    # Its usual names are those of columns without leading underscores: `os_version` and `__os_version` would be one.
    dlt.config["schema.naming"] = "direct"
    pipeline = dlt.pipeline(
        "catalogue",
        pipelines_dir=str(given.folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(given.folder / "dlt.duckdb")),
        dataset_name="images",
    )
    resources = [resource(given, *listing) for listing in given.listings.items()]
    pipeline.run(resources, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    load(asked())
