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

What hands over here is tests/support/kubo_feed.c, the owner of sync/kubo.h. Then
a node does, whose check changes its status all the time:

    the other        gives its Head and an entry, as the node itself has them
    stopped, killed  checks and seals go on as before; then all is caught up
    node killed      goes on from its cursor, and the name follows
    repo gc          on both: all that the log keeps stays
    another :kubo    gets all of it; the node ends though that one hangs
"""

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time

import lib

FEED = os.environ.get("DM_KUBO_FEED", "")
IPFS = shutil.which("ipfs")
GROWTH = 100  # Milliseconds from an entry to the next
LIMIT = 100  # Seconds until the feed gives up
STARTS = 5  # Times that a Kubo is started until it is there
HANGS = 10  # Seconds for which Kubo does not answer
TOKEN = "token-of-a-reader"

CHECKS = """
<page> a :HttpCheck ; :url "%s" ; :every "500ms" ; :retries 0 ;
  :expect "status == 200" .
"""
# Somebody who may ask the node for its log
PEER_FILE = """
<peers/reader> a :Peer ; :name "reader" ;
  :log <ipns://k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4> ;
  :auth "Bearer ${file:to-reader}" ; :token "peer ${file:from-reader}" .
"""


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
        """It ends at once where somebody has its port for a moment."""
        path = self.world.path(self.name + ".log")
        for _ in range(STARTS):
            with open(path, "ab") as log:
                self.process = subprocess.Popen(
                    [IPFS, "daemon"], env=self.environment(), stdout=log,
                    stderr=log, stdin=subprocess.DEVNULL)
            self.world.processes.append(self.process)
            lib.until("Kubo %s answers" % self.name, lambda: self.is_up() or
                      self.process.poll() is not None)
            if self.process.poll() is None:
                return self
            time.sleep(1)
        with open(path, encoding="utf-8", errors="replace") as log:
            raise AssertionError("Kubo %s ends:\n%s" % (self.name,
                                                       log.read()[-3000:]))

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
        return self.holds_digests(set(map(digest, cids)))

    def holds_digests(self, digests):
        local = set(map(digest, self.run("refs", "local").split()))
        return digests <= local


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


class Owner:
    """A node with a Kubo, and what it says of its own log."""

    def __init__(self, world, kubo):
        self.world = world
        self.target = lib.Recorder()
        self.daemon = world.daemon("owner", checks=CHECKS % self.target.url,
                                   settings=self.settings(kubo))
        self.daemon.write("secrets/from-reader", TOKEN, mode=0o600)
        self.daemon.write("secrets/to-reader", "shown", mode=0o600)
        self.start()
        self.log = self.daemon.json("id")["log"]
        self.pin = "demonitor " + self.log
        lib.until("its log begins", self.tip)

    def start(self):
        """A node that has peers at its start would wait for them before it
        seals: somebody might have restored a backup."""
        self.daemon.write("peers/reader.ttl", "")
        self.daemon.start()
        self.daemon.wait_status("page", "ok")
        self.daemon.write("peers/reader.ttl", PEER_FILE)
        lib.until("the reader is known", lambda: self.ask(
            "/demonitor/v1/heads").status == 200)

    @staticmethod
    def settings(kubo):
        return '; :seal "20s" ; :kubo "http://127.0.0.1:%d"' % kubo.api

    def ask(self, path):
        return self.daemon.get(path,
                               headers={"Authorization": "Bearer " + TOKEN})

    def tip(self):
        """What it says of its log; None before there is anything."""
        for line in self.ask("/demonitor/v1/heads").json["logs"]:
            if line["log"] == self.log:
                return line
        return None

    def seq(self):
        return self.tip()["seq"]

    def blocks(self):
        """Digest -> bytes of all that this short log keeps, but for Head"""
        answer = self.ask("/demonitor/v1/log/%s?after=0" % self.log)
        return sections(answer.body)

    def metric(self, name):
        for line in self.daemon.get("/metrics").text.splitlines():
            if line.startswith("demonitor_kubo_%s " % name):
                return float(line.split()[1])
        raise AssertionError("no metric " + name)

    @contextlib.contextmanager
    def unrest(self):
        """The check changes its status as often as an entry is sealed."""
        ended = threading.Event()

        def change():
            while not ended.wait(1.1):
                self.target.status = 503 if self.target.status == 200 else 200

        thread = threading.Thread(target=change)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def grow(self, n):
        """Until there are so many more entries"""
        end = self.seq() + n
        with self.unrest():
            lib.until("the log grows", lambda: self.seq() >= end)

    def wait_pinned(self, kubo):
        """Until its present Head alone is pinned there; that Head"""
        def head():
            found = self.tip()
            return found and kubo.pins().get(self.pin) == [found["head"]] \
                and found["head"]
        return lib.until("Head is pinned on " + kubo.name, head)


def sections(car):
    """Digest -> bytes of the blocks of a CAR, without looking into them"""
    def varint(at):
        value = shift = 0
        while True:
            byte = car[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    blocks = {}
    n, at = varint(0)
    at += n
    while at < len(car):
        n, at = varint(at)
        blocks[car[at + 4:at + 36]] = car[at + 36:at + n]
        at += n
    return blocks


def check_away(world, owner, kubo):
    """It is killed; the node goes on, and says so once."""
    before = owner.seq()
    told = owner.daemon.log().count("kubo.trouble")
    kubo.kill()
    owner.grow(4)
    world.check("the log grows without Kubo", owner.seq() >= before + 4)
    lib.until("the node is behind", lambda: owner.metric("behind_entries") > 0)
    for command in ("status", "peers"):
        world.has(command + " tells it", owner.daemon.cli(command).stdout,
                  "  kubo    ")
    world.check("the log tells it once for each reason",  # Cut off, refused
                1 <= owner.daemon.log().count("kubo.trouble") - told <= 2,
                owner.daemon.log())
    kubo.start()
    owner.wait_pinned(kubo)
    world.check("and that it is well again",
                "kubo.well" in owner.daemon.log())
    world.check("status does so no more",
                "  kubo  " not in owner.daemon.cli("status").stdout)
    world.same("nothing was needed twice", owner.metric("losses_total"), 0)


def check_hanging(world, owner, kubo):
    """It hangs; checks run and entries are sealed as before."""
    before = owner.seq()
    asked = len(owner.target.requests)
    kubo.process.send_signal(signal.SIGSTOP)
    with owner.unrest():
        time.sleep(HANGS)
    times = [request[0] for request in owner.target.requests[asked:]]
    world.check("checks ran on time",
                max(b - a for a, b in zip(times, times[1:])) < 3, times)
    world.check("entries were sealed", owner.seq() >= before + HANGS // 3,
                owner.seq() - before)
    kubo.process.send_signal(signal.SIGCONT)
    owner.wait_pinned(kubo)


def check_owner(world, first, second):
    owner = Owner(world, first)
    owner.grow(6)
    owner.wait_pinned(first)

    # The other Kubo reads it
    path = lib.until("the node's name is found", lambda: second.run(
        "name", "resolve", "--nocache", owner.log, code=None))
    head = json.loads(second.run("dag", "get", path))
    entry = head["tip"]["/"]
    seen = json.loads(second.run("dag", "get", entry))
    world.same("an entry of the node's", seen["seq"], head["seq"])
    world.check("as the node itself has it",
                owner.blocks().get(digest(entry)) ==
                second.call("block/get?arg=" + entry).body)

    check_hanging(world, owner, first)
    check_away(world, owner, first)
    second.run("swarm", "connect", first.address())

    # The node itself
    owner.daemon.kill()
    owner.target.status = 200
    owner.start()
    owner.grow(1)
    newest = owner.wait_pinned(first)
    blocks = owner.blocks()
    world.check("these are all of them", digest(json.loads(
        first.run("dag", "get", newest))["tip"]["/"]) in blocks)
    world.check("it goes on from its cursor",
                owner.metric("blocks_total") < len(blocks) / 2,
                (owner.metric("blocks_total"), len(blocks)))
    world.same("nothing is needed twice", owner.metric("losses_total"), 0)

    def is_newer():
        path = second.run("name", "resolve", "--nocache", owner.log, code=None)
        return path and json.loads(second.run("dag", "get", path))["seq"] > \
            head["seq"]
    lib.until("the name follows", is_newer)
    second.run("pin", "add", "--name=other", newest)
    for kubo in (first, second):
        kubo.run("repo", "gc")
        world.check("gc of %s removes nothing of the node's" % kubo.name,
                    kubo.holds_digests(set(blocks) | {digest(newest)}))

    # No Kubo, another one; the node ends though it hangs
    second.run("pin", "rm", newest)
    owner.daemon.write_node()
    lib.until("there is no Kubo any more", lambda: "kubo" not in
              owner.daemon.get("/api/v1/status").json)
    owner.daemon.write_node(owner.settings(second))
    owner.wait_pinned(second)
    second.process.send_signal(signal.SIGSTOP)
    owner.grow(1)
    world.same("it ends", owner.daemon.stop(), 0)
    second.process.send_signal(signal.SIGCONT)
    owner.target.stop()


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
        second.run("swarm", "connect", first.address())
        check_owner(world, first, second)


if __name__ == "__main__":
    main()
