#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What following a node costs on the network, and how soon its news are there.

    bench/run log

Real daemons over loopback, in TLS. All bytes of a connection, both ways, are
counted by a proxy between the two: requests, answers, handshakes and records of
TLS, not the headers of TCP and IP. Beside it what Prometheus would write of the
same results to a remote store: made here as remote write 1.0 has it, protobuf
under snappy (python3-snappy; without it, as literals, which is too much), in TLS
of the same overhead; no Prometheus runs.
"""

import math
import os
import pathlib
import random
import socket
import statistics
import struct
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/whole"))
os.environ["DM_PROGRAM"] = str(TOP / "build/release/cli/demonitor")

import lib  # noqa: E402  of the tests of the whole program

try:
    import snappy
except ImportError:
    snappy = None

CHECKS = 50
EVERY_S = 30
MEASURE_S = int(os.environ.get("DM_MEASURE_S", 3 * EVERY_S))
FLIPS = 40
SHELL = ("#!/bin/sh\nn=$(date +%N)\n"
         "echo \"OK | rta=0.${n}s;1;2 size=${n%????}B pl=${n#???????}% "
         "load=1.${n#??????}\"\n")
TOKEN = "token-of-the-follower"


def own_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


class Proxy:
    """Hands bytes on, and counts them."""

    def __init__(self, host, port):
        self.to = (host, port)
        self.bytes = {"up": 0, "down": 0}
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(self.to)
            except OSError:
                near.close()
                continue
            self.connections += 1
            for source, target, way in ((near, far, "up"), (far, near, "down")):
                threading.Thread(target=self.hand, daemon=True,
                                 args=(source, target, way)).start()

    def hand(self, source, target, way):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                self.bytes[way] += len(data)
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def total(self):
        return self.bytes["up"] + self.bytes["down"]


class Pair:
    """A node, and one that follows it through a proxy."""

    def __init__(self, world, name, checks, address, data=None,
                 is_mutual=True):
        self.node = world.daemon(name)
        self.port = lib.free_port()
        self.node.write("demonitor.ttl",
                        ':this :name "%s" ; :listen "127.0.0.1:%d", "%s:%d" .'
                        % (name, self.node.port, address, self.port))
        self.node.write("checks.ttl", checks)
        if data:
            for file in ("key", "demonitor.db"):
                os.replace(os.path.join(data, file),
                           os.path.join(self.node.data, file))
        self.node.start()
        told = self.node.json("id")
        self.log = told["log"]
        self.follower = world.daemon(name + "-follower", settings="")
        self.follower.write("secrets/to", TOKEN, mode=0o600)
        self.node.write("secrets/from", TOKEN, mode=0o600)
        self.follower.start()
        other = self.follower.json("id")["log"]
        self.node.write("peers/a.ttl", """
<peers/a> a :Peer ; :name "a" ; :log <ipns://%s> ; :follow %s ;
  :token "peer ${file:from}" .
""" % (other, ":all" if is_mutual else ":none"))
        self.proxy = Proxy(address, self.port)
        self.pin = told["pin"]

    def begin(self):
        self.follower.write("peers/b.ttl", """
<peers/b> a :Peer ; :name "b" ; :log <ipns://%s> ; :follow :all ;
  :url "https://127.0.0.1:%d" ; :pin "%s" ; :auth "Bearer ${file:to}" .
""" % (self.log, self.proxy.port, self.pin))

    def held(self):
        for each in self.follower.get("/api/v1/peers").json["peers"]:
            if each["log"] == self.log:
                return (each["held"] or {}).get("seq", 0)
        return 0


def memory(daemon):
    with open("/proc/%d/status" % daemon.process.pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0


# --------------------------------------------------------------------- traffic

def checks_of(world, has_values):
    script = world.write("values.sh" if has_values else "plain.sh",
                         SHELL if has_values else "#!/bin/sh\necho OK\n")
    os.chmod(script, 0o755)
    return "".join("<check%d> a :CommandCheck ; :run \"%s\" ;"
                   " :every \"%ds\" .\n" % (i, script, EVERY_S)
                   for i in range(CHECKS))


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def remote_write(n_values):
    """Bytes a second of remote write 1.0 for the same results.

    Each check has probe_success and probe_duration_seconds, and a series for
    each value; none of the five that Prometheus adds to every target. What came
    in five seconds goes in one request, as it does by default.
    """
    random.seed(1)
    names = (["probe_success", "probe_duration_seconds"]
             + ["perfdata_" + each for each in ("rta", "size", "pl", "load")]
             [:n_values])
    total = 0
    at = int(time.time() * 1000)
    for batch in range(EVERY_S // 5):
        message = b""
        for i in range(batch, CHECKS, EVERY_S // 5):
            for name in names:
                labels = (("__name__", name), ("instance", "shop%d" % i),
                          ("job", "demonitor"), ("node", "bench"))
                series = b"".join(field(1, field(1, key.encode())
                                        + field(2, value.encode()))
                                  for key, value in labels)
                value = 1.0 if name == "probe_success" else random.random()
                sample = (b"\x09" + struct.pack("<d", value)
                          + b"\x10" + varint(at + i * 600))
                message += field(1, series + field(2, sample))
        body = snappy.compress(message) if snappy else message
        request = ("POST /api/v1/write HTTP/1.1\r\nHost: 127.0.0.1:9090\r\n"
                   "User-Agent: Prometheus/2.42.0\r\nContent-Length: %d\r\n"
                   "Content-Encoding: snappy\r\n"
                   "Content-Type: application/x-protobuf\r\n"
                   "X-Prometheus-Remote-Write-Version: 0.1.0\r\n\r\n"
                   % len(body))
        answer = ("HTTP/1.1 204 No Content\r\n"
                  "Date: Tue, 24 Nov 2026 16:00:00 GMT\r\n\r\n")
        total += len(request) + len(body) + len(answer) + 2 * 22
    return total / EVERY_S


def traffic(world, address):
    kinds = [(n, is_mutual) for is_mutual in (False, True) for n in (0, 4)]
    pairs = [Pair(world, "node%d%s" % (n, "both" if is_mutual else ""),
                  checks_of(world, n), address, is_mutual=is_mutual)
             for n, is_mutual in kinds]
    for each in pairs:
        each.begin()
        lib.until("it follows", lambda pair=each: pair.held() > 0, 60)
    time.sleep(EVERY_S)  # Each check has run, and metrics were told
    before = [(dict(each.proxy.bytes), each.proxy.connections)
              for each in pairs]
    time.sleep(MEASURE_S)
    print("traffic of %d checks every %d s to a follower, %d s, in B/s"
          % (CHECKS, EVERY_S, MEASURE_S))
    for each, was, (n, is_mutual) in zip(pairs, before, kinds):
        up, down = ((each.proxy.bytes[way] - was[0][way]) / MEASURE_S
                    for way in ("up", "down"))
        theirs = remote_write(n)
        print("  %d values a result%s: %6.1f (%.1f asked, %.1f answered; %d new "
              "connections); remote write %.1f%s; ratio %.2f"
              % (n, ", and the follower's own log" if is_mutual else "",
                 up + down, up, down, each.proxy.connections - was[1],
                 theirs, "" if snappy else " (not compressed)",
                 (up + down) / theirs))
    for each in pairs:
        each.node.stop()
        each.follower.stop()


# ----------------------------------------------------------------- propagation

def propagation(world, address):
    """From dm:at of a changed status to the follower's query."""
    target = lib.Recorder()
    pair = Pair(world, "flip", """
<page> a :HttpCheck ; :url "%s" ; :every "500ms" ; :retries 0 ;
  :expect "status == 200" .
""" % target.url, address)
    pair.begin()
    lib.until("it follows", lambda: pair.held() > 0, 60)
    query = ("PREFIX : <https://w3id.org/demonitor#> SELECT ?s ?t { GRAPH :now {"
             " ?x :node <ipns://%s> ; :status ?s ; :since ?t } }" % pair.log)
    took = []
    for i in range(FLIPS):
        target.status = 500 if i % 2 == 0 else 200
        wanted = "critical" if i % 2 == 0 else "ok"
        rows = lib.until(
            wanted, lambda want=wanted: [
                each for each in pair.follower.query(query)
                if each["s"].endswith("#" + want)], pause=0.005)
        seen = time.time()
        at = rows[0]["t"]
        began = (time.mktime(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))
                 + float("0" + at[19:-1]))
        took.append(1000 * (seen - began))
        time.sleep(1.2 + random.random())
    took.sort()
    print("propagation over one hop, %d changes: p50 %.0f ms, p99 %.0f ms, "
          "most %.0f ms" % (FLIPS, statistics.median(took),
                            took[math.ceil(0.99 * len(took)) - 1],
                            took[-1]))
    pair.node.stop()
    pair.follower.stop()
    target.stop()


# -------------------------------------------------------------------- catch-up

def catch_up(world, address, data):
    pair = Pair(world, "long", "", address, data)
    idle = memory(pair.follower)
    most = idle

    def told():
        return pair.node.get("/demonitor/v1/heads",
                             headers={"Authorization": "Bearer " + TOKEN})
    lib.until("it tells its heads", lambda: told().status == 200)
    wanted = max(line["seq"] for line in told().json["logs"])
    began = time.monotonic()
    pair.begin()
    while pair.held() < wanted:
        most = max(most, memory(pair.follower))
        time.sleep(0.05)
        if time.monotonic() - began > 120:
            raise lib.Late("catch-up: %d of %d" % (pair.held(), wanted))
    took = time.monotonic() - began
    most = max(most, memory(pair.follower))
    print("catch-up of %d entries, %.1f MB: %.1f s, %.1f MiB above idle"
          % (wanted, pair.proxy.total() / 1e6, took, most - idle))
    pair.node.stop()
    pair.follower.stop()


def main():
    os.environ["TZ"] = "UTC"
    time.tzset()
    address = own_address()
    if not address:
        sys.exit("left out: this machine has no address but loopback")
    with lib.World() as world:
        if len(sys.argv) > 1:
            catch_up(world, address, sys.argv[1])
        if not os.environ.get("DM_TRAFFIC_ONLY"):
            propagation(world, address)
        traffic(world, address)


if __name__ == "__main__":
    main()
