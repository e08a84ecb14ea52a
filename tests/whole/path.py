#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What fails on one node rings at another.

    node a, Alertmanager │ router, masquerades │ node b, nginx
       10.77.1.2 ────────┼── .1.1       .2.1 ──┼── 10.77.2.2

b can reach a, a cannot reach b. Each follows the other: over connections that b
opens. nginx stops, and a knows it; both heads tell one Alertmanager the same
bytes; both are killed while it fires; nginx comes back; the link is cut for a
minute. Times are measured from the results' own dm:at: there is one clock.
"""

import contextlib
import ctypes
import datetime
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import alerts
import lib
import log

PREFIX = "dm-path-"  # Of the namespaces, before the process id
NET_A, NET_B = "10.77.1", "10.77.2"
ADDRESS_A, ADDRESS_B = NET_A + ".2", NET_B + ".2"
ROUTER_A, ROUTER_B = NET_A + ".1", NET_B + ".1"
PORT, PEER_PORT = 3223, 3224
CUT = 60.0  # Seconds
WHOLE = 60.0  # So long a head waits for who may come
SEAL = "5s"
N_LOAD = 50
SEEN_WITHIN = 3.0  # A status change, at the other node
CAUGHT_UP_WITHIN = 10.0  # After the link has healed
NO_NEWS = 6.0  # So long nothing else is told after a restart

LOOK = "dmt_shown_by_the_test"  # Another peer's would tell that it comes
WEB = ("CheckFailing", "web")
SOURCES = ("127.0.0.1", ROUTER_A)  # Of a's posts, of b's: masqueraded

TOKENS = {"to-b": "dmt_a_shows_this_to_b", "to-a": "dmt_b_shows_this_to_a"}

PEER = """
<peers/%(name)s> a :Peer ; :name "%(name)s" ; :log <ipns://%(log)s> ; %(place)s
  :auth "Bearer ${file:to-%(name)s}" ; :token "peer ${file:from-%(name)s}" .
"""
WATCHED = """
<%s> a :HttpCheck ; :url "http://127.0.0.1:%d/" ; :every "2s" ; :retries 0 ;
  :timeout "5s" ; :expect "status == 200" .
"""
NFT = """
table ip nat {
  chain out {
    type nat hook postrouting priority srcnat;
    oifname "to-a" masquerade
  }
}
table ip filter {
  chain through {
    type filter hook forward priority filter;
    iifname "to-a" ct state new drop
  }
}
"""

libc = ctypes.CDLL(None, use_errno=True)


def run(*words, code=0, **more):
    result = subprocess.run(words, capture_output=True, text=True, check=False,
                            **more)
    if code is not None and result.returncode != code:
        raise AssertionError("%s: %s" % (" ".join(words), result.stderr))
    return result


def set_namespace(path):
    with open(path, "rb") as file:
        if libc.setns(file.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")


class Space:
    """A network namespace. Within it, this thread and what it starts are in
    it; sockets stay where they were made."""

    def __init__(self, letter):
        self.name = "%s%d-%s" % (PREFIX, os.getpid(), letter)
        run("ip", "netns", "add", self.name)
        self.depth = 0
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        run("ip", "-n", self.name, *words)

    def __enter__(self):
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY) \
            if not self.depth else self.before
        self.depth += 1
        set_namespace("/run/netns/" + self.name)
        return self

    def __exit__(self, *_):
        self.depth -= 1
        if not self.depth:
            libc.setns(self.before, 0)
            os.close(self.before)


def remove_namespaces(process):
    """Of this process, with all that runs in them."""
    for line in run("ip", "netns", "list").stdout.splitlines():
        name = line.split()[0]
        if name.startswith("%s%d-" % (PREFIX, process)):
            for pid in run("ip", "netns", "pids", name).stdout.split():
                if int(pid) != os.getpid():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), 9)
            run("ip", "netns", "del", name)


def clean_up():
    """What an earlier run, which was killed, has left"""
    for line in run("ip", "netns", "list").stdout.splitlines():
        found = re.match(PREFIX + r"(\d+)-", line)
        if found and not os.path.exists("/proc/" + found.group(1)):
            remove_namespaces(int(found.group(1)))


class Net:
    """The three namespaces"""

    def __init__(self):
        self.a, self.router, self.b = (Space(letter) for letter in "arb")
        for space, net, link in ((self.a, NET_A, "to-a"),
                                 (self.b, NET_B, "to-b")):
            run("ip", "link", "add", link, "netns", self.router.name,
                "type", "veth", "peer", "name", "eth0", "netns", space.name)
            self.router.ip("address", "add", net + ".1/24", "dev", link)
            self.router.ip("link", "set", link, "up")
            space.ip("address", "add", net + ".2/24", "dev", "eth0")
            space.ip("link", "set", "eth0", "up")
            space.ip("route", "add", "default", "via", net + ".1")
        with self.router:
            run("nft", "-f", "-", input=NFT)
            with open("/proc/sys/net/ipv4/ip_forward", "w",
                      encoding="ascii") as file:
                file.write("1")

    def cut(self):
        self.router.ip("link", "set", "to-b", "down")

    def heal(self):
        self.router.ip("link", "set", "to-b", "up")


class Proxy:
    """Before Alertmanager: keeps what each head posts."""

    def __init__(self, target):
        self.posts = []  # (time, address, alerts)
        self.server = lib.Server(("0.0.0.0", 0), self.handler(target))
        self.port = self.server.server_address[1]
        # Its threads are in the namespace that this one is in now
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self, target):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                n = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(n)
                proxy.posts.append((time.time(), self.client_address[0],
                                    json.loads(body)))
                answer = lib.request(
                    target, "POST", self.path, body=body,
                    headers={"Content-Type": "application/json"})
                with contextlib.suppress(OSError):  # The link was cut
                    self.send_response(answer.status)
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)

            def log_message(self, *arguments):
                pass

        return Handler

    def of(self, address, since=0.0):
        """(time, alert) of each post of b's web by this head"""
        return [(at, alert) for at, source, told in list(self.posts)
                for alert in told if source == address and at >= since and
                (alert["labels"]["alertname"],
                 alert["labels"].get("check")) == WEB]


class Node(lib.Daemon):
    """A node in its namespace"""

    def __init__(self, world, name, space, checks, settings, beyond=""):
        self.space = space
        self.beyond = beyond  # Where else it listens
        super().__init__(world, name, checks=checks, settings=settings +
                         '; :seal "%s"' % SEAL)
        world.daemons.append(self)

    def write_node(self, settings=""):
        self.port = PORT
        self.write("demonitor.ttl", ':this :name "%s" ; :listen '
                   '"127.0.0.1:%d"%s %s .' % (self.name, self.port,
                                              self.beyond, settings))

    def start(self, *words):
        with self.space:
            return super().start(*words)

    def cli(self, *words, **more):
        with self.space:
            return super().cli(*words, **more)

    def get(self, path, method="GET", **more):
        with self.space:
            return super().get(path, method, **more)

    def state(self, k, check):
        """What its view says of a node's check: (status, at)"""
        rows = self.query(
            'SELECT ?status ?at { GRAPH :now { ?s :node <ipns://%s> ; '
            ':name "%s" ; :status ?status ; :at ?at } }' % (k, check))
        return (rows[0]["status"].rsplit("#")[1], alerts.seconds(rows[0]["at"])
                ) if rows else (None, 0.0)

    def wait_state(self, k, check, status, patience=lib.PATIENCE):
        """When its view says so: (by the clock, dm:at of the result)"""
        def is_there():
            seen, at = self.state(k, check)
            return (time.time(), at) if seen == status else None
        return lib.until("%s says that %s is %s" % (self.name, check, status),
                         is_there, patience)

    def query(self, text):
        return super().query("PREFIX : <https://w3id.org/demonitor#> " + text)

    def seq(self, k):
        """The newest entry of a log that it holds"""
        answer = self.get("/demonitor/v1/heads", headers={
            "Authorization": "Bearer " + LOOK})
        return max([line["seq"] for line in answer.json["logs"]
                    if line["log"] == k], default=0)

    def export(self, k):
        return self.cli("export", "nquads", "--graph", "ipns://" + k).stdout


class Nginx(alerts.Nginx):
    """In the namespace of b"""

    def __init__(self, world, program, space):
        self.space = space
        super().__init__(world, program)

    def start(self):
        with self.space:
            super().start()


def measured(world, what, seconds, most):
    print("%-58s %6.2f s" % (what, seconds), flush=True)
    world.check(what + " in time", seconds <= most, "%.2f s" % seconds)


def load(node, port):
    return "".join(WATCHED % ("%s/%02d" % (node, i), port)
                   for i in range(N_LOAD))


def can_connect(space, host, port):
    with space:
        try:
            lib.socket.create_connection((host, port), timeout=1).close()
            return True
        except OSError:
            return False


def introduce(world, a, b):
    """Write the peer files by hand; the daemons take them over."""
    for node, other in ((a, b), (b, a)):
        node.write("secrets/to-" + other.name, TOKENS["to-" + other.name],
                   mode=0o600)
        node.write("secrets/from-" + other.name, TOKENS["to-" + node.name],
                   mode=0o600)
        place = "" if other is b else \
            ':url <https://%s:%d> ; :pin "%s" ;' % (ADDRESS_A, PEER_PORT,
                                                    a.identity["pin"])
        node.write("secrets/from-look", LOOK, mode=0o600)
        node.write("secrets/to-look", LOOK, mode=0o600)
        node.write("peers/look.ttl", PEER % {
            "name": "look", "log": log.OTHER, "place": ":follow :none ;"})
        node.write("peers/%s.ttl" % other.name, PEER % {
            "name": other.name, "log": other.k, "place": place})
        node.cli("validate")
    began = time.time()
    for node, other, check in ((a, b, "web"), (b, a, "page")):
        node.wait_state(other.k, check, "ok")
    measured(world, "peers are written until both see each other",
             time.time() - began, 10)


def told(webhook):
    """(alertname, check, status) of all that was notified but for signs of
    life, in order"""
    return [(alert["labels"]["alertname"], alert["labels"].get("check"),
             alert["status"])
            for _, _, _, _, body in list(webhook.requests)
            for alert in json.loads(body)["alerts"]
            if alert["labels"]["alertname"] != "DeadMansSwitch"]


def identity(alert):
    """The bytes that both heads are to agree on"""
    return json.dumps([alert[key] for key in
                       ("labels", "annotations", "startsAt")])


def both_tell(world, a, b, nginx, proxy, webhook):
    before = time.time()
    nginx.stop()
    seen, at = a.wait_state(b.k, "web", "critical")
    measured(world, "nginx stopped on b: result until a's query says so",
             seen - at, SEEN_WITHIN)
    by_cli = a.cli("--json", "query", "PREFIX : <https://w3id.org/demonitor#> "
                   'SELECT ?at { GRAPH <ipns://%s> { << ?c :status :critical '
                   '>> :at ?at } }' % b.k).stdout
    world.has("demonitor query of a's history of b", by_cli, "20")
    lib.until("Alertmanager tells it",
              lambda: WEB + ("firing",) in told(webhook))
    measured(world, "result until Alertmanager has told",
             webhook.requests[-1][0] - at, 6)

    def last_posts():
        posts = [proxy.of(source, before) for source in SOURCES]
        return [each[-1][1] for each in posts] if all(posts) else None
    lib.until("both heads have posted it", last_posts)
    lib.until("both heads post the same bytes", lambda:
              len({identity(alert) for alert in last_posts()}) == 1,
              patience=10)
    first = [proxy.of(source, before)[0] for source in SOURCES]
    measured(world, "result until b has posted it", first[1][0] - at, 3)
    measured(world, "result until a has posted it", first[0][0] - at, 4)
    starts = {alert["startsAt"] for source in SOURCES
              for _, alert in proxy.of(source, before)}
    world.same("every post has one startsAt", len(starts), 1)
    world.same("and it is the first bad result's time",
               [alerts.seconds(each) for each in starts], [at])
    world.same("what was told", told(webhook), [WEB + ("firing",)])


def goes_on(world, a, b, what):
    """New results are sealed, and come to the other node."""
    began = time.time()
    for node, other, check in ((a, b, "web"), (b, a, "page")):
        lib.until("%s has new results of %s" % (node.name, other.name),
                  lambda node=node, k=other.k, check=check:
                  node.state(k, check)[1] > began)
    measured(world, what + " until both have new results of each other",
             time.time() - began, 15)


def kill_both(world, a, b, proxy, webhook):
    for node in (a, b):
        node.kill()
    began = time.time()
    for node in (a, b):
        node.start()
    lib.until("both heads post it again", lambda: all(
        proxy.of(source, began) for source in SOURCES))
    measured(world, "kill -9 of both until both have posted it again",
             max(proxy.of(source, began)[0][0] for source in SOURCES) - began,
             15)
    goes_on(world, a, b, "kill -9 of both")
    lib.until("nothing for a while", lambda: time.time() > began + NO_NEWS)
    world.same("no second notification, no resolve", told(webhook),
               [WEB + ("firing",)])
    resolved = [alert for source in SOURCES
                for _, alert in proxy.of(source, began)
                if alerts.seconds(alert["endsAt"]) <= time.time()]
    world.same("and none was posted", resolved, [])


def resolve(world, a, b, nginx, webhook, before):
    nginx.start()
    seen, at = a.wait_state(b.k, "web", "ok")
    measured(world, "nginx started on b: result until a's query says so",
             seen - at, SEEN_WITHIN)
    lib.until("Alertmanager tells that it is resolved",
              lambda: len(told(webhook)) > len(before))
    world.same("resolved, once", told(webhook), before + [WEB + ("resolved",)])


def other_way(world, a, b, page):
    """What b sees of a"""
    for status, word in ((500, "critical"), (200, "ok")):
        page.status = status
        seen, at = b.wait_state(a.k, "page", word)
        measured(world, "a's page is %s: result until b's query says so"
                 % word, seen - at, SEEN_WITHIN)


EVENT = re.compile(r"(?:<< ?)?<ipns://[^#>]*#(\d+)\.(\d+)>")


def keys_of(lines):
    return [(int(m.group(1)), int(m.group(2))) for m in
            (EVENT.match(line) for line in lines) if m]


def difference(node, other, k):
    """Lines that only one has, up to the last event that both hold"""
    lines = [set(each.export(k).splitlines()) for each in (node, other)]
    keys = [keys_of(each) for each in lines]
    if not all(keys):
        return ["nothing"]
    last = min(max(each) for each in keys)

    def is_later(line):
        found = EVENT.match(line)
        return found and (int(found.group(1)), int(found.group(2))) > last
    return sorted(line for line in lines[0] ^ lines[1] if not is_later(line))


def caught_up(world, a, b, what):
    """Each holds what the other has sealed until now."""
    began = time.time()
    sealed = {node: node.seq(node.k) for node in (a, b)}
    for node, other in ((a, b), (b, a)):
        lib.until("%s has caught up with %s" % (node.name, other.name),
                  lambda node=node, other=other:
                  node.seq(other.k) >= sealed[other], patience=90)
        measured(world, what + " until %s has caught up with %s"
                 % (node.name, other.name), time.time() - began,
                 CAUGHT_UP_WITHIN)


def sleep_through(world, a, b, nginx, proxy, webhook, before):
    """nginx comes back while a is dead: a was not there, and does not tell
    again what it still believes when it starts."""
    a.kill()
    nginx.start()
    lib.until("Alertmanager tells that it is resolved",
              lambda: len(told(webhook)) > len(before))
    began = time.time()
    a.start()
    seen, _ = a.wait_state(b.k, "web", "ok")
    measured(world, "a started until its query says that nginx is back",
             seen - began, CAUGHT_UP_WITHIN)
    goes_on(world, a, b, "a started")
    world.same("resolved, once", told(webhook), before + [WEB + ("resolved",)])
    world.same("a has not told again what was over",
               [alert for _, alert in proxy.of(SOURCES[0], began)
                if alerts.seconds(alert["endsAt"]) > time.time()], [])


def cut_and_heal(world, net, a, b, proxy, webhook, before):
    net.cut()
    began = time.time()
    world.check("the link is cut", not can_connect(net.b, ADDRESS_A, PEER_PORT))
    a.kill()
    a.start()
    restarted = time.time()
    posted = lib.until("a posts it again",
                       lambda: proxy.of(SOURCES[0], restarted),
                       patience=2 * WHOLE)[0][0]
    measured(world, "a started alone until it tells what it cannot ask of b",
             posted - restarted, WHOLE + 3)
    world.check("it has waited for b", posted - restarted > WHOLE - 3)
    lib.until("the cut is over", lambda: time.time() > began + CUT,
              patience=2 * CUT, pause=0.5)
    world.same("during the cut nothing is told", told(webhook), before)
    for node, other, check in ((a, b, "b/00"), (b, a, "a/00")):
        world.check("%s has heard nothing of %s" % (node.name, other.name),
                    node.state(other.k, check)[1] < began + 5)
    net.heal()
    caught_up(world, a, b, "link healed")
    goes_on(world, a, b, "link healed")
    for k in (a.k, b.k):
        left = difference(a, b, k)
        world.check("exports are equal", not left, "\n".join(left[:10]))
    world.same("nothing was resolved", told(webhook), before)
    world.same("nor posted by a, which could not know", [
        alert for at, alert in proxy.of(SOURCES[0], restarted)
        if alerts.seconds(alert["endsAt"]) <= at], [])


def verify(world, a, b):
    script = os.path.join(os.environ.get("DM_SHARED", "../shared"), "wire",
                          "verify_log.py")
    if not os.path.exists(script):
        print("no verify_log.py here: logs are not verified by it")
        return
    for node in (a, b):
        with node.space:
            result = run("/usr/bin/python3", script, "--url",
                         "http://127.0.0.1:%d" % PORT, "--token", LOOK,
                         code=None)
        text = result.stdout + result.stderr
        if "ModuleNotFoundError" in text:
            print("no python3-nacl or python3-zstandard: not verified by it")
            return
        world.same("verify_log.py of %s" % node.name, result.returncode, 0)
        for k in (a.k, b.k):
            world.has("it has seen", text, k)
        print(text.rstrip())


def scene(world, net, programs):
    webhook_space = net.a
    with webhook_space:
        webhook, page, busy_a = (lib.Recorder() for _ in range(3))
        proxy = Proxy(alerts.start_alertmanager(world, programs[1], webhook))
    nginx = Nginx(world, programs[0], net.b)
    nginx.start()
    with net.b:
        busy_b = lib.Recorder()
    a = Node(world, "a", net.a, checks=WATCHED % ("page", page.port) +
             load("a", busy_a.port), beyond=', "[::]:%d"' % PEER_PORT,
             settings="; :alertmanager <http://127.0.0.1:%d>" % proxy.port)
    b = Node(world, "b", net.b, checks=WATCHED % ("web", nginx.port) +
             load("b", busy_b.port), settings="; :alertmanager <http://%s:%d>"
             % (ADDRESS_A, proxy.port))
    for node in (a, b):
        node.start()
        node.identity = node.json("id")
        node.k = node.identity["log"]
    world.check("b can reach a", can_connect(net.b, ADDRESS_A, PEER_PORT))
    for host in (ADDRESS_B, ROUTER_A):
        world.check("a cannot reach b", not can_connect(net.a, host, PORT))
    b.wait_status("web", "ok")
    introduce(world, a, b)
    other_way(world, a, b, page)
    lib.until("a's page was told", lambda: len(told(webhook)) > 1)
    world.same("what was told of it", told(webhook),
               [("CheckFailing", "page", "firing"),
                ("CheckFailing", "page", "resolved")])
    webhook.requests.clear()
    both_tell(world, a, b, nginx, proxy, webhook)
    kill_both(world, a, b, proxy, webhook)
    sleep_through(world, a, b, nginx, proxy, webhook, told(webhook))
    nginx.stop()
    lib.until("it is told anew", lambda: len(told(webhook)) > 2)
    a.wait_state(b.k, "web", "critical")
    cut_and_heal(world, net, a, b, proxy, webhook, told(webhook))
    resolve(world, a, b, nginx, webhook, told(webhook))
    verify(world, a, b)
    for node in (a, b):
        world.same("%s ends well" % node.name, node.stop(), 0)


def main():
    programs = [lib.need("/usr/sbin/nginx"),
                lib.need("/usr/bin/prometheus-alertmanager")]
    lib.need("/usr/sbin/nft")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # And clean up
    try:
        clean_up()
        net = Net()
    except (AssertionError, OSError) as error:
        with contextlib.suppress(AssertionError):
            remove_namespaces(os.getpid())
        lib.skip("no namespaces, or no NAT: %s" % str(error).strip())
    began = time.time()
    try:
        with lib.World() as world:
            scene(world, net, programs)
            print("all of it: %.0f s" % (time.time() - began))
    finally:
        remove_namespaces(os.getpid())


if __name__ == "__main__":
    main()
