"""openstacksdk with pandas: every listing into a data frame, kept as a Parquet file a run.

It cannot tell what changed, and cannot be asked for changes: every run is a first load. What makes it fast: the pages
are read with `image.get`, the service's REST client, because `image.images()` makes an object of each image, which
takes ten times as long; the endpoint is given, so that it is not looked up; orjson parses, not `response.json()`; the
listings are read side by side; and the frame is made from texts, so that pandas infers no types.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openstack
import orjson
import pandas
from openstack import exceptions
from peers.asked import Asked, asked

PAGE = 1000


def fetch(given: Asked, name: str, filters: dict[str, str]) -> list[dict[str, Any]]:
    # One for each listing, since they are read side by side: what a connection holds is not shared by threads.
    cloud = openstack.connection.Connection(
        auth_type="none", auth={"endpoint": given.url}, image_endpoint_override=given.url, image_api_version="2"
    )
    images: list[dict[str, Any]] = []
    query = {**filters, "limit": PAGE, "sort_key": "id", "sort_dir": "asc"}
    while True:
        response = cloud.image.get("/images", params=query)
        exceptions.raise_from_response(response)
        page = orjson.loads(response.content)
        images += [
            {"listing": name} | {key: as_text(value) for key, value in image.items()} for image in page["images"]
        ]
        if "next" not in page:
            return images
        query["marker"] = page["images"][-1]["id"]


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def load(given: Asked) -> None:
    with ThreadPoolExecutor() as threads:
        parts = list(threads.map(lambda listing: fetch(given, *listing), given.listings.items()))
    images = pandas.DataFrame([image for part in parts for image in part])
    images.to_parquet(given.folder / "images.parquet")


if __name__ == "__main__":
    load(asked())
