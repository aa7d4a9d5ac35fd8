"""Print how many mutants of each module died, and exit with 1 where fewer than nine of ten did.

Called by `make mutants`, after `mutmut run`. A mutant that never ends is dead: its tests would not pass either.
"""

import sys
from collections import Counter

from mutmut.mutation.data import SourceFileMutationData
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

LEAST_SHARE = 0.9


def main() -> int:
    total, lowest = Counter[str](), 1.0
    rows = []
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        said = {mutant: status_by_exit_code[exit_code] for mutant, exit_code in data.exit_code_by_key.items()}
        print(*(f"{status}: {mutant}" for mutant, status in said.items() if not _is_dead(status)), sep="\n")
        found = Counter(said.values())
        rows.append((str(path), found))
        total += found
        lowest = min(lowest, _share(found))
    print(f"\n{'module':<28}{'mutants':>9}{'killed':>9}{'survived':>10}{'timeouts':>10}{'share':>9}")
    for name, found in [*rows, ("all", total)]:
        dead, timeouts = sum(found[status] for status in found if _is_dead(status)), found["timeout"]
        alive = found.total() - dead
        print(f"{name:<28}{found.total():>9}{dead - timeouts:>9}{alive:>10}{timeouts:>10}{_share(found):>9.1%}")
    print("\nSee one with: .venv-mutants/bin/mutmut show NAME")
    return int(lowest < LEAST_SHARE)


def _is_dead(status: str) -> bool:
    return status in ("killed", "timeout")


def _share(found: Counter[str]) -> float:
    return sum(count for status, count in found.items() if _is_dead(status)) / max(1, found.total())


if __name__ == "__main__":
    sys.exit(main())
