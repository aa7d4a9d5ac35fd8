"""`python -m cli`: the command, without its script."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[0] != str(Path(__file__).resolve().parent.parent):
        # Python puts the working folder first: a folder `core` there would hide our package of that name.
        del sys.path[0]

    from cli.main import main

    main()
