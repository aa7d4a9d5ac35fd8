"""`python -m cli`: the command, if it is not installed."""

from cli.main import main

if __name__ == "__main__":
    main()
