#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Runs a compiler or linter over single files, some at a time.

    run_each.py headers    each header of ours alone, with gcc and clang-14
    run_each.py tidy FILE...       clang-tidy-14, with the commands of build/asan
    run_each.py analyse FILE...    gcc -fanalyzer, with those of build/release

Prints what complains and exits with 1 if anything does.
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Not for leaks: it loses what is handed to a table or a parent. The tests' leak
# sanitizer does not. What it sees well: an allocation that nobody checked, a
# double release, a use after it.
ANALYSER = ["-fanalyzer", "-Wno-analyzer-too-complex", "-Wno-analyzer-malloc-leak"]


def tracked(*patterns):
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True)
    names = [os.fsdecode(name) for name in listing.stdout.split(b"\0") if name]
    return sorted(name for name in names if (ROOT / name).exists())


def commands_of(build):
    """The arguments that compile each file, without its output."""
    path = ROOT / "build" / build / "compile_commands.json"
    found = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        words = shlex.split(entry["command"])
        out = words.index("-o")
        words = words[:out] + words[out + 2:]
        words = [word for word in words if word not in ("-c", "-MD", entry["file"])]
        for option in ("-MT", "-MF"):
            if option in words:
                at = words.index(option)
                del words[at:at + 2]
        found[os.path.relpath(entry["file"], ROOT)] = words
    return found


def jobs_of_headers():
    """A header is compiled as a file of its layer is, but for the compiler."""
    for build in ("release", "asan"):
        of_layer = {}
        for name, words in commands_of(build).items():
            layer = name.split("/")[0]
            # The longest command knows the most libraries
            if len(words) > len(of_layer.get(layer, [])):
                of_layer[layer] = words
        for name in tracked("*.h"):
            words = of_layer.get(name.split("/")[0]) or of_layer["base"]
            yield name, [*words, "-Werror", "-fsyntax-only", "-x", "c", "-"]


def jobs_of_tidy(names):
    known = commands_of("asan")
    for name in names:
        if name in known:
            yield name, ["clang-tidy-14", "--quiet", "-p", "build/asan", name]


def jobs_of_analyser(names):
    known = commands_of("release")
    for name in names:
        if name in known:
            words = [word for word in known[name] if word != "-Werror"]
            yield name, [*words, "-Werror", *ANALYSER, "-c", name, "-o", os.devnull]


def run(job):
    name, words = job
    # As standard input: a header alone, as its first user sees it
    done = subprocess.run(words, cwd=ROOT, input=f'#include "{name}"\n', text=True,
                          capture_output=True, check=False)
    # clang-tidy counts on stderr what it suppressed in system headers
    heard = [line for line in (done.stdout + done.stderr).splitlines()
             if not line.endswith(("warning generated.", "warnings generated."))]
    return name, done.returncode, "\n".join(heard)


def main():
    kinds = {"tidy": jobs_of_tidy, "analyse": jobs_of_analyser}
    if sys.argv[1:] == ["headers"]:
        jobs = list(jobs_of_headers())
    elif len(sys.argv) > 1 and sys.argv[1] in kinds:
        jobs = list(kinds[sys.argv[1]](sys.argv[2:]))
    else:
        sys.exit(__doc__)

    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, code, heard in pool.map(run, jobs):
            if code:
                bad += 1
                print(f"{name}:\n{heard}", file=sys.stderr)
    print(f"{len(jobs)} looked at, {bad} bad")
    sys.exit(1 if bad else 0)


main()
