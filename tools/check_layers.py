#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Fails when a file includes what its layer may not use.

The arrows are those of docs/ARCHITECTURE.md. A folder may always use itself.
"""

import pathlib
import re
import sys

DAEMON = "base rdf vocab net quadstore checks sparql sync alert"
ARROWS = {
    "base": "",
    "rdf": "base",
    "vocab": "base rdf",
    "net": "base",
    "quadstore": "base rdf vocab",
    "checks": "base rdf vocab net",
    "sparql": "base rdf vocab quadstore",
    "sync": "base rdf vocab net quadstore",
    "alert": "base rdf vocab net quadstore sparql",
    "daemon": DAEMON,
    "cli": DAEMON + " daemon",
    "sim": DAEMON + " daemon",
}

# Which layers may see a third-party header, by the start of its name
OWNERS = {
    "sqlite3.h": "quadstore sim",
    "curl/": "net",
    "uv.h": "net",
    "microhttpd.h": "net",
    "ares": "net",
    "sodium": "sync vocab",
    "zstd": "sync",
    "serd/": "rdf vocab",
    "sord/": "vocab",
    "pcre2.h": "sparql checks vocab",
    "unicase.h": "sparql",
    "unistr.h": "sparql",
    "uninorm.h": "sparql",
    "jansson.h": "checks alert daemon cli sparql sync sim",
    "pthread.h": "base daemon",
}

INCLUDE = re.compile(r'\s*#\s*include\s+(["<])([^">]+)[">]')


def complaints_of(layer, name, quoted):
    folder = name.split("/")[0]
    if quoted:
        if folder in ARROWS and folder != layer and folder not in ARROWS[layer].split():
            yield f"{layer}/ may not use {name}"
        elif name.endswith("_private.h") and folder != layer:
            yield f"{name} is private to {folder}/"
        return
    for start, owners in OWNERS.items():
        if name.startswith(start) and layer not in owners.split():
            yield f"<{name}> belongs to {owners.replace(' ', '/, ')}/"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = 0
    for layer in ARROWS:
        for path in sorted((root / layer).rglob("*.[ch]")):
            for number, line in enumerate(path.open(encoding="utf-8"), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                for text in complaints_of(layer, match[2], match[1] == '"'):
                    print(f"{path.relative_to(root)}:{number}: {text}", file=sys.stderr)
                    found += 1
    return 1 if found else 0


sys.exit(main())
