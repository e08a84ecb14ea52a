#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The commands, as interface.md tells them, against one daemon and none."""

import glob
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

import lib

SECRET = "hunter2-Zebra-77"

CHECKS = """
<page> a :HttpCheck ; :url "%s" ; :every "500ms" ; :tag "web" ; :retries 0 ;
  :header "X-Key: ${file:key}" ; :expect "status == 200" .
<job> a :CommandCheck ; :run "/bin/sh -c 'echo fine'" ; :every "1s" .
<backup> a :Heartbeat ; :every "1d" ; :grace "1h" .
<Own> a :AlertRule ; :by "check" ; :severity "warning" ; :summary "{check}" ;
  :select "SELECT ?check { GRAPH :now { ?s :check ?check ; :status :ok } }" .
"""

# interface.md, 1.4
WRONG = """<shop> a :HttpCheck ; :every "30s"
  :timout "5s" ;
  :expect "latency < 800" ; :url "http://127.0.0.1/" .
"""


# --------------------------------------------------------------- no daemon


def test_usage(world):
    daemon = world.daemon("nobody", listen=False)
    world.has("--version", daemon.cli("--version").stdout, "demonitor 0.")
    world.has("--help", daemon.cli("--help").stdout, "validate")
    daemon.cli("no-such-command", code=2)
    daemon.cli("status", "--no-such-option", code=2)
    daemon.cli("status", "--config", code=2)
    daemon.cli("--color", "pink", "status", code=2)
    for command in ("status", "alerts", "rules", "watch", "history x",
                    "export nquads"):
        result = daemon.cli(*command.split(), code=3)
        world.has(command + " says what to do", result.stderr, "demonitor run")
        world.same(command + " prints no answer", result.stdout, "")
    daemon.cli("query", "ASK {}", code=3)
    daemon.cli("--url", "http://127.0.0.1:%d" % lib.free_port(), "status",
               code=3)
    world.has("status --nagios without a daemon",
              daemon.cli("status", "--nagios", code=3).stdout, "UNKNOWN - ")


def test_init(world):
    daemon = world.daemon("fresh", listen=False)
    first = daemon.cli("init", "--name", "carbon").stdout
    node = os.path.join(daemon.config, "demonitor.ttl")
    for path in (node, os.path.join(daemon.config, "checks", "local.ttl"),
                 os.path.join(daemon.data, "key")):
        world.has("init names what it writes", first, path)
        world.check(path + " is there", os.path.exists(path))
    mode = os.stat(os.path.join(daemon.data, "key")).st_mode & 0o777
    world.same("mode of the key", mode, 0o600)
    with open(node, encoding="utf-8") as file:
        world.has("its name", file.read(), '"carbon"')
    with open(node, "a", encoding="utf-8") as file:
        file.write("# mine\n")
    world.same("a second init writes nothing",
               daemon.cli("init", "--name", "other").stdout, "")
    with open(node, encoding="utf-8") as file:
        world.has("and keeps what is there", file.read(), "# mine")
    world.has("what it wrote is valid", daemon.cli("validate").stdout,
              "no errors")
    identity = daemon.json("id")
    world.check("id", re.fullmatch(r"ipns://k51[0-9a-z]{59}",
                                   identity["iri"]), identity)
    world.same("log of id", "ipns://" + identity["log"], identity["iri"])
    world.same("name of id", identity.get("name"), "carbon")
    world.has("id for people", daemon.cli("id").stdout, identity["iri"])


def test_validate(world):
    daemon = world.daemon("wrong", checks='<well> a :Heartbeat ; :every "1d" .')
    daemon.write("checks/local.ttl", "\n" * 11 + WRONG)
    result = daemon.cli("validate", code=1)
    told = result.stdout + result.stderr
    lines = told.splitlines()
    for line in ('checks/local.ttl:14:3: error: a \';\' or \'.\' is missing '
                 'after "30s"',
                 '   13 | <shop> a :HttpCheck ; :every "30s"',
                 '   14 |   :timout "5s" ;',
                 '      |   ^',
                 'checks/local.ttl:14:3: error: there is no property :timout. '
                 'Did you mean :timeout?'):
        world.check("validate prints it", line in lines,
                    "%r not in\n%s" % (line, told))
    world.has("a duration needs a unit", told,
              'checks/local.ttl:15:12: error: :expect "latency < 800": a '
              'duration needs a unit, as "800ms"')
    world.has("how many", told, "3 errors in 1 of 3 files.")
    daemon.cli("run", code=78)
    world.has("one file alone", daemon.cli(
        "validate", os.path.join(daemon.config, "checks.ttl")).stdout,
        "no errors")
    world.has("--explain", daemon.cli("validate", "--explain",
                                      ":every").stdout, "default")
    daemon.cli("validate", "--explain", ":evry", code=1)
    daemon.cli("validate", "--explain", code=2)
    daemon.write("checks/local.ttl", "")
    expanded = daemon.cli("validate", "--expand", "well").stdout
    world.has("--expand", expanded, "Heartbeat")
    world.has("--expand gives defaults", expanded, "PT24H"
              if "PT24H" in expanded else "P1D")
    daemon.cli("validate", "--expand", "nothing", code=1)


def test_secret_mode(world):
    daemon = world.daemon("open", checks=CHECKS % "http://127.0.0.1:1/")
    daemon.write("secrets/key", SECRET, mode=0o644)
    result = daemon.cli("validate", code=1)
    told = result.stdout + result.stderr
    world.has("a secret that all may read", told, "key")
    world.check("it is not shown", SECRET not in told, told)
    daemon.write("secrets/key", SECRET, mode=0o600)
    daemon.cli("validate")


def test_probe(world):
    daemon = world.daemon("probing", checks="""
<echo> a :CommandCheck ; :run "/bin/sh -c 'echo WARN; exit 1'" .""")
    page = lib.Recorder()
    result = daemon.cli("probe", page.url, "--expect", "status == 200")
    world.check("probe says ok", re.match(r"ok  http 200, ", result.stdout),
                result.stdout)
    world.same("one line", result.stdout.count("\n"), 1)
    page.status = 503
    world.check("critical", daemon.cli(
        "probe", page.url, "--expect", "status == 200",
        code=2).stdout.startswith("critical"))
    daemon.cli("probe", "http://127.0.0.1:%d/" % lib.free_port(), code=2)
    world.check("a command's exit code is the status",
                daemon.cli("probe", "--", "/bin/sh", "-c", "echo so; exit 1",
                           code=1).stdout.startswith("warning  so"))
    daemon.cli("probe", "echo", code=1)
    daemon.cli("probe", "nothing", code=3)
    daemon.cli("probe", code=3)
    daemon.cli("probe", page.url, "--expect", "latency < 8", code=3)
    turtle = daemon.cli("probe", page.url, "--expect", "status == 503",
                        "--turtle").stdout
    daemon.write("more.ttl", turtle, prefix="")
    daemon.cli("validate")
    world.check("--turtle, read back, is the same check", daemon.cli(
        "probe", "127.0.0.1").stdout.startswith("ok  http 503"))
    turtle = daemon.cli("probe", "--turtle", "--", "/bin/sh", "-c",
                        "echo \"it's\" 'a $x'; exit 2").stdout
    daemon.write("more.ttl", turtle, prefix="")
    world.has("a command comes back word by word",
              daemon.cli("probe", "sh", code=2).stdout, "it's a $x")
    page.stop()


def test_parse(world):
    daemon = world.daemon("parsing", listen=False)
    turtle = world.write("a.ttl", """PREFIX e: <http://e.example/>
e:b e:p "x"@en , 1 ; e:q << e:b e:p 1 >> .
e:a a e:T .
""")
    triples = daemon.cli("parse", turtle, "--to", "ntriples").stdout
    world.has("N-Triples", triples, '<http://e.example/b> '
              '<http://e.example/p> "x"@en .\n')
    world.has("a triple term", triples, "<<( <http://e.example/b> ")
    sorted_lines = daemon.cli("parse", turtle, "--to",
                              "canonical-ntriples").stdout
    world.same("canonical is sorted", sorted_lines.splitlines(),
               sorted(sorted_lines.splitlines()))
    for form in ("turtle", "trig", "ntriples", "nquads"):
        there = daemon.cli("parse", turtle, "--to", form).stdout
        back = daemon.cli("parse", "--from", form, "--to",
                          "canonical-ntriples", text=there).stdout
        blank = re.compile(r"_:\w+")
        world.same("there and back by " + form, blank.sub("_:b", back),
                   blank.sub("_:b", sorted_lines))
    broken = world.write("b.nt", "<http://e.example/a> <b> .\n")
    result = daemon.cli("parse", broken, code=1)
    world.check("where it is wrong", re.match(
        re.escape(broken) + r":1:\d+: error: ", result.stderr), result.stderr)
    daemon.cli("parse", world.path("absent.ttl"), code=5)
    daemon.cli("parse", turtle, "--to", "nothing", code=2)
    world.has("--base", daemon.cli(
        "parse", "--from", "turtle", "--base", "http://base.example/",
        text="<a> <b> <c> .").stdout, "<http://base.example/a>")


def test_query_files(world):
    daemon = world.daemon("files", listen=False)
    data = world.write("d.ttl", """PREFIX e: <http://e.example/>
e:a e:n 1 . e:b e:n 2 .""")
    named = world.write("n.ttl", "<http://e.example/c> <http://e.example/n> 3 .")
    select = ("PREFIX e: <http://e.example/> "
              "SELECT ?s ?n { ?s e:n ?n } ORDER BY ?n")
    world.same("TSV", daemon.cli("query", "--load", data, select).stdout,
               "?s\t?n\n<http://e.example/a>\t1\n<http://e.example/b>\t2\n")
    world.same("CSV", daemon.cli("query", "--load", data, "--format", "csv",
                                 select).stdout.replace("\r\n", "\n"),
               "s,n\nhttp://e.example/a,1\nhttp://e.example/b,2\n")
    document = json.loads(daemon.cli("query", "--load", data, "--format",
                                     "json", select).stdout)
    world.same("JSON", [row["n"]["value"]
                        for row in document["results"]["bindings"]],
               ["1", "2"])
    world.has("XML", daemon.cli("query", "--load", data, "--format", "xml",
                                select).stdout, "<literal datatype=")
    world.has("table", daemon.cli("query", "--load", data, "--format", "table",
                                  select).stdout, "http://e.example/a  1")
    world.has("named", daemon.cli(
        "query", "--named", "http://e.example/g=" + named,
        "SELECT ?n { GRAPH <http://e.example/g> { ?s ?p ?n } }").stdout, "3")
    world.same("the default graph is the files of --load alone", daemon.cli(
        "query", "--load", data, "--named", "http://e.example/g=" + named,
        "--format", "csv", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    ).stdout.split(), ["n", "2"])
    built = daemon.cli("query", "--load", data, "--format", "ntriples",
                       "PREFIX e: <http://e.example/> "
                       "CONSTRUCT { ?s e:m ?n } { ?s e:n ?n }").stdout
    one = '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'
    world.has("CONSTRUCT", built,
              "<http://e.example/a> <http://e.example/m> %s .\n" % one)
    world.same("its size", built.count("\n"), 2)
    for form in ("turtle", "trig", "nquads"):
        text = daemon.cli("query", "--load", data, "--format", form,
                          "DESCRIBE <http://e.example/a>").stdout
        world.has("DESCRIBE as " + form, daemon.cli(
            "parse", "--from", form, text=text).stdout,
            "<http://e.example/a> <http://e.example/n> %s .\n" % one)
    world.has("a graph is Turtle by default", daemon.cli(
        "query", "--load", data, "CONSTRUCT { ?s a ?n } { ?s ?p ?n }").stdout,
        "<http://e.example/a>")
    daemon.cli("query", "--load", data, "--format", "csv",
               "DESCRIBE <http://e.example/a>", code=1)
    daemon.cli("query", "--load", data, "--format", "turtle", select, code=1)
    result = daemon.cli("query", "--load", data, "SELECT ?s {\n ?s ?p }",
                        code=1)
    world.check("where a query is wrong", re.match(
        r"query:2:\d+: error: ", result.stderr), result.stderr)
    daemon.cli("query", "--check", "ASK {}")
    daemon.cli("query", "--check", "ASK {", code=1)
    world.has("from standard input", daemon.cli(
        "query", "--load", data, text=select).stdout, "\t2\n")
    world.has("from a file", daemon.cli(
        "query", "--load", data, "-f", world.write("q.rq", select)).stdout,
        "\t2\n")


def test_status_by_node(world):
    """What is said of several nodes, by a daemon that holds their logs"""
    at = "2026-11-24T16:10:00.000Z"

    def check(name, status, states):
        return {"name": name, "status": status, "failing": status != "ok",
                "muted": False, "tags": [], "states": [
                    {"node": node, "status": state, "at": at, "message": "m"}
                    for node, state in states]}
    document = {
        "node": "carbon", "at": at, "config": {"valid": True, "errors": 0},
        "nodes": [
            {"name": "carbon", "lastSeen": at, "silent": False},
            {"name": "fra", "lastSeen": "2026-11-24T16:00:00.000Z",
             "silent": True},
            {"name": "oslo", "lastSeen": at, "silent": False,
             "forkedAt": 4711}],
        "checks": [
            check("blog", "ok", [("carbon", "ok"), ("oslo", "warning")]),
            check("backup", "ok", [(None, "ok")]),
            check("shop", "critical", [("carbon", "critical"),
                                       ("fra", "stale")])]}
    server = lib.Recorder(body=json.dumps(document).encode())
    daemon = world.daemon("unused", listen=False)
    rows = [line.split() for line in daemon.cli(
        "--url", server.url, "status", "--by-node").stdout.splitlines()]
    world.same("the matrix", rows, [
        ["check", "status", "carbon", "fra", "oslo"],
        ["shop", "critical", "critical", "stale", "-"],
        ["backup", "ok", "-", "-", "-"],
        ["blog", "ok", "ok", "-", "warning"]])
    lines = daemon.cli("--url", server.url, "status").stdout.splitlines()
    world.same("the first line", lines[0],
               "carbon, fra, oslo  3 problems, 3 checks")
    world.same("a silent node", lines[1].split(),
               "fra silent this node says nothing 10 min ago".split())
    world.same("a forked one", lines[2].split()[:2], ["oslo", "forked"])
    server.stop()


# ---------------------------------------------------------------- a daemon


def test_status(world, daemon):
    document = daemon.json("status")
    world.same("keys", sorted(document), ["at", "checks", "config", "node",
                                          "nodes", "page", "summary"])
    world.same("node", document["node"], "node")
    world.same("config", [document["config"][key] for key in
                          ("valid", "errors")], [True, 0])
    world.same("summary", sorted(document["summary"]), [
        "critical", "muted", "ok", "stale", "unknown", "warning"])
    page = [c for c in document["checks"] if c["name"] == "page"][0]
    world.same("kind", page["kind"], "HttpCheck")
    world.same("tags", page["tags"], ["web"])
    state = page["states"][0]
    world.check("a state", state["node"] == "node" and state["streak"] > 0 and
                isinstance(state["seconds"], float) and
                re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                             state["at"]), state)
    text = daemon.cli("status").stdout
    world.has("all well", text.splitlines()[0], "node  all well: ")
    world.has("the page", text, "http://127.0.0.1:%d/" % daemon.port)
    world.has("where to edit", text, daemon.config)
    world.check("by tag", "page" in daemon.cli("status", "web").stdout)
    world.check("by name", "job" not in daemon.cli("status", "web").stdout)
    daemon.cli("status", "nothing", code=1)
    world.has("--problems while all is well",
              daemon.cli("status", "--problems").stdout, "all well")
    world.check("--nagios", re.match(r"OK - .*\| ", daemon.cli(
        "status", "--nagios", "page").stdout))
    world.same("--url", daemon.cli(
        "--url", "http://127.0.0.1:%d" % daemon.port, "--json", "status",
        env={"DEMONITOR_DATA": "/nowhere"}).returncode, 0)
    daemon.cli("run", code=75)


def test_query(world, daemon):
    text = daemon.cli("query", "--format", "table",
                      'SELECT ?at ?s { << ?check :status :ok >> :at ?at ; '
                      'dm:seconds ?s . ?check dm:name "page" } '
                      'ORDER BY DESC(?at) LIMIT 3')
    world.check("the query of the interface", re.match(
        r"at +s\n20\d\d-", text.stdout), text.stdout)
    world.check("rows and time on stderr",
                re.search(r"^3 rows, [0-9.]+ ms$", text.stderr, re.M),
                text.stderr)
    world.has("--limit is a bound", daemon.cli(
        "query", "--limit", "2", "--format", "csv",
        "SELECT ?s { ?s ?p ?o }", code=1).stderr, "more than 2 rows")
    result = daemon.cli("query", "SELECT ?x {\n  ?x ?y }", code=1)
    world.check("query:LINE:COL: error:",
                re.match(r"query:2:\d+: error: ", result.stderr),
                result.stderr)
    graph = daemon.cli("query", "--format", "ntriples",
                       'CONSTRUCT { ?c :name ?n } { ?c :name ?n }').stdout
    world.has("CONSTRUCT", graph, '<https://w3id.org/demonitor#name> "page"')
    world.has("DESCRIBE", daemon.cli(
        "query", "--format", "turtle",
        'DESCRIBE ?c { ?c :name "page" }').stdout, '"page"')
    world.has("--explain", daemon.cli("query", "--explain",
                                      "SELECT * { ?s :name ?n }").stdout, "")
    world.has("yes", daemon.cli("query", "--format", "table",
                                'ASK { ?c :name "page" }').stdout, "yes")


def test_history(world, daemon):
    text = daemon.cli("history", "page", "--since", "1h").stdout
    world.check("a streak", re.search(r"ok +\d+ s +\d+ results", text), text)
    world.has("uptime", text, "uptime")
    world.has("percentiles", text, "p95")
    document = daemon.json("history", "page")
    world.same("uptime of a good check", document["uptime"], 1.0)
    world.check("--raw", len(daemon.json("history", "page", "--raw")
                             ["results"]) > 1)
    daemon.cli("history", "nothing", code=1)
    world.same("--node", daemon.json("history", "page", "--node",
                                     daemon.name)["node"], daemon.name)
    world.has("of no node", daemon.cli("history", "page", "--node", "x",
                                       code=1).stderr, 'no node "x"')
    daemon.cli("history", code=2)
    daemon.cli("history", "page", "--since", "sometimes", code=1)


def test_rules(world, daemon):
    listed = daemon.cli("rules").stdout
    for name in ("CheckFailing", "HeartbeatMissed", "Own"):
        world.has("rules", listed, name)
    tested = daemon.cli("rules", "Own", "--test").stdout
    world.has("rules --test gives rows", tested, "check=page")
    world.has("rules --print", daemon.cli("rules", "Own", "--print").stdout,
              "SELECT ?check")
    daemon.cli("rules", "Nothing", code=1)


def test_alerts(world, daemon):
    lib.until("Own fires", lambda: "Own" in daemon.cli("alerts").stdout)
    document = daemon.json("alerts")
    own = [a for a in document["alerts"] if a["alertname"] == "Own"][0]
    explained = daemon.cli("alerts", "--explain", own["fingerprint"]).stdout
    world.has("--explain", explained, "severity = warning")
    daemon.cli("alerts", "--explain", "0123456789abcdef", code=1)


def test_reload(world, daemon):
    checks = daemon.config + "/checks.ttl"
    with open(checks, encoding="utf-8") as file:
        good = file.read()
    streak = daemon.status("page")["states"][0]["streak"]
    daemon.write("more.ttl", '<added> a :CommandCheck ; :run "/bin/true" ; '
                 ':every "1h" .')
    lib.until("a new check has run within its first second of life",
              lambda: daemon.status("added"))
    daemon.wait_status("added", "ok")
    world.check("the others keep their streak",
                daemon.status("page")["states"][0]["streak"] >= streak)
    daemon.write("more.ttl", '<added> a :CommandCheck ; :rum "/bin/true" .')
    first = lib.until(
        "status says that the configuration was not taken over",
        lambda: [line for line in daemon.cli("status").stdout.splitlines()[:1]
                 if line.startswith("configuration not taken over: ")])
    world.has("with their number", first[0], "errors, see demonitor validate")
    world.has("demonitor_config_valid", daemon.get("/metrics").text,
              "\ndemonitor_config_valid 0\n")
    world.check("the old definitions stay", daemon.status("added"))
    world.has("a yellow bar", daemon.get("/").text, "not taken over")
    world.has("the log has the same lines", daemon.log(), ":rum")
    refused = lib.unix_request(daemon.socket, "POST", "/-/reload")
    world.same("/-/reload", refused.status, 422)
    world.has("its errors", refused.text, "Did you mean :run?")
    kept = daemon.cli("validate", code=1)
    world.check("validate says what the daemon does", re.search(
        r"The daemon keeps running with the definitions of \d\d:\d\d:\d\d\.",
        kept.stdout + kept.stderr), kept.stdout + kept.stderr)
    os.unlink(daemon.config + "/more.ttl")
    lib.until("the mended configuration is taken over",
              lambda: daemon.status("added") is None)
    lib.until("demonitor_config_valid is 1 again",
              lambda: "\ndemonitor_config_valid 1\n"
              in daemon.get("/metrics").text)
    daemon.write("checks.ttl", good + "<late> a :Heartbeat ; :every \"1d\" .",
                 prefix="")
    world.same("/-/reload of good ones",
               lib.unix_request(daemon.socket, "POST", "/-/reload").status,
               200)
    lib.until("<late> is there", lambda: daemon.status("late"))
    daemon.write("checks.ttl", good, prefix="")
    daemon.process.send_signal(signal.SIGHUP)
    lib.until("<late> is gone", lambda: daemon.status("late") is None)


class Watcher:
    def __init__(self, world, daemon, *words):
        self.path = world.path("watched")
        with open(self.path, "wb") as file:
            self.process = subprocess.Popen(
                daemon.command("watch", *words), stdout=file, stderr=file,
                stdin=subprocess.DEVNULL, env=world.environment())
        world.processes.append(self.process)

    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def wait(self, pattern):
        return lib.until("watch shows %r" % pattern,
                         lambda: re.search(pattern, self.text()))


def test_watch(world, daemon, page):
    watcher = Watcher(world, daemon, "--lost", "1s", "--exec",
                      'echo "EXEC $DM_EVENT $DM_CHECK"')

    def change(status):
        page.status = status
        daemon.wait_status("page", "ok" if status == 200 else "critical")
        return "page" in watcher.text()

    # It may not be connected yet: change until it is told
    lib.until("watch tells a change",
              lambda: change(500) or change(200))
    change(500)
    watcher.wait(r"\d\d:\d\d:\d\d page +FAILING ")
    watcher.wait(r"EXEC failing page")
    watcher.wait(r"alert +firing +CheckFailing check=page severity=critical")
    change(200)
    watcher.wait(r"alert +resolved +CheckFailing")
    world.same("the daemon ends", daemon.stop(), 0)
    watcher.wait("\aLOST")
    watcher.wait("EXEC lost")
    daemon.start()
    watcher.wait("found again")
    watcher.wait("EXEC found")
    watcher.process.kill()


def test_status_watch(world, daemon):
    path = world.path("statuses")
    with open(path, "wb") as file:
        process = subprocess.Popen(
            daemon.command("--json", "status", "--watch"), stdout=file,
            stderr=file, stdin=subprocess.DEVNULL, env=world.environment())
    world.processes.append(process)

    def lines():
        with open(path, encoding="utf-8") as file:
            return [line for line in file if line.endswith("\n")]
    lib.until("status --watch says it twice", lambda: len(lines()) > 1)
    process.kill()
    world.same("a document in each line", json.loads(lines()[1])["node"],
               "node")


def test_secrets(world, daemon, page):
    sent = [headers.get("X-Key") for _, _, _, headers, _ in page.requests]
    world.check("the secret was sent", SECRET in sent, sent[:3])
    exported = daemon.cli("export", "nquads").stdout
    world.has("the export knows the header", exported, "X-Key")
    answers = {
        "export": exported,
        "/sparql": daemon.get("/sparql?query=" + urllib.parse.quote(
            "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }")).text,
        "log": daemon.log(),
        "status": daemon.cli("--json", "status").stdout,
        "page": daemon.get("/").text,
        "metrics": daemon.get("/metrics").text,
    }
    for name, text in answers.items():
        world.check("the secret is not in " + name, SECRET not in text)
    for path in glob.glob(daemon.data + "/*"):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                world.check("the secret is not in " + path,
                            SECRET.encode() not in file.read())


def test_export_import(world, daemon):
    world.same("the daemon ends", daemon.stop(), 0)
    daemon.write("checks.ttl", "")  # Nothing runs, so that two exports agree
    daemon.start()
    exported = daemon.cli("export", "nquads").stdout
    world.same("export is sorted", exported.splitlines(),
               sorted(exported.splitlines()))
    world.same("without dm:now", exported.count("demonitor#now> .\n"), 0)
    iri = daemon.json("id")["iri"]
    graph = daemon.cli("export", "nquads", "--graph", iri).stdout
    world.check("--graph", graph and all(
        line.endswith("<%s> ." % iri) for line in graph.splitlines()),
        graph[:400])
    other = world.daemon("other", listen=True)
    other.cli("import", "nquads", world.write("all.nq", exported))
    world.same("the first ends", daemon.stop(), 0)
    other.start()
    again = other.cli("export", "nquads", "--graph", iri).stdout
    world.same("the graph of the log, exported again",
               again.splitlines()[:5], graph.splitlines()[:5])
    world.check("all of it", again == graph)
    world.same("the other ends", other.stop(), 0)
    broken = world.write("broken.nq", graph.splitlines()[0] + "\nnonsense\n")
    other.cli("import", "nquads", broken, code=1)


def main():
    with lib.World() as world:
        for test in (test_usage, test_init, test_validate, test_secret_mode,
                     test_probe, test_parse, test_query_files,
                     test_status_by_node):
            test(world)
        page = lib.Recorder()
        daemon = world.daemon(checks=CHECKS % page.url)
        daemon.write("secrets/key", SECRET, mode=0o600)
        started = time.monotonic()
        daemon.start()
        daemon.wait_status("page", "ok")
        daemon.wait_status("job", "ok")
        world.check("first results soon after the start",
                    time.monotonic() - started < 20)
        lib.until("some results are there", lambda: len(daemon.query(
            'SELECT ?at { << ?c :status :ok >> :at ?at . ?c :name "page" }'
        )) > 3)
        for test in (test_status, test_query, test_history, test_rules,
                     test_alerts, test_reload, test_status_watch):
            test(world, daemon)
        test_secrets(world, daemon, page)
        test_watch(world, daemon, page)
        test_export_import(world, daemon)


if __name__ == "__main__":
    main()
