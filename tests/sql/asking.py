"""A question of the cookbook, asked of runs of its own; and what an image has that SCS-0102 finds no fault with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from load.cookbook import question
from tests.load.runs import Runs, new_warehouse

MONDAY, TUESDAY = datetime(2026, 11, 2, 2), datetime(2026, 11, 3, 2)
GIGABYTE = 1_000_000_000

COMPLETE = {
    "architecture": "x86_64", "min_disk": 10, "min_ram": 512, "os_version": "24.04", "os_distro": "ubuntu",
    "os_purpose": "generic", "hw_disk_bus": "scsi", "replace_frequency": "monthly", "uuid_validity": "last-3",
    "provided_until": "2027-04-30", "image_source": "https://example.com/a.img", "image_description": "notes",
    "image_build_date": "2026-10-01", "image_original_user": "ubuntu", "visibility": "public", "owner": "vendor",
    "size": GIGABYTE,
}  # fmt: skip


def ask(folder: Path, name: str, catalogues: Sequence[dict[str, Any]], **given: object) -> list[Any]:
    """The rows of a question, each as a dictionary, on nights of their own, a day apart from 2 November 2026 on."""
    with new_warehouse(folder) as warehouse:
        nights = Runs(warehouse, folder / "stage")
        for number, catalogue in enumerate(catalogues):
            mode = "changes" if catalogue.pop("changes", None) is not None else "full"
            there = tuple(catalogue.pop("there", ()))
            nights.run(catalogue, at=MONDAY + timedelta(days=number), there=there, mode=mode)
        found = warehouse.execute(question(name).text, given or None)
        columns = [column[0] for column in found.description]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
