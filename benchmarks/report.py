"""What was measured -> a table and a chart that docs/benchmarks.md shows."""

import json
import statistics
from pathlib import Path
from typing import Any, Final

Results = dict[str, Any]
_KEY: Final = ("latency", "images", "kind", "stage", "contender")
KINDS: Final = {"recorded": "recorded attributes, even listings", "varied": "varied attributes, uneven listings"}
_COLOURS: Final = {
    "glanceback": "#0b6e4f",
    "glanceback, Prefect server running": "#69b578",
    "dlt": "#c1666b",
    "dlt with Arrow tables": "#8c2f39",
    "httpx, polars and DuckDB": "#4d7ea8",
    "openstacksdk and pandas": "#7d7d7d",
    "bare fetch": "#d4b483",
}


def load(folder: Path) -> Results:
    """What was measured before: sizes measured anew take the place of theirs, the others stay."""
    file = folder / "results.json"
    kept: Results = json.loads(file.read_bytes()) if file.exists() else {"machine": {}, "rows": []}
    for row in kept["rows"]:
        row.setdefault("kind", "recorded")  # there was no other catalogue
    return kept


def with_rows(kept: Results, machine: dict[str, str], rows: list[dict[str, Any]]) -> Results:
    new = {tuple(row[name] for name in _KEY) for row in rows}
    others = [row for row in kept["rows"] if tuple(row[name] for name in _KEY) not in new]
    for row in others:
        row.setdefault("date", kept["machine"]["date"])
    return {"machine": machine, "rows": [*others, *({**row, "date": machine["date"]} for row in rows)]}


def save(folder: Path, results: Results) -> None:
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")


def write(folder: Path, results: Results) -> None:
    """results.md and chart.svg."""
    (folder / "results.md").write_text(table(results))
    chart(results, folder / "chart.svg")


def table(results: Results) -> str:
    where = results["machine"]
    lines = [
        f"Measured with {where['processors']}, {where['memory']}, {where['system']}, Python {where['python']}. "
        "The server takes one of the processors.",
        "In brackets: the seconds that a run of glanceback counts itself, without the start of the process. "
        "Peak memory is that of all processes of a command together, without a Prefect server that runs all day. "
        "In the last two columns, a first load beside glanceback's in the same run: times as long, times the memory.",
    ]
    blocks = sorted({(row["latency"], row["images"], row["kind"]) for row in results["rows"]}, key=_order)
    for latency, images, kind in blocks:
        rows = [
            row for row in results["rows"] if (row["latency"], row["images"], row["kind"]) == (latency, images, kind)
        ]
        stages = list(dict.fromkeys(row["stage"] for row in rows))
        waits = "no latency" if latency == "none" else "50 ms + 1 ms an image a page"
        dates = ", ".join(sorted({row.get("date", where["date"]) for row in rows}))
        lines += ["", f"**{images:,} images, {KINDS[kind]}, {waits}** (measured on {dates})", ""]
        lines += [f"| | {' | '.join(stages)} | peak | time | memory |"]
        lines += ["|---|" + "---:|" * (len(stages) + 3)]
        ours = {row["stage"]: row for row in rows if row["contender"] == "glanceback"}
        for name in (one for one in _COLOURS if any(row["contender"] == one for row in rows)):
            mine = {row["stage"]: row for row in rows if row["contender"] == name}
            peak = max((max(row["peak_mb"], default=0) for row in mine.values()), default=0)
            cells = [_cell(mine.get(stage)) for stage in stages]
            beside = [_beside(mine, ours, figure) for figure in ("seconds", "peak_mb")]
            lines.append(f"| {name} | {' | '.join(cells)} | {peak:,.0f} MB | {' | '.join(beside)} |")
    return "\n".join(lines) + "\n"


def _order(key: tuple[str, int, str]) -> tuple[bool, int, str]:
    return key[0] != "none", key[1], key[2]


def _beside(mine: dict[str, Any], ours: dict[str, Any], figure: str) -> str:
    """How many times as much as glanceback a first load takes; empty if one of the two was not measured."""
    both = [one["first load"][figure] if "first load" in one else [] for one in (mine, ours)]
    return f"{statistics.median(both[0]) / statistics.median(both[1]):.1f}" if all(both) else ""


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    if row["failed"]:
        return str(row["failed"])
    cell = f"{statistics.median(row['seconds']):.1f} s"
    return f"{cell} ({statistics.median(row['inside']):.1f})" if row["inside"] else cell


def chart(results: Results, file: Path) -> None:
    """First load and unchanged night of the recorded catalogue by size, both axes logarithmic."""
    rows = [row for row in results["rows"] if row["kind"] == "recorded"]
    if not rows:
        return
    import matplotlib as mpl  # slow

    mpl.use("svg")
    import matplotlib.pyplot as plt  # after its backend is chosen

    mpl.rcParams |= {"font.family": "sans-serif", "svg.hashsalt": "glanceback", "axes.spines.top": False}
    latencies = sorted({row["latency"] for row in rows}, key=lambda name: name != "none")
    stages = ("first load", "unchanged night")
    figure, axes = plt.subplots(len(latencies), 2, figsize=(10, 4 * len(latencies)), squeeze=False, sharex=True)
    for panels, latency in zip(axes, latencies, strict=True):
        for panel, stage in zip(panels, stages, strict=True):
            for name, colour in _COLOURS.items():
                points = sorted(
                    (row["images"], statistics.median(row["seconds"]))
                    for row in rows
                    if (row["latency"], row["stage"], row["contender"]) == (latency, stage, name) and row["seconds"]
                )
                if points:
                    panel.loglog(*zip(*points, strict=True), marker="o", color=colour, label=name)
            waits = "no latency" if latency == "none" else "50 ms + 1 ms an image"
            panel.set_title(f"{stage}, {waits}", fontsize=11, loc="left")
            panel.set_ylabel("seconds, whole command")
            panel.set_xlabel("images")
            panel.grid(True, which="major", alpha=0.3)
    axes[0][0].legend(frameon=False, fontsize=9)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
