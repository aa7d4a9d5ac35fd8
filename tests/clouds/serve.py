"""Serves Keystone or Glance over HTTP, in the interpreter that has them installed: `serve.py keystone|glance PORT`.

A script of its own because Keystone parses sys.argv, and because the two want an environment of their own.
"""

import importlib
import sys


def main() -> None:
    service, port = sys.argv[1:]
    del sys.argv[1:]
    waitress = importlib.import_module("waitress")
    application = importlib.import_module(f"{service}.wsgi.api").application
    waitress.serve(application, host="127.0.0.1", port=int(port), threads=4)


if __name__ == "__main__":
    main()
