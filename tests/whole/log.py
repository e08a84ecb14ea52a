#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The signed log of one node: sealed, handed to peers, verified."""

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
        world.same("it ends", daemon.stop(), 0)
        target.stop()


if __name__ == "__main__":
    main()
