#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The signed log of one node: sealed, handed to peers, verified."""

import base64
import hashlib
import http.client
import http.server
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import lib

PEER_TOKEN = "token-that-b-shows"
PEER_FILE = """
<peers/b> a :Peer ; :name "b" ;
  :log <ipns://k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4> ;
  :auth "Bearer ${file:to-b}" ; :token "peer ${file:from-b}" .
"""
OTHER = "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4"
CAR = "application/vnd.ipld.car"

CHECKS = """
<page> a :HttpCheck ; :url "%s" ; :every "500ms" ; :retries 0 ;
  :expect "status == 200" .
<upload> a :Heartbeat ; :every "1d" ; :grace "1h" .
"""


def peer(daemon, path, method="GET", token=PEER_TOKEN, **more):
    headers = dict(more.pop("headers", {}))
    if token:
        headers["Authorization"] = "Bearer " + token
    return daemon.get(path, method=method, headers=headers, **more)


def heads(daemon, **fields):
    query = "&".join("%s=%s" % pair for pair in fields.items())
    return peer(daemon, "/demonitor/v1/heads" + ("?" + query if query else ""))


def own(daemon, k):
    """What heads says of the own log; None before there is anything."""
    for line in heads(daemon).json["logs"]:
        if line["log"] == k:
            return line
    return None


def sections(car):
    """The blocks of a CAR, without looking into them."""
    def varint(at):
        value = shift = 0
        while True:
            byte = car[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at

    blocks = []
    n, at = varint(0)
    at += n
    while at < len(car):
        n, at = varint(at)
        blocks.append((car[at:at + 36], car[at + 36:at + n]))
        at += n
    return blocks


def test_heads(world, daemon, k):
    world.same("heads without a token",
               peer(daemon, "/demonitor/v1/heads", token=None).status, 401)
    line = lib.until("the own log is there", lambda: own(daemon, k))
    world.same("its first", line["first"], 1)
    world.check("its seq", line["seq"] >= 1, line)
    answer = heads(daemon)
    world.same("type", answer.headers["Content-Type"], "application/json")
    cursor = answer.json["cursor"]
    for wrong in ("wait=x", "wait=-1", "since=", "since=a%20b",
                  "since=" + 257 * "a"):
        world.same(wrong, peer(daemon, "/demonitor/v1/heads?" + wrong).status,
                   400)
    world.same("an unknown cursor is as none",
               len(heads(daemon, since="other-1", wait=30).json["logs"]), 1)
    return cursor


def test_long_poll(world, daemon, target):
    """A change of the status is sealed and told within a second."""
    lib.until("quiet", lambda: is_quiet(daemon), pause=0)
    cursor = heads(daemon).json["cursor"]
    before = time.monotonic()
    world.same("without news it waits", heads(daemon, since=cursor, wait=1)
               .status, 204)
    world.check("as long as it was told", 0.9 < time.monotonic() - before < 4)
    answers = []

    def wait():
        answer = heads(daemon, since=cursor, wait=50)
        answers.append((time.time(), answer))

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    for each in waiters:
        each.start()
    changed = time.time()
    target.status = 500
    for each in waiters:
        each.join()
    first_bad = min(at for at, *_ in list(target.requests) if at >= changed)
    for at, answer in answers:
        world.same("news", answer.status, 200)
        world.check("one log", len(answer.json["logs"]) == 1, answer)
        world.check("another cursor", answer.json["cursor"] != cursor)
        world.check("told within a second of being sealed within one",
                    at - first_bad < 2, at - first_bad)
    target.status = 200


def is_quiet(daemon):
    """Nothing was sealed for a second."""
    cursor = heads(daemon).json["cursor"]
    return heads(daemon, since=cursor, wait=1).status == 204


def test_entries(world, daemon, k):
    path = "/demonitor/v1/log/" + k
    seq = own(daemon, k)["seq"]
    answer = peer(daemon, path + "?after=0")
    world.same("entries", answer.status, 200)
    world.same("type", answer.headers["Content-Type"], CAR)
    whole = sections(answer.body)
    bare = sections(peer(daemon, path + "?after=0&data=0").body)
    world.check("payloads are left out", len(bare) < len(whole),
                (len(bare), len(whole)))
    one = sections(peer(daemon, path + "?after=0&limit=1").body)
    world.check("one entry", one == whole[:len(one)] and len(one) < len(whole))
    world.same("nothing behind", peer(daemon, path + "?after=%d"
                                      % (seq + 1000)).status, 204)
    for wrong in ("after=x", "after=-1", "after=281474976710656", "limit=0",
                  "limit=x", "data=2", "data="):
        world.same(wrong, peer(daemon, path + "?" + wrong).status, 400)
    world.same("another log", peer(daemon, "/demonitor/v1/log/" + OTHER)
               .status, 404)
    world.same("no log", peer(daemon, "/demonitor/v1/log/k51").status, 404)
    world.same("not for who may read", peer(daemon, path, token=None).status,
               401)
    world.same("HEAD", peer(daemon, path + "?after=0", method="HEAD").status,
               200)


def test_gateway(world, daemon, k):
    line = own(daemon, k)
    path = "/ipfs/" + line["head"]
    raw = daemon.get(path + "?format=raw")
    world.same("a block", raw.status, 200)
    world.same("its type", raw.headers["Content-Type"],
               "application/vnd.ipld.raw")
    world.has("it never changes", raw.headers["Cache-Control"], "immutable")
    world.same("its length", raw.headers["Content-Length"], str(len(raw.body)))
    tag = raw.headers["Etag"]
    world.same("not twice", daemon.get(
        path + "?format=raw", headers={"If-None-Match": tag}).status, 304)
    world.same("by Accept", daemon.get(
        path, headers={"Accept": "application/vnd.ipld.raw"}).body, raw.body)
    world.same("without a format", daemon.get(path).status, 400)
    whole = daemon.get(path + "?format=car")
    world.has("a CAR", whole.headers["Content-Type"], CAR + "; version=1")
    blocks = sections(whole.body)
    world.check("Head is first", blocks[0][1] == raw.body)
    world.check("with all below it", len(blocks) > line["seq"])
    world.same("each once", len({name for name, _ in blocks}), len(blocks))
    world.same("one block", len(sections(daemon.get(
        path + "?format=car&dag-scope=block").body)), 1)
    for form in ("raw", "car"):
        head = daemon.get(path + "?format=" + form, method="HEAD")
        world.same("HEAD of " + form, (head.status, head.body), (200, b""))
    record = daemon.get("/ipns/%s?format=ipns-record" % k)
    world.same("the record", record.body, base64.urlsafe_b64decode(
        line["record"] + "=" * (-len(line["record"]) % 4)))
    world.same("of no other name", daemon.get(
        "/ipns/%s?format=ipns-record" % OTHER).status, 404)
    world.same("what is not here", daemon.get(
        "/ipfs/bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
        "?format=raw").status, 404)
    world.same("the probe", daemon.get("/ipfs/bafkqaaa?format=raw").status,
               200)
    world.same("for peers too",
               peer(daemon, path + "?format=raw").status, 200)
    return blocks


def verifier():
    """The independent verifier and a Python that runs it; None without."""
    shared = os.environ.get("DM_SHARED", os.path.join("..", "shared"))
    path = os.path.join(shared, "wire", "verify_log.py")
    if os.path.exists(path):
        for python in (sys.executable, "/usr/bin/python3"):
            if subprocess.run([python, "-c", "import nacl, zstandard"],
                              capture_output=True, check=False).returncode == 0:
                return [python, path]
    return None


def run(command):
    return subprocess.run(command, capture_output=True, text=True,
                          timeout=lib.PATIENCE, check=False)


def test_verifier(world, daemon, k, car):
    command = verifier()
    if not command:
        print("no independent verifier here: what it would say is not tested")
        return
    result = run(command + ["--url", "http://127.0.0.1:%d" % daemon.port,
                            "--token", PEER_TOKEN])
    world.check("the verifier finds it good", result.returncode == 0,
                result.stdout + result.stderr)
    world.has("all of it", result.stdout, k + ": ")
    result = run(command + ["--car", car, "--record", car + ".record", k])
    world.check("and the copy", result.returncode == 0,
                result.stdout + result.stderr)


def test_commands(world, daemon, k, car):
    line = own(daemon, k)
    world.has("log", daemon.cli("log").stdout, line["head"])
    shown = daemon.json("log", "node")
    world.same("log as JSON", (shown["log"], shown["first"], shown["self"]),
               (k, 1, True))
    good = daemon.cli("log", "verify").stdout
    world.has("verify", good, "node: ")
    world.has("verify", good,
              "chain, tree and signatures good, rows equal\n")
    world.same("one line", good.count("\n"), 1)
    seen = daemon.json("log", "verify", k)
    world.check("it read something", seen["good"] and seen["events"] > 0 and
                seen["rows"]["equal"] == seen["events"], seen)
    world.same("by its IRI", daemon.json("log", "ipns://" + k, "verify")
               ["good"], True)
    daemon.cli("log", "verify", "nobody", code=1)
    daemon.cli("log", "verify", "node", "more", code=2)
    entry = daemon.json("log", "show", "1")
    world.same("entry 1", (entry["seq"], entry["prev"]), (1, None))
    world.has("for people", daemon.cli("log", "show", "1").stdout,
              entry["cid"])
    daemon.cli("log", "show", "99999", code=1)
    daemon.cli("log", "show", "x", code=2)
    daemon.cli("log", "export", car)
    world.same("only the files", sorted(os.listdir(os.path.dirname(car))),
               ["log.car", "log.car.record"])
    with open(car, "rb") as file:
        world.check("a CAR with all entries",
                    len(sections(file.read())) > line["seq"])
    daemon.cli("log", "export", "/nonexistent/log.car", code=5)


def test_same_gateway(world, daemon, k, car):
    """A node and `demonitor gateway` answer alike."""
    alone = lib.Gateway(world, car, "--record", k + "=" + car + ".record")
    entry = "/ipfs/" + daemon.json("log", "show", "1")["cid"]
    record = "/ipns/" + k
    tag = '"%s.raw"' % entry[len("/ipfs/"):]
    raw = {"Accept": "application/vnd.ipld.raw"}
    asks = [(entry + "?format=raw", "GET", {}),
            (entry + "?format=raw", "HEAD", {}),
            (entry, "GET", raw),
            (entry, "GET", {**raw, "Range": "bytes=1-9"}),
            (entry, "GET", {**raw, "Range": "bytes=1000000-"}),
            (entry, "GET", {**raw, "If-None-Match": tag}),
            (entry + "?format=raw&filename=%C3%A9.bin", "GET", {}),
            (entry + "?format=car", "GET", {}),
            (entry + "?format=car", "HEAD", {}),
            (entry + "?dag-scope=block", "GET", {"Accept": CAR + ";dups=y"}),
            (entry + "/log?format=car", "GET", {}),
            (entry + "/none?format=car", "GET", {}),
            (entry + "?format=tar", "GET", {}),
            (entry, "GET", {}),
            (record + "?format=ipns-record", "GET", {}),
            (record + "?format=ipns-record", "HEAD", {}),
            (record, "GET", {"Accept": "application/vnd.ipfs.ipns-record"}),
            (record + "?format=raw", "GET", {}),
            ("/ipns/" + OTHER + "?format=ipns-record", "GET", {})]
    for path, method, headers in asks:
        of = daemon.get(path, method=method, headers=headers)
        to = alone.get(path, method=method, **headers)
        what = " ".join((method, path, *headers))
        world.same("status of " + what, of.status, to.status)
        if of.status < 400:
            world.same("headers of " + what, fields(of, path),
                       fields(to, path))
        if of.status < 400 and path.startswith(entry):
            world.same("body of " + what, of.body, to.body)
    world.same("it ends", world.stop(alone.process), 0)


def fields(answer, path):
    """Its headers; the node may have a newer record meanwhile."""
    left_out = ("Date", "Etag") if path.startswith("/ipns/") else ("Date",)
    return sorted((name, value) for name, value in answer.headers.items()
                  if name not in left_out)


def stores(daemon):
    for name in os.listdir(daemon.data):
        path = os.path.join(daemon.data, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                if file.read(15) == b"SQLite format 3":
                    yield path


def flip(daemon, cid):
    """Change one bit of a block on the disk: once more, and it is good."""
    digest = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))[4:]
    for path in stores(daemon):
        store = sqlite3.connect(path)
        try:
            for n, data in store.execute("SELECT n, data FROM block"):
                harmed = bytearray(data)
                harmed[len(harmed) // 2] ^= 4
                if digest in (hashlib.sha256(data).digest(),
                              hashlib.sha256(harmed).digest()):
                    store.execute("UPDATE block SET data = ? WHERE n = ?",
                                  (bytes(harmed), n))
                    store.commit()
                    return
        finally:
            store.close()
    raise AssertionError("no such block in the store")


def test_flipped_bit(world, daemon, k):
    """One bit of a stored entry, then of a payload, while the node is down"""
    entry = daemon.json("log", "show", "2")
    for what, cid in (("entry", entry["cid"]), ("payload", entry["data"])):
        world.same("it ends", daemon.stop(), 0)
        flip(daemon, cid)
        daemon.start()
        said = daemon.cli("log", "verify", code=1).stdout
        world.has("%s: verify names the entry" % what, said, "entry 2: ")
        world.has("and why", said, "cid-hash")
        verdict = json.loads(daemon.cli("--json", "log", "verify",
                                        code=1).stdout)
        world.same("as JSON", (verdict["good"], verdict["entry"]), (False, 2))
        world.same("the %s is not served" % what,
                   daemon.get("/ipfs/%s?format=raw" % cid).status, 404)
        path = "/demonitor/v1/log/" + k
        lib.until("the peer is known", lambda: heads(daemon).status == 200)
        world.same("nor by number", peer(daemon, path + "?after=1").status,
                   500)
        world.same("but what is before it is",
                   peer(daemon, path + "?after=0&limit=1").status, 200)
        try:
            cut = daemon.get("/ipfs/%s?format=car" % own(daemon, k)["head"])
        except (OSError, http.client.HTTPException):
            cut = None
        world.check("a CAR is cut where it is missing", cut is None, cut)
        copy = world.path("copy", "harmed.car")
        daemon.cli("log", "export", copy, code=3)
        world.check("no half file", not os.path.exists(copy) and
                    not os.path.exists(copy + ".part"))
        world.same("it ends", daemon.stop(), 0)
        flip(daemon, cid)
        daemon.start()


def test_large(world, daemon, k):
    """A CAR of many pieces, to a slow client, and to one that leaves"""
    big = 4 << 20
    for i in range(800):
        body = base64.b64encode(os.urandom(6000))
        # A change of its status is sealed soon
        daemon.get("/ping/upload" + ("/fail" if i % 2 else ""), method="POST",
                   body=body)
    lib.until("the log is large", lambda: daemon.get("/api/v1/log")
              .json["bytes"] > big, pause=0.5)
    lib.until("quiet", lambda: is_quiet(daemon), pause=0)
    path = "/ipfs/%s?format=car" % own(daemon, k)["head"]
    for _ in range(3):  # Who leaves costs nothing
        gone = http.client.HTTPConnection("127.0.0.1", daemon.port)
        gone.request("GET", path)
        gone.getresponse().read(1000)
        gone.close()
    slow = http.client.HTTPConnection("127.0.0.1", daemon.port,
                                      timeout=lib.PATIENCE)
    slow.request("GET", path)
    response = slow.getresponse()
    world.same("it is streamed", response.headers["Transfer-Encoding"],
               "chunked")
    car = response.read(300000)
    before = time.monotonic()
    world.same("others are answered meanwhile", heads(daemon).status, 200)
    time.sleep(1)
    world.check("without delay", time.monotonic() - before < 3)
    car += response.read()
    slow.close()
    blocks = sections(car)
    world.check("all of it", len(car) > big, len(car))
    world.check("each block is its name's", all(
        hashlib.sha256(data).digest() == name[4:] for name, data in blocks))
    world.same("the same to a fast one", daemon.get(path).body, car)
    copies = [None] * 6

    def fetch(i):
        copies[i] = daemon.get(path).body

    threads = [threading.Thread(target=fetch, args=(i,)) for i in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    world.check("several at once", all(copy == car for copy in copies))
    answer = peer(daemon, "/demonitor/v1/log/%s?after=0" % k)
    world.check("log/K stays within a CAR", len(answer.body) <= 16 << 20)


def link_behind(block, key):
    """The name behind a key of a block, as a link or as bytes"""
    for mark in (b"\xd8\x2a\x58\x25\x00", b"\x58\x24"):
        at = block.find(key + mark)
        if at >= 0:
            at += len(key + mark)
            return block[at:at + 36]
    return None


def links(block):
    return [part[:36] for part in block.split(b"\xd8\x2a\x58\x25\x00")[1:]]


def car_of(root, names, blocks):
    header = (b"\xa2eroots\x81\xd8\x2a\x58\x25\x00" + root +
              b"gversion\x01")
    return varint(len(header)) + header + b"".join(
        varint(len(name + blocks[name])) + name + blocks[name]
        for name in names)


def name_text(name):
    return "b" + base64.b32encode(name).decode().lower().rstrip("=")


def pruned_peer():
    """A peer that has a log of which the first 64 entries are gone"""
    with open("tests/data/wire-vectors.json", encoding="utf-8") as file:
        vector, = [v for v in json.load(file)["vectors"]
                   if v["id"] == "log-70-pruned"]
    whole = sections(base64.b64decode(vector["base64"]))
    blocks = dict(whole)
    head, head_block = whole[0]
    entries = []
    name = link_behind(head_block, b"ctip")
    while name in blocks:
        entries.insert(0, name)
        name = link_behind(blocks[name], b"dprev")
    record = base64.urlsafe_b64encode(bytes.fromhex(vector["record"])).decode()
    told = {"cursor": "c1", "logs": [{
        "log": vector["log"], "seq": 70, "first": 65, "head": name_text(head),
        "record": record.rstrip("=")}]}

    def answer(path):
        if "heads" in path:
            if "since" in path:
                time.sleep(5)
                return 204, b""
            return 200, json.dumps(told).encode()
        if "/log/" in path:
            after = int(re.search("after=([0-9]+)", path)[1])
            names = []
            for entry in entries[after - 64:]:
                names.append(entry)
                data = link_behind(blocks[entry], b"ddata")
                names += [data] if data else []
            return 200, car_of(entries[-1], names, blocks)
        wanted = re.search("/ipfs/(b[a-z2-7]+)", path)[1]
        root, = [name for name in blocks if name_text(name) == wanted]
        if "format=raw" in path:
            return 200, blocks[root]
        return 200, car_of(root, [root] + links(blocks[root]), blocks)

    return serve(answer), vector["log"]


def serve(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, body = answer(self.path)
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments):
            pass  # Who asked has left

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_pruned(world):
    """What is before the oldest entry that is kept: 410"""
    server, k = pruned_peer()
    daemon = world.daemon("late")
    daemon.write("secrets/from-b", PEER_TOKEN, mode=0o600)
    daemon.write("secrets/to-b", "shown-to-b", mode=0o600)
    daemon.write("peers/b.ttl", PEER_FILE.replace(
        " ;\n  :auth", ' ; :url "http://127.0.0.1:%d" ;\n  :auth'
        % server.server_address[1]))
    daemon.start()
    line = lib.until("it is fetched", lambda: own(daemon, k))
    world.same("from where it is kept", (line["first"], line["seq"]), (65, 70))
    path = "/demonitor/v1/log/%s?after=" % k
    for after in (0, 63):
        gone = peer(daemon, path + str(after))
        world.same("before it", (gone.status, gone.json), (410, {"first": 65}))
    world.same("from it on", peer(daemon, path + "64").status, 200)
    world.same("behind it", peer(daemon, path + "70").status, 204)
    good = daemon.json("log", "verify", k)
    world.check("it is good", good["good"] and good["entries"] == 6 and
                good["first"] == 65 and not good["renewed"], good)
    world.has("for people", daemon.cli("log", "verify", k).stdout,
              "6 entries, 65…70, ")
    world.same("it ends", daemon.stop(), 0)
    server.shutdown()
    server.server_close()


def proxy(port, change):
    """A server before that of `port`; `change` sees what heads answers."""
    def answer(path):
        try:
            got = lib.request(port, "GET", path, headers={
                "Authorization": "Bearer " + PEER_TOKEN}, timeout=90)
        except (OSError, http.client.HTTPException):
            return 503, b""
        if "/heads" in path and got.status == 200:
            return 200, change(got.body)
        return got.status, got.body

    return serve(answer)


def test_successor(world, daemon, target):
    """A peer that is dialled tells of a Successor: it is told on"""
    with open("tests/data/wire-vectors.json", encoding="utf-8") as file:
        vector, = [v for v in json.load(file)["vectors"]
                   if v["id"] == "successor"]
    successor = base64.urlsafe_b64encode(
        bytes.fromhex(vector["hex"])).decode().rstrip("=")
    old = world.daemon("old", checks=CHECKS % target.url,
                       settings='; :seal "5s"')
    with open(os.path.join(old.data, "key"), "w", encoding="ascii") as file:
        file.write("01" * 32 + "\n")
    os.chmod(file.name, 0o600)
    old.write("secrets/from-b", PEER_TOKEN, mode=0o600)
    old.write("secrets/to-b", "shown-to-b", mode=0o600)
    old.start()
    k = old.json("id")["log"]
    world.same("the key of the vector", k, OTHER)
    old.wait_status("page", "ok")
    old.write("peers/b.ttl", PEER_FILE.replace(OTHER, daemon.json("id")["log"]))
    lib.until("the peer is known", lambda: heads(old).status == 200)
    lib.until("there is an entry", lambda: own(old, k))

    def change(body):
        answer = json.loads(body)
        for line in answer["logs"]:
            if line["log"] == k:
                line["successor"] = successor
        return json.dumps(answer).encode()

    server = proxy(old.port, change)
    daemon.write("secrets/to-old", PEER_TOKEN, mode=0o600)
    daemon.write("peers/old.ttl", '''
<peers/old> a :Peer ; :name "old" ; :log <ipns://%s> ;
  :url "http://127.0.0.1:%d" ; :auth "Bearer ${file:to-old}" .
''' % (k, server.server_address[1]))
    line = lib.until("it is fetched and told on", lambda: (
        own(daemon, k) if (own(daemon, k) or {}).get("successor") else None))
    world.same("as it was told", line["successor"], successor)
    world.has("and shown", daemon.cli("log", k).stdout,
              "ended with entry 129, goes on as k51")
    world.same("the log is good", daemon.json("log", "verify", k)["good"], True)
    os.remove(os.path.join(daemon.config, "peers", "old.ttl"))
    world.same("it ends", old.stop(), 0)
    server.shutdown()
    server.server_close()


KINDS = ["payload", "entry", "node", "node", "Head", "Manifest", "part"]


def test_bit_anywhere(world, daemon):
    """One bit of any kind of stored block, the first and the last"""
    world.same("it ends", daemon.stop(), 0)
    path, = stores(daemon)
    with sqlite3.connect(path) as store:
        rows = store.execute("SELECT n, place, data FROM block").fetchall()
    store.close()
    seen = set()
    for n, place, data in rows + rows[::-1]:
        kind = KINDS[place >> 48 & 7]
        if (kind, n) in seen or sum(kind == k for k, _ in seen) == 2:
            continue
        seen.add((kind, n))
        harmed = bytearray(data)
        harmed[len(harmed) * 2 // 3] ^= 16
        for bytes_, code in ((bytes(harmed), 1), (data, None)):
            with sqlite3.connect(path) as store:
                store.execute("UPDATE block SET data = ? WHERE n = ?",
                              (bytes_, n))
            store.close()
            if code is not None:
                daemon.start()
                said = daemon.cli("log", "verify", code=code).stdout
                world.check("verify names entry and reason (%s)" % kind,
                            re.match("other: ([A-Za-z]+ of )?entry [0-9]+: "
                                     "[a-z-]+:", said), said)
                world.same("it ends", daemon.stop(), 0)
    world.check("of each kind", {"payload", "entry", "Head", "Manifest",
                                 "part"} <= {kind for kind, _ in seen}, seen)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def push_of(daemon, k, after):
    """The body and record that bring what is behind `after`."""
    line = own(daemon, k)
    car = peer(daemon, "/demonitor/v1/log/%s?after=%d" % (k, after)).body
    head = line["head"]
    cid = base64.b32decode(head[1:].upper() + "=" * (-len(head[1:]) % 8))
    block = daemon.get("/ipfs/%s?format=raw" % head).body
    return (car + varint(len(cid + block)) + cid + block, line["record"],
            line["seq"])


def said_to_length(daemon, path, n):
    """What is answered before a body of that length was sent"""
    with socket.create_connection(("127.0.0.1", daemon.port),
                                  lib.PATIENCE) as s:
        s.sendall(("POST %s HTTP/1.1\r\nHost: localhost\r\n"
                   "Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
                   % (path, PEER_TOKEN, n)).encode())
        s.shutdown(socket.SHUT_WR)
        return s.recv(4096).decode()


def test_push(world, daemon, target):
    """Another node's log is brought to this one, by us"""
    other = world.daemon("other", checks=CHECKS % target.url,
                         settings='; :seal "5s"')
    other.write("secrets/from-b", PEER_TOKEN, mode=0o600)
    other.write("secrets/to-b", "shown-to-b", mode=0o600)
    other.start()
    k = other.json("id")["log"]
    other.wait_status("page", "ok")
    other.write("peers/b.ttl", PEER_FILE)
    lib.until("the peer is known", lambda: heads(other).status == 200)
    lib.until("there are entries", lambda: own(other, k)["seq"] >= 4)
    daemon.write("peers/b.ttl", PEER_FILE.replace(OTHER, k))
    path = "/demonitor/v1/blocks?log=" + k
    body, record, seq = push_of(other, k, 0)

    def push(body, path=path, record=record):
        return peer(daemon, path, method="POST", body=body, headers={
            "Content-Type": CAR,
            **({"Demonitor-Record": record} if record else {})})

    world.same("not without a token", peer(
        daemon, path, method="POST", body=body, token=None).status, 401)
    world.same("only POST", peer(daemon, path).status, 405)
    world.same("without a record", push(body, record=None).status, 400)
    world.same("with half a record", push(body, record="a").status, 400)
    world.same("of no log", push(body, "/demonitor/v1/blocks").status, 400)
    world.same("without a body", push(b"").status, 400)
    world.has("too long", said_to_length(daemon, path, (16 << 20) + 1),
              "HTTP/1.1 413 ")
    harmed = bytearray(body)
    harmed[len(harmed) // 2] ^= 1
    refused = push(bytes(harmed))
    world.same("with a bit changed", refused.status, 422)
    world.has("the reason", refused.json["reason"], ":")
    world.same("another's record", push(body, record=own(
        daemon, daemon.json("id")["log"])["record"]).status, 422)
    world.same("nothing of it is held", own(daemon, k), None)
    late, late_record, _ = push_of(other, k, 2)
    gap = push(late, record=late_record)
    world.same("a gap", (gap.status, gap.json), (409, {"have": 0}))

    world.same("taken", (push(body).status, push(body).json),
               (200, {"have": seq}))
    line = own(daemon, k)
    world.same("it is told", (line["seq"], line["record"]), (seq, record))
    world.same("and handed on", peer(
        daemon, "/demonitor/v1/log/%s?after=0" % k).status, 200)
    good = daemon.json("log", "verify", k)
    world.check("it is good", good["good"] and good["entries"] == seq and
                good["rows"]["equal"] == good["events"], good)
    cursor = heads(daemon).json["cursor"]
    lib.until("it goes on", lambda: own(other, k)["seq"] > seq)
    body, record, seq = push_of(other, k, seq)
    more = push(body, record=record)
    world.same("more of it", (more.status, more.json), (200, {"have": seq}))
    news = heads(daemon, since=cursor, wait=20).json["logs"]
    world.check("that is news", k in [each["log"] for each in news], news)
    test_bit_anywhere(world, other)


def main():
    with lib.World() as world:
        target = lib.Recorder()
        daemon = world.daemon(checks=CHECKS % target.url,
                              settings='; :seal "20s"')
        daemon.write("secrets/from-b", PEER_TOKEN, mode=0o600)
        daemon.write("secrets/to-b", "shown-to-b", mode=0o600)
        daemon.start()
        k = daemon.json("id")["log"]
        daemon.wait_status("page", "ok")
        daemon.write("peers/b.ttl", PEER_FILE)
        lib.until("the peer is known", lambda: heads(daemon).status == 200)
        test_heads(world, daemon, k)
        test_long_poll(world, daemon, target)
        daemon.wait_status("page", "ok")
        test_entries(world, daemon, k)
        test_gateway(world, daemon, k)
        os.makedirs(world.path("copy"))
        car = world.path("copy", "log.car")
        test_commands(world, daemon, k, car)
        test_same_gateway(world, daemon, k, car)
        test_verifier(world, daemon, k, car)
        test_large(world, daemon, k)
        test_push(world, daemon, target)
        test_successor(world, daemon, target)
        test_pruned(world)
        test_flipped_bit(world, daemon, k)
        world.same("it ends", daemon.stop(), 0)
        target.stop()


if __name__ == "__main__":
    main()
