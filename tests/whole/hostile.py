#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Hostile peers: what they serve and push changes nothing of what is held, the
node goes on with its own work, and says what was wrong.

The logs come from tests/support/attacks.c by way of hostile_log. Each attack has
a log and a peer file of its own: first good entries, then the bad ones, pushed
and fetched, then good ones again.
"""

import base64
import contextlib
import hashlib
import json
import os
import queue
import socketserver
import subprocess
import threading
import time
import urllib.parse

import lib

LANES = 2  # Attacks at once; a third neighbour is slow all the time
MEMORY_MAX = 64 << 20  # Bytes that the node may grow by
SLOW_S = 1.0  # From byte to byte
TOKEN = "token-of-the-pusher"
CAR = "application/vnd.ipld.car"
DM = "https://w3id.org/demonitor#"
CHECKS = "".join("""
<own%d> a :HttpCheck ; :url "%%s" ; :every "1s" ; :retries 0 ;
  :expect "status == 200" .
""" % i for i in range(5))


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(cid):
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def sections(car):
    n, at = read_varint(car, 0)
    at += n
    while at < len(car):
        n, at = read_varint(car, at)
        yield car[at:at + 36], car[at + 36:at + n]
        at += n


def car_of(root, blocks):
    header = (b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00" + root
              + b"\x67version\x01")
    return varint(len(header)) + header + b"".join(
        varint(36 + len(block)) + cid + block for cid, block in blocks)


def cid_of(block):
    return b"\x01\x71\x12\x20" + hashlib.sha256(block).digest()


class Stage:
    """A log as it is told for a while: its tip, entries and blocks."""

    def __init__(self, made):
        self.log = made["log"]
        self.seq = made["seq"]
        self.line = {key: made[key] for key in ("log", "seq", "head", "record")}
        self.line["first"] = 1
        self.head = decode(made["block"])
        self.entries = []  # Of each its blocks, in order
        self.blocks = {made["head"]: self.head}
        self.conf = None
        self.car = decode(made["car"]) if "car" in made else None
        waiting = []
        for cid, block in sections(decode(made["all"])):
            self.blocks[text_of(cid)] = block
            if b"isignature" in block[-80:]:
                self.entries.append((cid, waiting + [(cid, block)]))
                waiting = []
            elif cid[1] == 0x55 and not waiting and self.entries:
                self.entries[-1][1].append((cid, block))
            else:
                waiting.append((cid, block))
        # The first entry brings the configuration
        self.conf = self.entries[0][1][:-2] or self.entries[0][1][:1]

    def answer(self, after, limit, data):
        chosen = self.entries[after:after + limit]
        if not chosen:
            return b""
        blocks = [each for entry in chosen for each in entry[1]
                  if data or each[0][1] == 0x71]
        return car_of(chosen[-1][0], blocks)

    def push(self, after):
        car = self.car
        if car is None:
            car = self.answer(after, 1000, True)
        return car + (varint(36 + len(self.head)) + cid_of(self.head)
                      + self.head)


class Peer:
    """What is served under one path of the server."""

    def __init__(self, name, made):
        self.name = name
        self.stages = {key: Stage(made[key]) for key in ("good", "bad", "next")}
        self.stage = self.stages["good"]
        self.bad_after = self.stage.seq
        self.cursor = 1
        self.mode = None  # What a handler does instead of answering
        self.asked = 0
        self.changed = threading.Condition()

    def turn(self, stage, mode=None):
        with self.changed:
            self.stage = self.stages[stage]
            self.mode = mode
            self.cursor += 1
            self.changed.notify_all()

    def lines(self):
        return [self.stage.line]

    def heads(self, since, wait):
        """JSON, or None for no news"""
        with self.changed:
            self.changed.wait_for(lambda: since != str(self.cursor), wait)
            if since == str(self.cursor):
                return None
            return {"cursor": str(self.cursor), "logs": self.lines()}

    def entries(self, log, after, limit, data):
        stage = self.stage
        if stage.log != log:
            return None
        if stage.car is not None and after == self.bad_after:
            return stage.car
        return stage.answer(after, limit, data)

    def block(self, cid, as_car):
        block = self.stage.blocks.get(cid)
        if block is None or not as_car:
            return block
        conf = self.stage.conf
        if text_of(conf[0][0]) == cid:
            return car_of(conf[0][0], conf)
        return None


class Many(Peer):
    """A peer that holds far too many logs"""

    def __init__(self, made, many):
        super().__init__("many", made)
        self.many = many
        self.served = {each["log"]: each for each in many[:300]}

    def lines(self):
        n = {None: 300, "4500": 4500, "10000": len(self.many)}[self.mode]
        return [self.stage.line] + [
            {"log": each["log"], "seq": 1, "first": 1, "head": each["head"],
             "record": each["record"]} for each in self.many[:n]]

    def entries(self, log, after, limit, data):
        if log in self.served:
            return Stage(self.served[log]).answer(after, limit, data)
        return super().entries(log, after, limit, data)


class Handler(socketserver.StreamRequestHandler):
    """One request of a connection, then it is closed."""

    def handle(self):
        with contextlib.suppress(OSError):
            self.answer()

    def send(self, status, body=b"", kind="application/json", more=""):
        self.wfile.write(("HTTP/1.1 %d Status\r\nContent-Type: %s\r\n"
                          "Content-Length: %d\r\nConnection: close\r\n%s\r\n"
                          % (status, kind, len(body), more)).encode() + body)

    def slowly(self, data):
        for byte in data:
            self.wfile.write(bytes([byte]))
            time.sleep(SLOW_S)

    def answer(self):
        request = self.rfile.readline(65536).decode().split(" ")
        left = 0
        line = self.rfile.readline(65536)
        while line.strip():
            key, _, value = line.decode().partition(":")
            left = int(value) if key.lower() == "content-length" else left
            line = self.rfile.readline(65536)
        self.rfile.read(left)
        if len(request) < 2:
            return
        url = urllib.parse.urlsplit(request[1])
        name, _, path = url.path.lstrip("/").partition("/")
        query = dict(urllib.parse.parse_qsl(url.query))
        peer = self.server.peers.get(name)
        if not peer:
            self.send(404)
            return
        peer.asked += 1
        if path == "demonitor/v1/heads":
            self.heads(peer, query)
        elif path.startswith("demonitor/v1/log/"):
            self.entries(peer, path.rpartition("/")[2], query)
        elif path.startswith("ipfs/"):
            body = peer.block(path.rpartition("/")[2],
                              query.get("format") == "car")
            self.send(200 if body is not None else 404, body or b"", CAR)
        else:
            self.send(404)  # What the node brings is not wanted

    def heads(self, peer, query):
        mode = peer.mode
        if mode in ("slow head", "slow body"):
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
            if mode == "slow body":
                self.wfile.write(head)
            self.slowly(head)
            return
        wait = 0 if mode == "never waits" else float(query.get("wait", 0))
        found = peer.heads(query.get("since"), wait)
        mode = peer.mode
        if mode == "always news":
            peer.cursor += 1
        if found is None:
            self.send(204)
            return
        body = json.dumps(found).encode()
        bodies = {
            "nonsense": b"{\"cursor\":\"x\",\"logs\":[{]}",
            "no json": b"\x00\xff" * 1000,
            "deep": b"[" * 1000000,
            "many numbers": b"{\"cursor\":\"x\",\"logs\":[" + b"0," * 1500000
                            + b"0]}",
            "odd cursor": json.dumps(dict(found, cursor="a b\r\nX: y")).encode(),
            "long cursor": json.dumps(dict(found, cursor="c" * 300)).encode(),
            "large heads": b"{\"x\":\"" + b"a" * (4 << 20) + b"\"," + body[1:],
            "full heads": b"{\"x\":\"" + b"a" * ((4 << 20) - 10 - len(body))
                          + b"\"," + body[1:],
            "other record": json.dumps(
                dict(found, logs=[dict(found["logs"][0], seq=3)])).encode(),
        }
        if mode == "redirected heads":
            self.send(302, more="Location: /%s/demonitor/v1/heads\r\n"
                      % self.server.other)
        elif mode == "endless heads":
            self.endless(b"{\"cursor\":\"")
        elif mode in ("401", "500", "429"):
            self.send(int(mode), b"{\"error\":\"no\"}")
        else:
            self.send(200, bodies.get(mode, body))

    def endless(self, start):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + start)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            self.wfile.write(b"a" * 65536)

    def entries(self, peer, log, query):
        body = peer.entries(log, int(query["after"]), int(query["limit"]),
                            query["data"] == "1")
        if body is None:
            self.send(404)
        elif peer.mode in ("cut body", "cut once"):
            if peer.mode == "cut once":
                peer.mode = None
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                             % len(body) + body[:len(body) // 2])
        elif peer.mode == "endless body":
            self.endless(body)
        elif peer.mode == "redirected body":
            self.send(302, more="Location: /%s/demonitor/v1/log/%s?%s\r\n"
                      % (self.server.other, log,
                         urllib.parse.urlencode(query)))
        elif peer.mode == "no entries":
            self.send(204)
        elif peer.mode == "always gone":
            self.send(410, b"{\"first\":1}")
        elif peer.mode == "lost":
            self.send(500, b"{}")
        elif not body:
            self.send(204)
        else:
            self.send(200, body, CAR)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    other = "nobody"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.peers = {}
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        import traceback
        traceback.print_exc()


# ------------------------------------------------------------------- the node

def row(daemon, log):
    for each in daemon.get("/api/v1/peers").json["peers"]:
        if each["log"] == log:
            return each
    return {}


def seq(daemon, log):
    return (row(daemon, log).get("held") or {}).get("seq", 0)


def reason(daemon, log):
    return (row(daemon, log).get("peer") or {}).get("reason") or ""


def print_of(daemon, log):
    """All that is held of a log: events, configuration, what is counted"""
    iri = "ipns://" + log
    found = []
    for graph in (iri, iri + "#config"):
        found.append(sorted(map(repr, daemon.query(
            "SELECT ?s ?p ?o { GRAPH <%s> { ?s ?p ?o } }" % graph))))
    found.append(sorted(map(repr, daemon.query(
        "PREFIX : <%s> SELECT ?s ?e ?n { GRAPH :now { ?s :node <%s> ; :event ?e"
        " ; :streak ?n } }" % (DM, iri)))))
    return found


def memory(daemon):
    with open("/proc/%d/status" % daemon.process.pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


class Watch(threading.Thread):
    """How much memory the node takes, four times a second"""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.node = daemon
        self.most = 0
        self.ends = False

    def run(self):
        while not self.ends:
            with contextlib.suppress(OSError, ValueError):
                self.most = max(self.most, memory(self.node))
            time.sleep(0.25)


class Test:
    def __init__(self, world, daemon, server):
        self.world = world
        self.node = daemon
        self.server = server
        self.lock = threading.Lock()

    def check(self, what, holds, seen=""):
        with self.lock:
            self.world.check(what, holds, seen)

    def follow(self, peer):
        self.server.peers[peer.name] = peer
        with self.lock:
            self.node.write("peers/%s.ttl" % peer.name, """
<peers/%s> a :Peer ; :name "%s" ; :log <ipns://%s> ; :follow :all ;
  :url "http://127.0.0.1:%d/%s" .
""" % (peer.name, peer.name, peer.stage.log, self.server.port, peer.name))

    def leave(self, peer):
        os.unlink(os.path.join(self.node.config, "peers", peer.name + ".ttl"))

    def reaches(self, peer, wanted):
        log = peer.stage.log
        try:
            lib.until("%s: entry %d" % (peer.name, wanted),
                      lambda: seq(self.node, log) == wanted)
        except lib.Late as late:
            raise lib.Late("%s; it says: %r" % (late, row(self.node, log)))

    def push(self, peer, stage):
        return self.node.get(
            "/demonitor/v1/blocks?log=" + stage.log, method="POST",
            body=stage.push(peer.bad_after),
            headers={"Authorization": "Bearer " + TOKEN,
                     "Content-Type": CAR,
                     "Demonitor-Record": stage.line["record"]})

    def show(self, path):
        return self.node.get(path, headers={"Authorization": "Bearer " + TOKEN})

    def check_proof(self, log):
        """The two entries are told and served, and no more of the log."""
        lines = [line for line in self.show("/demonitor/v1/heads").json["logs"]
                 if line["log"] == log]
        fork = lines[0].get("fork", []) if lines else []
        self.check("a proof is told", len(set(fork)) == 2, lines)
        for cid in fork:
            block = self.show("/ipfs/%s?format=raw" % cid)
            self.check("a proof is served", block.status == 200
                       and text_of(cid_of(block.body)) == cid, block)

    def says(self, log, part):
        text = reason(self.node, log)
        return part in text and ("refused" in text or "heads: " in text)

    def attack(self, made):
        peer = Peer(made["name"], made)
        log = peer.stage.log
        self.follow(peer)
        self.reaches(peer, peer.bad_after)
        before = print_of(self.node, log)
        bad = peer.stages["bad"]
        end = made["end"]
        if end == "refused" and not made["finePushed"]:
            answer = self.push(peer, bad)
            self.check("push of " + peer.name, 400 <= answer.status < 500,
                       answer)
        peer.turn("bad")
        if end == "refused":
            lib.until("%s: a reason" % peer.name,
                      lambda: self.says(log, made["reason"]))
        elif end == "accepted":
            self.reaches(peer, bad.seq)
        elif end == "frozen":
            lib.until("frozen", lambda: (row(self.node, log).get("held") or {})
                      .get("forkedAt"))
            self.check_proof(log)
        else:
            asked = peer.asked
            lib.until("it asks again", lambda: peer.asked > asked)
        if end != "accepted":
            self.check(peer.name + " changed nothing",
                       print_of(self.node, log) == before)
        if end in ("refused", "ignored"):
            peer.turn("next")
            self.reaches(peer, peer.stages["next"].seq)
        self.leave(peer)

    def disturb(self, made, mode):
        """The log is good, but how it is served is not."""
        peer = Peer("served-%d" % MODES.index(mode), made)
        log = peer.stage.log
        self.follow(peer)
        self.reaches(peer, peer.bad_after)
        before = print_of(self.node, log)
        peer.turn("bad", mode)
        if mode in TAKEN:
            self.reaches(peer, peer.stages["bad"].seq)
            if mode in ("always news", "never waits"):
                asked = peer.asked
                time.sleep(1)
                self.check(mode + " does not keep it busy",
                           peer.asked - asked <= 15, peer.asked - asked)
            self.leave(peer)
            return
        lib.until(mode + ": a reason", lambda: reason(self.node, log))
        self.check(mode + " changed nothing", print_of(self.node, log) == before)
        peer.turn("next")
        self.reaches(peer, peer.stages["next"].seq)
        self.leave(peer)

    def many(self, made, many):
        peer = Many(made, many)
        log = peer.stage.log
        self.follow(peer)
        self.reaches(peer, peer.bad_after)
        # Until all that was told is done with
        peer.turn("next")
        self.reaches(peer, peer.stages["next"].seq)
        asked = 0
        while asked != peer.asked:
            asked = peer.asked
            time.sleep(0.5)
        held = [each for each in self.node.get("/api/v1/peers").json["peers"]
                if (each["held"] or {}).get("seq")]
        named = set(self.named) | {log}
        strange = [each for each in held
                   if each["log"] not in named and not each["self"]]
        self.check("not more strange logs than are allowed",
                   0 < len(strange) <= 50, len(strange))
        for mode, text in (("4500", "too many"), ("10000", "longer")):
            peer.turn("next", mode)
            lib.until("too many logs are refused",
                      lambda part=text: part in reason(self.node, log))
        self.leave(peer)

    named = ()


# These do no harm: what is served is taken
TAKEN = ("full heads", "cut once", "always news", "never waits",
         "odd cursor")
MODES = TAKEN + ("cut body", "endless body", "redirected body", "no entries",
         "always gone", "lost", "nonsense", "no json", "deep", "many numbers",
         "long cursor", "large heads", "other record",
         "redirected heads", "endless heads", "401", "500", "429")


def load(directory):
    made = {}
    for file in sorted(os.listdir(directory)):
        with open(os.path.join(directory, file), encoding="ascii") as data:
            made[file[:-5]] = json.load(data)
    return made


def run_lanes(test, jobs):
    left = queue.SimpleQueue()
    for job in jobs:
        left.put(job)
    faults = []

    def lane():
        while not faults:
            try:
                job = left.get_nowait()
            except queue.Empty:
                return
            try:
                began = time.monotonic()
                job[0](*job[1:])
                if os.environ.get("DM_VERBOSE"):
                    print("%5.1f s %s" % (time.monotonic() - began, job[-1]
                                          if isinstance(job[-1], str)
                                          else job[1]["name"]), flush=True)
            except Exception as fault:  # To be told by the main thread
                faults.append(fault)

    lanes = [threading.Thread(target=lane) for _ in range(LANES)]
    for each in lanes:
        each.start()
    for each in lanes:
        each.join()
    if faults:
        raise faults[0]


def check_grid(world, daemon, began):
    """Each second each own check gave a result, and none was late."""
    for i in range(5):
        rows = daemon.query(
            "PREFIX : <%s> SELECT ?t { << <https://demonitor.internal/own%d> "
            ":status ?s >> :at ?t } ORDER BY ?t" % (DM, i))
        times = [time.mktime(time.strptime(each["t"][:19], "%Y-%m-%dT%H:%M:%S"))
                 + float(each["t"][19:-1]) for each in rows]
        gaps = [b - a for a, b in zip(times, times[1:])]
        world.check("checks on time", gaps and max(gaps) <= 2.0,
                    max(gaps, default=None))
        lived = time.monotonic() - began
        world.check("none is missing", len(times) >= lived - 3,
                    (len(times), lived))


def main():
    tool = os.environ.get("DM_HOSTILE_LOG")
    if not tool:
        lib.skip("DM_HOSTILE_LOG names no program")
    with lib.World() as world:
        os.environ["TZ"] = "UTC"
        time.tzset()
        made_in = world.path("made")
        os.makedirs(made_in)
        subprocess.run([tool, made_in], check=True)
        made = load(made_in)
        many = made.pop("many")
        # Good logs, to be served badly
        spare = [made.pop(name) for name in list(made)
                 if name.startswith("spare")]
        target = lib.Recorder()
        server = Server()
        daemon = world.daemon("a", checks=CHECKS % ((target.url,) * 5))
        test = Test(world, daemon, server)
        test.named = [each["good"]["log"] for each in
                      list(made.values()) + spare] + [many[-1]["log"]]
        # Who brings is another than who is asked
        daemon.write("secrets/from-pusher", TOKEN, mode=0o600)
        daemon.write("peers/pusher.ttl", """
<peers/pusher> a :Peer ; :name "pusher" ; :log <ipns://%s> ;
  :token "peer ${file:from-pusher}" .
""" % many[-1]["log"])
        daemon.start()
        began = time.monotonic()
        daemon.wait_status("own0", "ok")
        slow = Peer("slow", spare[-2])
        lib.until("warm", lambda: time.monotonic() - began > 3)
        idle = memory(daemon)
        watch = Watch(daemon)
        watch.start()
        test.many(spare[-1], many)
        slow.mode = "slow head"
        test.follow(slow)
        run_lanes(test, [(test.attack, each) for each in made.values()]
                  + [(test.disturb, each, mode)
                     for each, mode in zip(spare, MODES)])
        world.check("the slow one was asked", slow.asked > 0)
        watch.ends = True
        print("memory: %.1f MiB idle, %.1f at most, %.1f at the end" % (
            idle / 2**20, watch.most / 2**20, memory(daemon) / 2**20))
        if not any("SAN_OPTIONS" in name for name in os.environ):
            # A sanitizer keeps what was freed
            world.check("memory", watch.most - idle < MEMORY_MAX,
                        watch.most - idle)
        check_grid(world, daemon, began)
        world.same("it ends", daemon.stop(), 0)
        target.stop()


if __name__ == "__main__":
    main()
