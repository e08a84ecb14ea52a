#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Two nodes by their files alone: what each sees of the other, and what it says
when the other is away, shows another key, or does not know the token.

    fra  ── dials ──>  carbon      carbon has no :url of fra: it never dials
"""

import os
import shutil
import socket
import time

import lib

SECRET = "secret-of-this-pair-0123456789"
SOON = 20.0  # A try in vain is made again after 1 s, 2 s, 4 s …

CHECKS = """
<page> a :HttpCheck ; :url "http://127.0.0.1:%d/-/healthy" ; :every "500ms" .
"""

PEER_OF_CARBON = """
<#fra> a :Peer ; :name "fra" ; :log <%s> ; :token "peer ${file:from-fra}" .
"""
PEER_OF_FRA = """
<#carbon> a :Peer ; :name "carbon" ; :log <%s> ; :url "%s" ; %s
  :auth "Bearer ${file:to-carbon}" .
"""


def start(world, name):
    daemon = world.daemon(name)
    daemon.write_node('; :seal "1s"')
    daemon.write("checks.ttl", CHECKS % daemon.port)
    return daemon.start()


def secret(daemon, name, text):
    daemon.write("secrets/" + name, text, mode=0o600)
    os.chmod(os.path.join(daemon.config, "secrets"), 0o700)


def reload(daemon):
    answer = lib.unix_request(daemon.socket, "POST", "/-/reload")
    daemon.world.same("reload", answer.status // 100, 2)


def row(daemon, name):
    """What /api/v1/peers says of a node, None for nothing."""
    for each in daemon.get("/api/v1/peers").json["peers"]:
        if each["name"] == name:
            return each
    return None


def wait_row(what, daemon, name, is_it, patience=lib.PATIENCE):
    def probe():
        found = row(daemon, name)
        return found if found and is_it(found) else None
    return lib.until(what, probe, patience)


def is_connected(found):
    return found["state"] == "connected" and found["held"]


def has_reason(part):
    return lambda found: (found["state"] == "away" and
                          part in found["peer"]["reason"])


def nodes(daemon):
    return {each["name"] for each in daemon.get("/api/v1/status").json["nodes"]}


def test_both(world, carbon, fra):
    for daemon in (carbon, fra):
        lib.until("both nodes are in the status of " + daemon.name,
                  lambda d=daemon: nodes(d) == {"carbon", "fra"})
        lib.until("the check of both nodes at " + daemon.name, lambda d=daemon:
                  d.status("page") and len(d.status("page")["states"]) == 2)
    seen = wait_row("carbon at fra", fra, "carbon", is_connected)
    world.same("fra dials carbon", seen["direction"], "dials")
    world.check("fra fetched", seen["peer"]["fetched"] > 0, seen)
    world.check("fra pushed", seen["peer"]["pushed"] > 0, seen)
    seen = wait_row("fra at carbon", carbon, "fra", is_connected)
    world.same("fra comes to carbon", seen["direction"], "comes")
    world.check("fra brought", seen["peer"]["fetched"] > 0, seen)
    world.check("fra was heard", seen["peer"]["heard"], seen)
    held = seen["held"]
    world.check("entries", held["seq"] >= held["first"] == 1, held)
    world.same("behind", held["behind"], 0)
    world.check("bytes within the quota", 0 < held["bytes"] < held["quota"],
                held)
    world.same("renewed", held["renewed"], True)
    world.check("its head", held["head"].startswith("bafyrei"), held)
    world.check("one machine has one clock", abs(held["clockOffset"]) < 5, held)
    own = row(carbon, "carbon")
    world.same("the own log", (own["self"], own["state"], own["peer"]),
               (True, "this one", None))


def test_forms(world, carbon, fra):
    for daemon, other in ((carbon, "fra"), (fra, "carbon")):
        out = daemon.cli("peers").stdout
        world.has("the other one", out, other)
        world.has("and how it stands", out, "connected")
        world.check("100 columns", max(map(len, out.splitlines())) <= 100, out)
        document = daemon.json("peers")
        world.same("who says so", document["node"], daemon.name)
        world.same("all rows", {each["name"] for each in document["peers"]},
                   {"carbon", "fra"})
        page = daemon.get("/peers")
        world.has("HTML", page.headers["Content-Type"], "text/html")
        world.has("the page shows it", page.text, "<td>" + other)
        world.has("and that it is well", page.text, "2 nodes, all well")
        world.check("without a script", "<script" not in page.text)
        world.has("/ leads there", daemon.get("/").text, 'href="/peers"')
        metrics = daemon.get("/metrics").text
        world.has("connected", metrics,
                  'demonitor_peer_connected{peer="%s"} 1\n' % other)
        world.has("refused", metrics,
                  'demonitor_peer_refused_total{peer="%s"} 0\n' % other)
        world.has("behind", metrics,
                  'demonitor_log_behind{node="%s"} 0\n' % other)
        world.has("sequence", metrics, 'demonitor_log_seq{node="%s"} ' % other)
        world.has("the own one", metrics,
                  'demonitor_log_seq{node="%s"} ' % daemon.name)
    world.same("too many words", carbon.cli("peers", "fra", code=2).stdout, "")


def test_away(world, carbon, fra):
    held = row(fra, "carbon")["held"]["seq"]
    world.same("carbon ends", carbon.stop(), 0)
    began = time.monotonic()
    seen = wait_row("fra says that carbon is away", fra, "carbon",
                    has_reason("refused"), patience=10)
    world.check("within seconds", time.monotonic() - began < 10)
    world.same("it is a problem", seen["bad"], True)
    world.has("what to do", seen["advice"], "demonitor id")
    world.check("what was held is held", seen["held"]["seq"] >= held, seen)
    out = fra.cli("peers").stdout
    world.has("the reason, for people", out, "refused")
    world.has("and what to do", out, "demonitor id")
    world.check("100 columns", max(map(len, out.splitlines())) <= 100, out)
    page = fra.get("/peers").text
    world.has("on the page", page, "refused")
    world.has("what to do there", page, "demonitor id")
    world.has("metric", fra.get("/metrics").text,
              'demonitor_peer_connected{peer="carbon"} 0\n')
    carbon.start()
    seen = wait_row("carbon is back", fra, "carbon", is_connected, SOON)
    world.same("nothing is wrong any more",
               (seen["bad"], seen["peer"]["reason"]), (False, ""))
    wait_row("its new entries come", fra, "carbon",
             lambda found: found["held"]["seq"] > held, SOON)


def test_wrong_token(world, fra):
    secret(fra, "to-carbon", "another-secret-0123456789")
    reload(fra)
    seen = wait_row("the token is refused", fra, "carbon", has_reason("401"))
    world.has("what to do", seen["advice"], ":token")
    world.check("the secret is not shown", "another-secret" not in str(seen))
    secret(fra, "to-carbon", SECRET)
    reload(fra)
    wait_row("the right one is taken", fra, "carbon", is_connected, SOON)


def test_restored_backup(world, carbon, fra):
    """No guard outlives a stop here, and carbon can dial nobody."""
    carbon.stop()
    backup = world.path("backup")
    shutil.copytree(carbon.data, backup)
    carbon.start()
    begun = row(fra, "carbon")["held"]["seq"]
    seen = wait_row("fra holds more than the backup", fra, "carbon",
                    lambda found: found["held"]["seq"] > begun + 2, SOON)
    carbon.stop()
    seen = row(fra, "carbon")
    shutil.rmtree(carbon.data)
    shutil.copytree(backup, carbon.data)
    carbon.start()
    wait_row("carbon goes on behind what fra holds", fra, "carbon",
             lambda found: found["held"]["seq"] > seen["held"]["seq"], SOON)
    for daemon in (carbon, fra):
        found = row(daemon, "carbon")
        world.check("no fork at " + daemon.name,
                    "forkedAt" not in found["held"], found)
    world.same("nothing is refused", row(fra, "carbon")["peer"]["refused"], 0)


def test_refused(world, carbon, ids):
    def push():
        return carbon.get("/demonitor/v1/blocks?log=" + ids["fra"]["log"],
                          method="POST", body=b"no CAR",
                          headers={"Authorization": "Bearer " + SECRET,
                                   "Demonitor-Record": "AAAA",
                                   "Content-Type": "application/vnd.ipld.car"})

    answer = push()
    until = time.monotonic() + SOON
    while answer.status == 429 and time.monotonic() < until:
        time.sleep(0.1)  # fra is bringing an entry of that log right now
        answer = push()
    world.same("what is no record is refused", answer.status, 422)
    seen = row(carbon, "fra")
    world.same("it is counted", seen["peer"]["refused"], 1)
    world.has("and told", seen["peer"]["reason"],
              "log %s refused: " % ids["fra"]["log"])
    world.same("it is worth a look", (seen["state"], seen["bad"]),
               ("connected", True))
    world.has("metric", carbon.get("/metrics").text,
              'demonitor_peer_refused_total{peer="fra"} 1\n')
    out = carbon.cli("peers").stdout
    world.has("for people", out, " refused: ")


def other_address():
    """An address of this machine that is not loopback, None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def test_pin(world, carbon, fra, ids):
    address = other_address()
    if not address:
        print("this machine has no address but loopback: no test of pins")
        return
    port = lib.free_port()
    carbon.write("demonitor.ttl",
                 ':this :name "carbon" ; :seal "1s" ; '
                 ':listen "127.0.0.1:%d", "%s:%d" .'
                 % (carbon.port, address, port))
    reload(carbon)
    url = "https://%s:%d" % (address, port)
    lib.until("carbon listens there too",
              lambda: url in carbon.json("id")["urls"])
    wrong = "sha256//" + "A" * 43 + "="
    fra.write("peers/carbon.ttl",
              PEER_OF_FRA % (ids["carbon"]["iri"], url, ':pin "%s" ;' % wrong))
    reload(fra)
    seen = wait_row("another key is refused", fra, "carbon", has_reason("pin"))
    world.has("what to do", seen["advice"], ":pin")
    fra.write("peers/carbon.ttl",
              PEER_OF_FRA % (ids["carbon"]["iri"], url,
                             ':pin "%s" ;' % ids["carbon"]["pin"]))
    reload(fra)
    wait_row("the right key is taken", fra, "carbon", is_connected, SOON)


def test_fork(world, carbon, fra, ids):
    """A copy of carbon with its key goes on by itself; then fra meets it."""
    carbon.stop()
    twin = world.daemon("twin")
    twin.write_node('; :seal "1s"')
    twin.write("checks.ttl", CHECKS % twin.port)
    shutil.rmtree(twin.data)
    shutil.copytree(carbon.data, twin.data)
    begun = row(fra, "carbon")["held"]["seq"]
    twin.start()  # Alone: nobody whom it could ask
    carbon.start()
    wait_row("carbon goes on too", fra, "carbon",
             lambda found: found["held"]["seq"] > begun + 1)
    carbon.stop()
    held = row(fra, "carbon")["held"]["seq"]
    lib.until("the copy is further", lambda: any(
        each["self"] and each["held"]["seq"] > held
        for each in twin.get("/api/v1/peers").json["peers"]))
    secret(twin, "from-fra", SECRET)
    twin.write("peers/fra.ttl", PEER_OF_CARBON % ids["fra"]["iri"])
    reload(twin)
    fra.write("peers/carbon.ttl",
              PEER_OF_FRA % (ids["carbon"]["iri"],
                             "http://127.0.0.1:%d" % twin.port, ""))
    reload(fra)

    def forked():
        for each in fra.get("/api/v1/peers").json["peers"]:
            if each["state"] == "forked":
                return each
        return None

    seen = lib.until("fra has the proof", forked)
    world.same("of carbon", seen["log"], ids["carbon"]["log"])
    proof = seen["held"]["fork"]
    world.check("two entries", len(set(proof)) == 2, proof)
    world.check("of the first that differs",
                begun < seen["held"]["forkedAt"] <= held, (begun, seen, held))
    world.has("what to do", seen["advice"], "PEERS.md")
    out = fra.cli("peers").stdout
    world.check("100 columns", max(map(len, out.splitlines())) <= 100, out)
    page = fra.get("/peers").text
    for cid in proof:
        world.has("for people", out, cid)
        world.has("on the page", page, cid)
    world.has("in status", fra.cli("status").stdout, "forked")


def main():
    with lib.World() as world:
        carbon = start(world, "carbon")
        fra = start(world, "fra")
        ids = {each.name: each.json("id") for each in (carbon, fra)}
        world.has("alone it says how to begin", carbon.cli("peers").stdout,
                  "peers/NAME.ttl")
        secret(carbon, "from-fra", SECRET)
        secret(fra, "to-carbon", SECRET)
        carbon.write("peers/fra.ttl", PEER_OF_CARBON % ids["fra"]["iri"])
        fra.write("peers/carbon.ttl",
                  PEER_OF_FRA % (ids["carbon"]["iri"],
                                 "http://127.0.0.1:%d" % carbon.port, ""))
        reload(carbon)
        reload(fra)
        test_both(world, carbon, fra)
        test_forms(world, carbon, fra)
        test_away(world, carbon, fra)
        test_restored_backup(world, carbon, fra)
        test_wrong_token(world, fra)
        test_refused(world, carbon, ids)
        test_pin(world, carbon, fra, ids)
        test_fork(world, carbon, fra, ids)


main()
