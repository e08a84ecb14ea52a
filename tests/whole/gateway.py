#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""CAR files and IPNS records, served by `demonitor gateway` to whoever asks."""

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess

import lib

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "data", "wire-vectors.json")
RAW = "application/vnd.ipld.raw"
CAR = "application/vnd.ipld.car"
RECORD = "application/vnd.ipfs.ipns-record"
BIG = 1 << 20  # Bytes of a block


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def cid_of(codec, block):
    return bytes([1, codec, 0x12, 32]) + hashlib.sha256(block).digest()


def text_of(cid):
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def car_of(blocks):
    """A CAR of (cid, block) pairs; the first is its root."""
    head = (b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00" + blocks[0][0]
            + b"\x67version\x01")
    return varint(len(head)) + head + b"".join(
        varint(len(cid) + len(block)) + cid + block for cid, block in blocks)


def sections(car):
    """The names in a CAR, each block checked against its own."""
    n, at = read_varint(car, 0)
    at += n
    names = []
    while at < len(car):
        n, at = read_varint(car, at)
        cid, block = car[at:at + 36], car[at + 36:at + n]
        if hashlib.sha256(block).digest() != cid[4:]:
            raise AssertionError("a block is not the one of its name")
        names.append(cid)
        at += n
    return names


def pb_node(links):
    """A directory of UnixFS in dag-pb."""
    out = b""
    for name, cid in links:
        link = b"\x0a" + varint(len(cid)) + cid
        link += b"\x12" + varint(len(name)) + name.encode() + b"\x18\x01"
        out += b"\x12" + varint(len(link)) + link
    return out + b"\x0a\x02\x08\x01"


def log_vector():
    with open(VECTORS, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    return next(v for v in vectors if v["id"] == "log-70-pruned")


def test_blocks(world, gateway, leaf, text):
    path = "/ipfs/" + text_of(leaf)
    answer = gateway.get(path + "?format=raw")
    world.same("a block", (answer.status, answer.body), (200, text))
    world.same("its type", answer.headers["Content-Type"], RAW)
    world.same("its length", answer.headers["Content-Length"], str(len(text)))
    tag = answer.headers["Etag"]
    world.same("Accept", gateway.get(path, Accept=RAW).body, text)
    head = gateway.get(path + "?format=raw", method="HEAD")
    world.same("HEAD", (head.status, head.body,
                        head.headers["Content-Length"]),
               (200, b"", str(len(text))))
    part = gateway.get(path, Accept=RAW, Range="bytes=1-3")
    world.same("a range", (part.status, part.body), (206, text[1:4]))
    world.same("it is there already",
               gateway.get(path, Accept=RAW, **{"If-None-Match": tag}).status,
               304)
    absent = "/ipfs/" + text_of(cid_of(0x55, b"absent"))
    world.same("absent", gateway.get(absent + "?format=raw").status, 404)
    world.same("only if cached", gateway.get(
        absent, Accept=RAW, **{"Cache-Control": "only-if-cached"}).status, 412)
    world.same("no format", gateway.get(path).status, 400)
    world.same("POST", gateway.get(path, method="POST").status, 405)
    world.same("the probe", gateway.get("/ipfs/bafkqaaa?format=raw").status,
               200)


def test_cars(world, gateway, root, once, twice):
    path = "/ipfs/" + text_of(root)
    answer = gateway.get(path + "?format=car")
    world.same("a CAR", answer.status, 200)
    world.has("its type", answer.headers["Content-Type"], CAR)
    world.same("each block once", sections(answer.body), once)
    answer = gateway.get(path, Accept=CAR + ";order=dfs;dups=y")
    world.same("as often as it is named", sections(answer.body), twice)
    answer = gateway.get(path + "?format=car&dag-scope=block")
    world.same("one block", sections(answer.body), [root])
    answer = gateway.get(path + "/b?format=car")
    world.same("what a path leads to", sections(answer.body), [root, twice[1]])
    world.same("no such path", gateway.get(path + "/x?format=car").status, 404)


def test_record(world, gateway, log, record):
    answer = gateway.get("/ipns/%s?format=ipns-record" % log)
    world.same("a record", (answer.status, answer.body), (200, record))
    world.same("its type", answer.headers["Content-Type"], RECORD)
    world.same("until", answer.headers["Cache-Control"], "public, max-age=60")
    world.same("no path", gateway.get("/ipns/%s?format=raw" % log).status, 400)


def test_cut(world, gateway, torn):
    """What cannot be ended is cut off, so that the client sees it."""
    try:
        answer = gateway.get("/ipfs/%s?format=car" % text_of(torn))
        world.check("a missing block is seen", False, answer)
    except (http.client.HTTPException, OSError):
        world.check("a missing block is seen", True)


def test_end(world, gateway):
    """SIGTERM and SIGINT end it as it should, a client being there."""
    with socket.create_connection(("127.0.0.1", gateway.port)):
        world.same("SIGTERM", world.stop(gateway.process), 0)
    again = lib.Gateway(world, world.path("log.car"))
    world.same("SIGINT", world.stop(again.process, signal.SIGINT), 0)


def test_misuse(world):
    def run(*words):
        return subprocess.run([lib.program(), "gateway", *words],
                              capture_output=True, check=False, timeout=30,
                              env=world.environment()).returncode

    broken = world.path("broken.car")
    with open(broken, "wb") as file:
        file.write(b"no CAR")
    world.same("no file", run(), 2)
    world.same("no such file", run(world.path("nothing.car")), 5)
    world.same("no CAR", run(broken), 1)
    world.same("a record without a name", run("--record", broken), 2)
    world.same("no address", run("--listen", "here", world.path("dag.car")),
               2)


def main():
    with lib.World() as world:
        text = b"a leaf of the DAG"
        leaf = cid_of(0x55, text)
        big = os.urandom(BIG)
        large = [cid_of(0x55, big[i:] + big[:i]) for i in range(6)]
        node = pb_node([("a", leaf), ("b", leaf)]
                       + [("c%d" % i, cid) for i, cid in enumerate(large)])
        root = cid_of(0x70, node)
        gap = pb_node([("a", large[0]), ("b", cid_of(0x55, b"missing"))])
        blocks = [(root, node), (leaf, text), (cid_of(0x70, gap), gap)]
        blocks += [(cid, big[i:] + big[:i]) for i, cid in enumerate(large)]
        vector = log_vector()
        record = bytes.fromhex(vector["record"])
        for name, data in (("dag.car", car_of(blocks)),
                           ("log.car", base64.b64decode(vector["base64"])),
                           ("record", record), ("bad", b"no record")):
            with open(world.path(name), "wb") as file:
                file.write(data)

        gateway = lib.Gateway(
            world, world.path("dag.car"), world.path("log.car"),
            "--record", vector["log"] + "=" + world.path("record"),
            "--record", vector["log"] + "=" + world.path("bad"))
        world.has("what it serves", gateway.line.group(), " 1 records at http:")
        test_blocks(world, gateway, leaf, text)
        test_cars(world, gateway, root, [root, leaf] + large,
                  [root, leaf, leaf] + large)
        test_record(world, gateway, vector["log"], record)
        test_cut(world, gateway, cid_of(0x70, gap))
        with open(world.path("log.car"), "rb") as file:
            whole = file.read()
        head = sections(whole)[0]
        answer = gateway.get("/ipfs/%s?format=car" % text_of(head))
        world.same("a log, as it was exported", answer.body, whole)
        test_end(world, gateway)
        test_misuse(world)


if __name__ == "__main__":
    main()
