#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The IPFS project's gateway-conformance, asking `demonitor gateway`.

It brings its own blocks and records, which the gateway serves, and says of each
of its tests whether it passed. Specifications of gateways that fetch, resolve
names or show files are not asked for: its tests of these are skipped.
"""

import collections
import glob
import json
import os
import re
import shutil
import subprocess

import lib

TOOL = shutil.which("gateway-conformance")
# Each with its tests, and how many of them there are in v0.13.2: fewer say that
# something was not run
SPECS = {
    "trustless-block-gateway": (r"TestTrustlessRaw", 25),
    "trustless-car-gateway": (
        r"TestTrustlessCar(?!OrderAndDuplicates)", 346),
    "trustless-car-gateway-optional": (
        r"TestTrustlessCarOrderAndDuplicates", 29),
    "trustless-ipns-gateway": (r"TestGatewayIPNSRecord", 17),
}
PATIENCE = 240  # Seconds; it is built before it runs


def conformance(*words):
    """Run it. It has Go build its tests: in the caller's environment, where
    the modules are, but nothing is fetched."""
    done = subprocess.run([TOOL, *words], capture_output=True, text=True,
                          check=False, timeout=PATIENCE,
                          env={**os.environ, "GOPROXY": "off"})
    return done.returncode, done.stdout + done.stderr


def name_of(path):
    """The IPNS name that a record's file is called by"""
    return re.match("[^_.]+", os.path.basename(path)).group()


def read_report(path):
    """What became of each test that has none below it, and what it said"""
    results = {}
    said = collections.defaultdict(str)
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            test = event.get("Test")
            if test and event["Action"] in ("pass", "fail", "skip"):
                results[test] = event["Action"]
            elif test and event["Action"] == "output":
                said[test] += event["Output"]
    above = {test[:at.start()] for test in results
             for at in re.finditer("/", test)}
    return {test: result for test, result in results.items()
            if test not in above}, said


def check_spec(world, spec, results):
    pattern, wanted = SPECS[spec]
    own = {test: result for test, result in results.items()
           if re.match(pattern, test)}
    failed = sorted(test for test in own if own[test] == "fail")
    passed = sum(result == "pass" for result in own.values())
    print("%s: %d passed, %d failed" % (spec, passed, len(failed)))
    world.check("all of %s pass" % spec, not failed, "\n".join(failed))
    world.check("%s was tested" % spec, passed + len(failed) >= wanted,
                "%d tests, not %d" % (passed + len(failed), wanted))
    return failed


def main():
    if not TOOL:
        lib.skip("no gateway-conformance on PATH")
    with lib.World() as world:
        fixtures = world.path("fixtures")
        code, output = conformance("extract-fixtures", "--merged=true",
                                   "--directory", fixtures)
        world.same("fixtures are extracted", (code, output if code else ""),
                   (0, ""))
        words = [os.path.join(fixtures, "fixtures.car")]
        for path in sorted(glob.glob(os.path.join(fixtures, "*.ipns-record"))):
            words += ["--record", name_of(path) + "=" + path]
        gateway = lib.Gateway(world, *words)
        # Of twelve one is of an RSA key; one lacks what is signed, of one the
        # signature is bad, and one says two different values
        world.has("good records are served", gateway.line.group(),
                  " 8 records ")

        report = world.path("report.json")
        code, output = conformance(
            "test", "--gateway-url", "http://127.0.0.1:%d" % gateway.port,
            "--specs", ",".join(SPECS), "--json", report,
            "--", "-timeout", "%ds" % PATIENCE)
        if not os.path.exists(report):
            raise AssertionError("no report:\n" + output)
        with open(report, encoding="utf-8") as file:
            if "[setup failed]" in file.read():
                lib.skip("Go lacks modules to build gateway-conformance with")
        world.same("it says that all is well", code, 0)
        results, said = read_report(report)
        for spec in SPECS:
            for test in check_spec(world, spec, results):
                print(said[test])
        world.same("it ends", world.stop(gateway.process), 0)


if __name__ == "__main__":
    main()
