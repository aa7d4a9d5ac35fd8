"""A machine of its own: loads so many nights of one cloud into a shared warehouse. Arguments: see test_ducklake."""

import sys
from pathlib import Path

from extract.landed import LandedAt
from load.lake import Lake
from load.merge import CloudRun, ListingOutcome, find_missing, merge
from load.missing import Decisions
from load.runs import begin_run, finish_run
from load.schema import bring_up_to_date
from load.warehouse import Warehouse
from tests.load.runs import READ_AT, image
from transform.batch import flatten
from transform.stage import StageWriter


def main(kind: str, catalogue: str, data: str, folder: Path, cloud: str, nights: int) -> None:
    for number in range(nights):
        place = folder / f"{cloud}-{number}"
        place.mkdir()
        with StageWriter(place, "private") as writer:
            images = [image(f"{cloud}{one}", min_disk=number if one == number else 0) for one in range(20)]
            writer.write(flatten(images), LandedAt(READ_AT))
        outcome = ListingOutcome("private", 1, 20, 1, 0.1, True, {}, None, READ_AT, writer.staged)
        with Warehouse(Lake(kind, catalogue, data)) as warehouse:
            bring_up_to_date(warehouse, "0")
            run = begin_run(warehouse, "full", "0")
            night = CloudRun(run.run_id, run.started_at, cloud, "ims", None, True, [outcome])
            merge(warehouse, night, Decisions(gone=find_missing(warehouse, night).ids))
            finish_run(warehouse, run, "completed")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5], int(sys.argv[6]))
