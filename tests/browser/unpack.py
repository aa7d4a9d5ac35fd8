"""Unpacks the Chromium that npm brought: `unpack.py FOLDER`. Run with the browser tests' own Python."""

import io
import sys
import tarfile
from pathlib import Path

import brotli

folder = Path(sys.argv[1])
packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin"
binary = folder / "chromium"
for name in ("al2023", "swiftshader", "fonts"):
    with tarfile.open(fileobj=io.BytesIO(brotli.decompress((packed / f"{name}.tar.br").read_bytes()))) as archive:
        if hasattr(tarfile, "data_filter"):  # the default of later Pythons, and unknown to the first 3.11
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(folder)
binary.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
binary.chmod(0o755)
