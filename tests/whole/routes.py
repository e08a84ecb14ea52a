#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The routes of one node, as interface.md section 4 tells them."""

import contextlib
import http.client
import json
import os
import re
import socket
import sqlite3
import struct
import threading
import time
import urllib.parse
import xml.etree.ElementTree

import lib

SPARQL_JSON = "application/sparql-results+json"
KEY = "dmp_0123456789abcdef"
TOKEN = "readers-token-1"
PEER_TOKEN = "token-that-b-shows"
PEER_FILE = """
<peers/b> a :Peer ; :name "b" ;
  :log <ipns://k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4> ;
  :auth "Bearer ${file:to-b}" ; :token "peer ${file:from-b}" .
"""

CHECKS = """
<page> a :HttpCheck ; :url "%s" ; :every "500ms" ; :retries 0 ;
  :expect "status == 200" .
<backup> a :Heartbeat ; :every "1d" ; :grace "1h" .
<deep/job> a :Heartbeat ; :every "1d" ; :grace "1h" .
"""

# Some 10^11 solutions: no limit of ours may wait for them
ENDLESS = ("SELECT (COUNT(*) AS ?n) { " +
           " ".join("?a%d ?b%d ?c%d ." % (i, i, i) for i in range(7)) + " }")


def sparql(daemon, query, accept=None, **fields):
    fields["query"] = query
    return daemon.get("/sparql?" + urllib.parse.urlencode(fields),
                      headers={"Accept": accept} if accept else None)


def is_answered(daemon):
    """Whether there is room for one more; a connection too many is cut."""
    try:
        return sparql(daemon, "ASK {}").status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_query_forms(world, daemon):
    query = 'SELECT ?n { ?c :name ?n } ORDER BY ?n'
    names = ["backup", "deep/job", "page"]

    def of(answer):
        world.same("status", answer.status, 200)
        return [row["n"]["value"]
                for row in answer.json["results"]["bindings"]
                if row["n"]["value"] in names]
    world.same("GET", sorted(set(of(sparql(daemon, query)))), names)
    post = daemon.get("/sparql", "POST", body=query,
                      headers={"Content-Type": "application/sparql-query"})
    world.same("POST", sorted(set(of(post))), names)
    form = daemon.get(
        "/sparql", "POST", body=urllib.parse.urlencode({"query": query}),
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    world.same("POST of a form", sorted(set(of(form))), names)
    head = daemon.get("/sparql?query=" + urllib.parse.quote(query), "HEAD")
    world.same("HEAD", (head.status, head.body), (200, b""))
    world.same("type of HEAD", head.headers["Content-Type"], SPARQL_JSON)
    world.same("unknown parameters are ignored",
               sparql(daemon, query, colour="blue").status, 200)
    other = daemon.get("/sparql", "POST", body=query,
                       headers={"Content-Type": "text/html"})
    world.same("415", other.status, 415)
    update = daemon.get("/sparql", "POST", body="CLEAR ALL",
                        headers={"Content-Type": "application/sparql-update"})
    world.same("update is refused", update.status, 403)


def test_formats(world, daemon):
    query = 'SELECT ?c { ?c :name "page" }'
    types = {"json": SPARQL_JSON,
             "xml": "application/sparql-results+xml",
             "csv": "text/csv", "tsv": "text/tab-separated-values"}
    for name, media in types.items():
        by_accept = sparql(daemon, query, accept=media)
        by_name = sparql(daemon, query, format=name)
        for answer in (by_accept, by_name):
            world.same(name, answer.status, 200)
            world.check("type of " + name, answer.headers["Content-Type"]
                        .startswith(media), answer.headers["Content-Type"])
        world.same("both ways of " + name, by_accept.body, by_name.body)
    world.check("XML is XML", xml.etree.ElementTree.fromstring(
        sparql(daemon, query, format="xml").text) is not None)
    world.same("what Accept likes best",
               sparql(daemon, query, accept="text/html, text/csv;q=0.5, "
                      "application/sparql-results+xml;q=0.9, */*;q=0.1")
               .headers["Content-Type"].split(";")[0],
               "application/sparql-results+xml")
    world.same("406", sparql(daemon, query, accept="image/png").status, 406)
    world.same("406 by format=", sparql(daemon, query, format="png").status,
               406)
    world.same("ASK", sparql(daemon, 'ASK { ?c :name "page" }').json["boolean"],
               True)
    world.same("ASK as CSV",
               sparql(daemon, "ASK {}", format="csv").status, 406)


def test_graphs(world, daemon):
    build = 'CONSTRUCT { ?c :name ?n } { ?c :name ?n FILTER (?n = "page") }'
    for name, media in (("turtle", "text/turtle"),
                        ("trig", "application/trig"),
                        ("ntriples", "application/n-triples"),
                        ("nquads", "application/n-quads")):
        answer = sparql(daemon, build, accept=media)
        world.same("CONSTRUCT as " + name, answer.status, 200)
        world.check("its type", answer.headers["Content-Type"].startswith(
            media), answer.headers["Content-Type"])
        world.same("by name", sparql(daemon, build, format=name).body,
                   answer.body)
        lines = daemon.cli("parse", "--from", name, text=answer.text).stdout
        world.has("its triple", lines,
                  '<https://w3id.org/demonitor#name> "page" .\n')
    world.same("Turtle is what comes without Accept",
               sparql(daemon, build).headers["Content-Type"].split(";")[0],
               "text/turtle")
    described = sparql(daemon, 'DESCRIBE ?c { ?c :name "page" }',
                       format="ntriples").text
    world.has("DESCRIBE", described, "https://w3id.org/demonitor#every")
    world.same("a graph is no CSV", sparql(daemon, build, format="csv").status,
               406)
    world.same("a table is no Turtle",
               sparql(daemon, "SELECT * {}", accept="text/turtle").status, 406)


def test_errors(world, daemon):
    wrong = sparql(daemon, "SELECT ?x {\n  ?x ?y }")
    world.same("400", wrong.status, 400)
    world.same("its type", wrong.headers["Content-Type"].split(";")[0],
               "application/problem+json")
    problem = wrong.json
    world.same("its line", problem["line"], 2)
    world.check("its column", problem["column"] > 1, problem)
    world.same("its status", problem["status"], 400)
    world.check("type, title and detail", problem["type"] and
                problem["title"] and problem["detail"], problem)
    text = sparql(daemon, "SELECT", accept="text/plain, " + SPARQL_JSON +
                  ";q=0.5")
    world.same("text where Accept prefers it",
               text.headers["Content-Type"].split(";")[0], "text/plain")
    put = daemon.get("/sparql", "PUT", body="x")
    world.same("405", put.status, 405)
    world.same("Allow", put.headers["Allow"], "GET, HEAD, POST")
    world.same("Allow of a page", daemon.get("/", "POST").headers["Allow"],
               "GET, HEAD")
    big = daemon.get("/sparql", "POST", body="#" * 70000,
                     headers={"Content-Type": "application/sparql-query"})
    world.same("413", big.status, 413)
    world.same("404", daemon.get("/nothing").status, 404)
    world.same("no query", daemon.get("/sparql?query=").status, 400)


def test_strangers(world, daemon):
    for path in ("/", "/sparql?query=ASK%20%7B%7D", "/ping/backup",
                 "/metrics", "/-/healthy"):
        world.same("a foreign Host at " + path, daemon.get(
            path, headers={"Host": "evil.example"}).status, 403)
        world.same("a foreign Origin at " + path, daemon.get(
            path, headers={"Origin": "https://evil.example"}).status, 403)
    for host in ("localhost", "127.0.0.1", "[::1]", daemon.name):
        world.same("our own Host " + host, daemon.get(
            "/-/healthy", headers={"Host": "%s:%d" % (host, daemon.port)}
        ).status, 200)
    world.same("our own Origin", daemon.get("/-/healthy", headers={
        "Origin": "http://localhost:%d" % daemon.port}).status, 200)
    world.same("write needs more than loopback",
               daemon.get("/-/reload", "POST").status, 401)


def test_description(world, daemon):
    answer = daemon.get("/sparql")
    world.same("service description", answer.status, 200)
    world.same("its type", answer.headers["Content-Type"].split(";")[0],
               "text/turtle")
    lines = daemon.cli("parse", "--from", "turtle", "--base",
                       "http://127.0.0.1/", text=answer.text).stdout
    world.has("what it says", lines, "service-description#Service>")


def test_limits(world, daemon):
    began = time.monotonic()
    slow = sparql(daemon, ENDLESS, timeout="1")
    world.same("408", slow.status, 408)
    world.check("soon", time.monotonic() - began < 15)
    began = time.monotonic()
    lowered = daemon.get("/sparql?query=" + urllib.parse.quote(ENDLESS),
                         headers={"Prefer": "wait=1"})
    world.same("Prefer: wait", lowered.status, 408)
    world.check("as soon", time.monotonic() - began < 15)
    rows = sparql(daemon, "SELECT * { ?s ?p ?o }", limit="3")
    world.same("too many rows", rows.status, 413)
    # A client that leaves makes room: 4 run and 16 wait at a time
    clients = []
    for _ in range(20):
        s = socket.create_connection(("127.0.0.1", daemon.port))
        s.sendall(("GET /sparql?timeout=25&query=%s HTTP/1.1\r\n"
                   "Host: localhost\r\n\r\n"
                   % urllib.parse.quote(ENDLESS)).encode())
        clients.append(s)
        if len(clients) % 8 == 7:
            break  # 8 connections of one address
    for s in clients:
        s.close()
    began = time.monotonic()
    lib.until("a query is answered after its forerunners left",
              lambda: is_answered(daemon))
    world.check("at once", time.monotonic() - began < 15)


def test_ping(world, daemon):
    def ping(path, method="GET", **more):
        return daemon.get("/ping/" + path, method, **more)

    def status():
        return daemon.status("backup")["status"]
    answer = ping("backup")
    world.same("ping", (answer.status, answer.text.strip()), (200, "OK"))
    daemon.wait_status("backup", "ok")
    world.same("HEAD", ping("backup", "HEAD").status, 200)
    world.same("POST", ping("backup", "POST", body="all done\n").status, 200)
    lib.until("the body is the message", lambda: "all done" in
              daemon.status("backup")["states"][0]["message"])
    world.same("/start", ping("backup/start").status, 200)
    world.same("/log", ping("backup/log", "POST", body="step 2").status, 200)
    world.same("neither changes the status", status(), "ok")
    world.same("/fail", ping("backup/fail").status, 200)
    daemon.wait_status("backup", "critical")
    world.same("/0", ping("backup/0").status, 200)
    daemon.wait_status("backup", "ok")
    world.same("/255", ping("backup/255").status, 200)
    daemon.wait_status("backup", "critical")
    world.same("/256", ping("backup/256").status, 400)
    world.same("rid", ping("backup?rid=123e4567-e89b-12d3-a456-426614174000"
                           ).status, 200)
    world.same("a bad rid", ping("backup?rid=7").status, 400)
    answer = ping("nothing")
    world.same("404", (answer.status, answer.text.strip()),
               (404, "not found"))
    world.same("a name with a slash", ping("deep/job/1").status, 200)
    daemon.wait_status("deep/job", "critical")
    world.same("with its key", ping(KEY + "/deep/job").status, 200)
    daemon.wait_status("deep/job", "ok")
    world.same("the limit is told", ping("backup").headers["Ping-Body-Limit"],
               "10000")
    world.check("a body over the limit", ping(
        "backup", "POST", body="x" * 10001).status in (200, 413))


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*='
                    r'"(?:[^"\\\n]|\\[\\n"])*",?)*\})? (\S+)$')


def read_metrics(world, text):
    """Families with their samples; each must follow its HELP and TYPE."""
    families, samples, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split()[2]
            world.check("a family once: " + current, current not in families)
            families[current] = None
        elif line.startswith("# TYPE "):
            world.same("HELP before TYPE", line.split()[2], current)
            families[current] = line.split()[3]
        elif line != "# EOF":
            match = SAMPLE.match(line)
            world.check("a sample", match, line)
            if match:
                name, labels, value = match.groups()
                world.check("within its family", name in
                            (current, current + "_total"), line)
                world.check("once", (name, labels) not in samples, line)
                samples[name, labels or ""] = float(value)
    return families, samples


def test_metrics(world, daemon):
    answer = daemon.get("/metrics")
    world.has("its type", answer.headers["Content-Type"],
              "text/plain; version=0.0.4")
    world.check("ends with a line end", answer.text.endswith("\n"))
    families, samples = read_metrics(world, answer.text)
    world.same("probe_success", samples.get(
        ("probe_success", '{check="page",node="%s"}' % daemon.name)), 1.0)
    world.same("config", samples.get(("demonitor_config_valid", "")), 1.0)
    for name in ("probe_success", "probe_duration_seconds",
                 "demonitor_results_total", "demonitor_build_info"):
        world.check("family " + name, name in families)
    world.check("no # EOF", "# EOF" not in answer.text)
    answer = daemon.get("/metrics", headers={
        "Accept": "application/openmetrics-text; version=1.0.0"})
    world.has("OpenMetrics", answer.headers["Content-Type"],
              "application/openmetrics-text; version=1.0.0")
    world.check("# EOF", answer.text.endswith("\n# EOF\n"))
    families, samples = read_metrics(world, answer.text)
    for name, kind in families.items():
        world.check("a counter's family has no _total",
                    kind != "counter" or not name.endswith("_total"), name)
    world.check("results", samples.get(("demonitor_results_total", ""), 0) > 0)


class Events:
    """A client of /events"""

    def __init__(self, daemon, last=None):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", daemon.port, timeout=lib.PATIENCE)
        headers = {"Last-Event-ID": last} if last else {}
        self.connection.request("GET", "/events", headers=headers)
        self.response = self.connection.getresponse()

    def next(self, kind=None):
        """(id, event, data) of the next one of that kind"""
        fields = {}
        while True:
            line = self.response.fp.readline().decode() \
                if not self.response.chunked else self.line()
            if line == "":
                raise AssertionError("/events ended")
            line = line.rstrip("\n")
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif not line and "data" in fields:
                if kind in (None, fields["event"]):
                    return (int(fields["id"]), fields["event"],
                            json.loads(fields["data"]))
                fields = {}

    def line(self):
        text = b""
        while not text.endswith(b"\n"):
            byte = self.response.read(1)
            if not byte:
                return ""
            text += byte
        return text.decode()

    def close(self):
        self.connection.sock.close()
        self.connection.close()


def test_events(world, daemon, page):
    events = Events(daemon)
    world.same("/events", events.response.status, 200)
    world.has("its type", events.response.headers["Content-Type"],
              "text/event-stream")
    first, _, result = events.next("result")
    world.check("a result", result["check"] and result["status"] and
                result["node"] == daemon.name, result)
    page.status = 500
    number, _, state = events.next("state")
    world.same("a state", (state["check"], state["status"], state["before"]),
               ("page", "critical", "ok"))
    _, _, alert = events.next("alert")
    world.check("an alert", alert["alertname"], alert)
    events.close()
    page.status = 200
    daemon.wait_status("page", "ok")
    again = Events(daemon, last=str(number - 1))
    world.same("Last-Event-ID", again.next()[0], number)
    seen = [number]
    while len(seen) < 5:
        seen.append(again.next()[0])
    world.same("none is left out", seen, list(range(number, number + 5)))
    again.close()
    world.check("ids rise", first < number)


def test_pages(world, daemon):
    lib.until("all is well", lambda: "All well" in daemon.get("/").text)
    answer = daemon.get("/")
    world.has("its type", answer.headers["Content-Type"], "text/html")
    world.has("title", answer.text, "<title>\u2713 %s</title>" % daemon.name)
    for word in ("<!doctype html>", "All well", "page", "Add a check"):
        world.has("the page", answer.text, word)
    world.check("no script", "<script" not in answer.text)
    world.has("not to be cached", answer.headers["Cache-Control"], "no-store")
    world.same("HEAD", (daemon.get("/", "HEAD").status,
                        daemon.get("/", "HEAD").body), (200, b""))
    world.same("healthy", daemon.get("/-/healthy").status, 200)
    world.same("ready", daemon.get("/-/ready").status, 200)
    names = [c["name"] for c in daemon.get("/api/v1/status").json["checks"]]
    world.check("/api/v1/status", "page" in names, names)
    world.same("/api/v1/history", daemon.get(
        "/api/v1/history?check=page&since=1h").json["check"], "page")
    beat = daemon.get("/api/v1/history?check=backup").json
    world.check("a heartbeat's is of all nodes", beat["streaks"] and
                "node" not in beat, beat)
    world.same("unless one is asked for", daemon.get(
        "/api/v1/history?check=backup&node=" + daemon.name).json["node"],
        daemon.name)
    world.same("of nothing",
               daemon.get("/api/v1/history?check=x").status, 404)
    world.check("/api/v1/alerts",
                "alerts" in daemon.get("/api/v1/alerts").json)


def own_address():
    """An address of this machine that is not loopback, None without one"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # Nothing is sent
            return s.getsockname()[0]
        except OSError:
            return None


def test_outside(world):
    address = own_address()
    if not address or address.startswith("127."):
        print("no address but loopback: who comes from outside is not tried")
        return
    daemon = world.daemon("outside", checks="<b> a :Heartbeat ; :every \"1d\" .")
    port = lib.free_port()
    daemon.write_node('; :listen "%s:%d plain" ; :token "read ${file:read}", '
                      '"ping ${file:ping}"' % (address, port))
    daemon.write("secrets/read", TOKEN, mode=0o600)
    daemon.write("secrets/ping", KEY, mode=0o600)
    daemon.start()

    def ask(path, token=None, **more):
        headers = {"Authorization": "Bearer " + token} if token else {}
        return lib.request(port, "GET", path, host=address, headers=headers,
                           **more).status
    for path in ("/", "/sparql", "/metrics", "/events", "/ping/b",
                 "/api/v1/status"):
        world.same("without a token: " + path, ask(path), 401)
    world.same("with one", ask("/", TOKEN), 200)
    world.same("with a wrong one", ask("/", TOKEN + "x"), 401)
    world.same("the scheme in small letters", lib.request(
        port, "GET", "/", host=address,
        headers={"Authorization": "bearer " + TOKEN}).status, 200)
    world.same("with the wrong scope", ask("/", KEY), 403)
    world.same("ping with its key", ask("/ping/%s/b" % KEY), 200)
    world.same("ping with a wrong key", ask("/ping/dmp_wrong/b"), 401)
    world.same("ping with ?token=", ask("/ping/b?token=" + KEY), 200)
    world.same("health needs none", ask("/-/healthy"), 200)
    world.same("the end", daemon.stop(), 0)
    test_tls(world, address)


def test_tls(world, address):
    """Beyond loopback a node speaks TLS, with the key that follows from its
    seed, and knows a peer by its token."""
    daemon = world.daemon("tls", checks="<b> a :Heartbeat ; :every \"1d\" .")
    port = lib.free_port()
    daemon.write_node('; :listen "%s:%d" ; :token "read ${file:read}"'
                      % (address, port))
    daemon.write("peers/b.ttl", PEER_FILE)
    daemon.write("secrets/read", TOKEN, mode=0o600)
    daemon.write("secrets/from-b", PEER_TOKEN, mode=0o600)
    daemon.write("secrets/to-b", "shown-to-b", mode=0o600)
    daemon.cli("validate")
    daemon.start()
    identity = daemon.json("id")
    pin = identity["pin"]
    world.same("its URL", identity["urls"], ["https://%s:%d" % (address, port)])

    def ask(path, token=None, **more):
        headers = {"Authorization": "Bearer " + token} if token else {}
        return lib.request(port, "GET", path, host=address, headers=headers,
                           pin=pin, **more).status
    for path in ("/", "/sparql", "/events", "/ping/b", "/api/v1/id"):
        world.same("TLS without a token: " + path, ask(path), 401)
    world.same("TLS with a token", ask("/", TOKEN), 200)
    world.same("TLS with an unknown one", ask("/", TOKEN + "x"), 401)
    world.same("a peer may not read pages", ask("/", PEER_TOKEN), 403)
    heads = "/demonitor/v1/heads"
    world.same("the exchange without a token", ask(heads), 401)
    world.same("the exchange with a reader's", ask(heads, TOKEN), 403)
    world.same("the exchange with a peer's", ask(heads, PEER_TOKEN), 200)
    world.same("loopback is no peer", daemon.get(heads).status, 401)
    world.same("but with a token it is", daemon.get(heads, headers={
        "Authorization": "Bearer " + PEER_TOKEN}).status, 200)
    world.same("health needs none", ask("/-/healthy"), 200)
    try:
        plain = lib.request(port, "GET", "/-/healthy", host=address).status
    except (OSError, http.client.HTTPException):
        plain = None
    world.same("plain words get nothing", plain, None)

    files = [os.path.join(daemon.data, "tls", name)
             for name in ("cert.pem", "key.pem")]
    texts = [read(path) for path in files]
    for path in files:
        world.same("mode of " + path, os.stat(path).st_mode & 0o777, 0o600)
    world.same("the end", daemon.stop(), 0)
    os.remove(files[0])
    with open(files[1], "w", encoding="ascii") as file:
        file.write("something else")
    daemon.start()
    world.same("files of TLS, made again", [read(path) for path in files], texts)
    world.same("the pin stays", daemon.json("id")["pin"], pin)
    world.same("and is shown", ask("/-/healthy"), 200)
    world.same("the end again", daemon.stop(), 0)

    daemon.start()
    for listen in ('"[::]:%d"', '"[::]:%d", "0.0.0.0:%d"', '"0.0.0.0:%d"'):
        old, port = port, lib.free_port()
        listen = listen.replace("%d", str(port))
        daemon.write_node("; :listen " + listen) # It moves by itself
        url = "https://%s:%d" % (address, port)
        urls = lib.until("it listens on " + listen, lambda: [
            urls for urls in [daemon.json("id")["urls"]] if url in urls])[0]
        world.same("its URL, once: " + listen, urls.count(url), 1)
        world.same("no other scheme or port", [
            text for text in urls if not text.startswith("https://") or
            not text.endswith(":%d" % port)], [])
        world.same("it is there: " + listen, lib.request(
            port, "GET", "/-/healthy", host=address, pin=pin).status, 200)
        try:
            lib.request(old, "GET", "/-/healthy", host=address, pin=pin)
            world.check("it is still at %d" % old, False)
        except OSError:
            pass
    world.same("the end of all", daemon.stop(), 0)


def test_followed(world, daemon):
    """A log that was heard of an hour ago, and never since"""
    heard = int((time.time() - 3600) * 1000)
    record = struct.pack("<BqqqQQQ", 1, heard, heard, 0, 7, 10, 0)
    with contextlib.closing(sqlite3.connect(
            os.path.join(daemon.data, "demonitor.db"))) as store:
        store.execute("INSERT INTO state VALUES ('seen', ?, ?)",
                      (b"ipns://k51other", record))
        store.commit()
    daemon.start()
    document = daemon.get("/api/v1/status").json
    world.same("nodes", [(node["name"], node["iri"], node["behind"],
                          node["silent"], node["presence"])
                         for node in document["nodes"][1:]],
               [("k51other", "ipns://k51other", 3, True, "always")])
    world.same("a check that it does not have", daemon.get(
        "/api/v1/history?check=page&node=k51other").status, 404)
    rows = daemon.query("SELECT ?node ?silent { GRAPH :now { ?node a :Node ; "
                        ":name ?name ; :silent ?silent ; :lastSeen ?t } }")
    world.same("nodes of dm:now", sorted(row["silent"] for row in rows),
               ["false", "true"])
    text = daemon.get("/").text
    for part in ("<h2>Nodes</h2>", "k51other", "silent", "3 entries",
                 "1 problem"):
        world.has("the page", text, part)
    world.same("the end of it", daemon.stop(), 0)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def test_crowd(world, daemon):
    """Many at once, each gets an answer or is told to come again."""
    seen = []

    def ask():
        try:
            seen.append(sparql(daemon, "SELECT * { ?s ?p ?o } LIMIT 50").status)
        except (OSError, http.client.HTTPException):
            seen.append(0)  # Over the connections of one address
    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.check("answers of a crowd", set(seen) <= {0, 200, 429, 503} and
                200 in seen, seen)
    lib.until("a query is answered after them", lambda: is_answered(daemon))


def main():
    with lib.World() as world:
        page = lib.Recorder()
        daemon = world.daemon(checks=CHECKS % page.url,
                              settings='; :token "ping ${file:ping}"')
        daemon.write("secrets/ping", KEY, mode=0o600)
        daemon.start()
        daemon.wait_status("page", "ok")
        for test in (test_query_forms, test_formats, test_graphs, test_errors,
                     test_strangers, test_description, test_ping, test_metrics,
                     test_crowd, test_limits):
            test(world, daemon)
        test_events(world, daemon, page)
        daemon.get("/ping/backup")
        daemon.get("/ping/deep/job")
        test_pages(world, daemon)
        world.same("the daemon ends well", daemon.stop(), 0)
        test_followed(world, daemon)
        test_outside(world)


if __name__ == "__main__":
    main()
