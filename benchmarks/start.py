"""What a sync of a few images costs beside the least that Prefect costs, by turns, each as a whole process.

`python -m benchmarks.start [--rounds 5]`, in the environment of the other benchmarks. Beside a sync with a server of
its own: a flow of one task with Prefect's embedded server; beside one on a server that runs already: `import prefect`.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from benchmarks.catalogue import served
from benchmarks.measuring import GLANCEBACK, measure, prefect_server
from benchmarks.run import command_of

IMAGES = 50
PATIENCE_SECONDS = 300
ONE_TASK = """
from prefect import flow, task

@task
def one():
    return 1

@flow
def trivial():
    return one()

trivial()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    python = str(GLANCEBACK / "python")
    with (
        tempfile.TemporaryDirectory(prefix="glanceback-bench-") as place,
        served(IMAGES, 0, 0) as (url, project),
        prefect_server(Path(place) / "server") as server,
    ):
        folder = Path(place)
        sync = command_of("glanceback", "first load", url, project, folder)
        quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "GLANCEBACK_"))}
        # Prefect's own patience with its server is 20 s, which the first start may take.
        alone = {"PREFECT_HOME": str(folder / "alone"), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
        config = ["--config", str(folder / "glanceback.toml")]
        commands: dict[str, tuple[list[str], dict[str, str]]] = {
            "a flow of one task, Prefect's embedded server": ([python, "-c", ONE_TASK], {**quiet, **alone}),
            "glanceback sync": (sync, {}),
            "import prefect": ([python, "-c", "import prefect"], {}),
            "glanceback sync, Prefect server running": (sync, {"PREFECT_API_URL": server.url}),
            "glanceback sql": ([sync[0], "sql", "SELECT count(*) FROM images", *config], {}),
            "glanceback status": ([sync[0], "status", *config], {}),
            "glanceback --help": ([sync[0], "--help"], {}),
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(given.rounds + 1):
            for name, (command, environment) in commands.items():
                taken = measure(command, {**clean, **environment}, PATIENCE_SECONDS).seconds
                if number:  # the first round makes databases
                    seconds[name].append(taken)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.2f} s")
    flow, embedded, bare, running, *_ = medians.values()
    print(
        f"a sync is {embedded / flow:.2f} of the one-task flow; on a running server {running / bare:.2f} of the import"
    )


if __name__ == "__main__":
    main()
