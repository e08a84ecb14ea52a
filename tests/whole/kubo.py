#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A log goes to a real Kubo, which dies meanwhile; another Kubo reads it.

    two Kubos      a private network on loopback: they know nobody else
    feed           a log that grows whether the first Kubo is there or not
    kill -9, start the outbox catches up; what was stored is not sent again
    run again      from the cursor that was stored
    the other      resolves the log's name to Head, reads an entry, pins Head
    repo gc        on both: every block of the log stays, on both
    emptied        a new repository gets all of it again

What hands over here is tests/support/kubo_feed.c, the owner of sync/kubo.h.
"""

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import time

import lib

FEED = os.environ.get("DM_KUBO_FEED", "")
IPFS = shutil.which("ipfs")
GROWTH = 100  # Milliseconds from an entry to the next
LIMIT = 100  # Seconds until the feed gives up


def digest(cid):
    """The SHA-256 in a CID's text, base32"""
    text = cid[1:].upper()
    return base64.b32decode(text + "=" * (-len(text) % 8))[-32:]


class Kubo:
    """A repository and its daemon, on ports of its own."""

    def __init__(self, world, name, swarm_key):
        self.world = world
        self.name = name
        self.directory = world.path(name)
        self.api = lib.free_port()
        self.swarm = lib.free_port()
        self.swarm_key = swarm_key
        self.process = None
        self.initialise()

    def environment(self):
        return self.world.environment({
            "IPFS_PATH": self.directory, "LIBP2P_FORCE_PNET": "1",
            "IPFS_TELEMETRY": "off", "GOMAXPROCS": "2"})

    def initialise(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.run("init", "--empty-repo", "--profile=test")
        with open(os.path.join(self.directory, "swarm.key"), "w",
                  encoding="ascii") as file:
            file.write(self.swarm_key)
        path = os.path.join(self.directory, "config")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["Addresses"].update({
            "Swarm": ["/ip4/127.0.0.1/tcp/%d" % self.swarm],
            "API": "/ip4/127.0.0.1/tcp/%d" % self.api,
            "Gateway": "/ip4/127.0.0.1/tcp/0"})
        config["Bootstrap"] = []
        config["AutoConf"] = {"Enabled": False}
        config["AutoTLS"] = {"Enabled": False}
        config["Routing"] = {"Type": "dhtserver", "DelegatedRouters": [],
                             "LoopbackAddressesOnLanDHT": True}
        config["Ipns"]["DelegatedPublishers"] = []
        config["DNS"] = {"Resolvers": {}}
        config["Discovery"] = {"MDNS": {"Enabled": False}}
        config["Swarm"]["AddrFilters"] = []
        config["Swarm"]["DisableNatPortMap"] = True
        config["Swarm"]["Transports"]["Network"] = {
            name: False for name in
            ("QUIC", "WebTransport", "WebRTCDirect", "Websocket", "Relay")}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def run(self, *words, code=0, timeout=60):
        """An `ipfs` command; its output."""
        done = subprocess.run([IPFS, *words], env=self.environment(),
                              capture_output=True, text=True, check=False,
                              timeout=timeout)
        if code is not None and done.returncode != code:
            raise AssertionError("ipfs %s on %s: %d\n%s%s" % (
                " ".join(words), self.name, done.returncode, done.stdout,
                done.stderr))
        return done.stdout.strip()

    def call(self, path):
        return lib.request(self.api, "POST", "/api/v0/" + path, timeout=10)

    def is_up(self):
        try:
            return self.call("version").status == 200
        except OSError:
            return False

    def start(self):
        with open(self.world.path(self.name + ".log"), "ab") as log:
            self.process = subprocess.Popen(
                [IPFS, "daemon"], env=self.environment(), stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)
        self.world.processes.append(self.process)
        lib.until("Kubo %s answers" % self.name, self.is_up)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=lib.PATIENCE)

    def address(self):
        return "/ip4/127.0.0.1/tcp/%d/p2p/%s" % (
            self.swarm, self.call("id").json["ID"])

    def pins(self):
        """name -> CIDs of recursive pins"""
        pins = {}
        for line in self.call("pin/ls?type=recursive&names=true&stream=true"
                              ).text.splitlines():
            pin = json.loads(line)
            pins.setdefault(pin.get("Name", ""), []).append(pin["Cid"])
        return pins

    def holds(self, cids):
        """Whether all are there; Kubo keeps blocks by their hashes."""
        local = set(map(digest, self.run("refs", "local").split()))
        return set(map(digest, cids)) <= local


class Feed:
    """A run of kubo_feed."""

    def __init__(self, world, kubo, before, entries):
        self.blocks_path = world.path("blocks")
        self.process = subprocess.Popen(
            [FEED, "http://127.0.0.1:%d" % kubo.api, world.path("cursor"),
             self.blocks_path, str(before), str(entries), str(GROWTH),
             str(LIMIT)],
            env=world.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        world.processes.append(self.process)

    def end(self):
        """Wait for it; whether all was taken."""
        out, self.errors = self.process.communicate(timeout=LIMIT + 30)
        self.log, self.head, self.entry = out.split()
        with open(self.blocks_path, encoding="ascii") as file:
            self.blocks = file.read().split()
        return self.process.returncode == 0


def swarm_key():
    return "/key/swarm/psk/1.0.0/\n/base16/\n%s\n" % secrets.token_hex(32)


def check_pin(world, kubo, feed):
    pins = kubo.pins()
    world.check("Head is pinned, alone, under the log's name",
                pins.get("demonitor " + feed.log) == [feed.head], pins)


def main():
    if not IPFS:
        lib.skip("no ipfs on PATH")
    if not os.access(FEED, os.X_OK):
        lib.skip("DM_KUBO_FEED names no program")
    with lib.World() as world:
        key = swarm_key()
        first = Kubo(world, "first", key).start()
        second = Kubo(world, "second", key).start()
        stranger = Kubo(world, "stranger", swarm_key()).start()
        second.run("swarm", "connect", first.address())

        # It dies while the log grows
        feed = Feed(world, first, 130, 200)
        lib.until("a Head is pinned",
                  lambda: any("demonitor" in name for name in first.pins()))
        first.kill()
        time.sleep(3)  # In which the log goes on
        world.check("the feed goes on", feed.process.poll() is None)
        first.start()
        second.run("swarm", "connect", first.address())
        world.check("the outbox catches up", feed.end(), feed.errors)
        world.check("nothing was needed twice",
                    "need all: 0" in feed.errors, feed.errors)
        check_pin(world, first, feed)
        world.check("the first holds all blocks", first.holds(feed.blocks))

        # One more entry in a run of its own, from the stored cursor
        feed = Feed(world, first, 201, 201)
        world.check("one more is taken", feed.end(), feed.errors)
        check_pin(world, first, feed)

        # The other Kubo reads it
        path = lib.until(
            "the name is found", lambda: second.run(
                "name", "resolve", "--nocache", feed.log, code=None))
        world.check("the name resolves to Head", path == "/ipfs/" + feed.head,
                    path)
        head = json.loads(second.run("dag", "get", feed.head))
        world.check("Head names the newest entry",
                    head["tip"] == {"/": feed.entry} and head["seq"] == 201,
                    head)
        entry = json.loads(second.run("dag", "get", feed.entry))
        world.check("the entry is there", entry["seq"] == 201, entry)
        second.run("pin", "add", "--name=other", feed.head)
        for kubo in (first, second):
            kubo.run("repo", "gc")
            world.check("gc of %s removes nothing" % kubo.name,
                        kubo.holds(feed.blocks))
            world.check("%s serves a payload" % kubo.name, len(kubo.call(
                "block/get?arg=%s&offline=true" % feed.blocks[1]).body) > 0)
        refused = stranger.run("swarm", "connect", first.address(), code=None)
        world.check("a stranger stays out", "success" not in refused, refused)

        # Emptied
        first.stop()
        first.initialise()
        first.start()
        feed = Feed(world, first, 202, 202)
        world.check("an emptied Kubo gets all again", feed.end(), feed.errors)
        world.check("all was needed once", "need all: 1" in feed.errors,
                    feed.errors)
        check_pin(world, first, feed)
        first.run("repo", "gc")
        world.check("it holds all blocks", first.holds(feed.blocks))


main()
