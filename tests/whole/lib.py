# SPDX-License-Identifier: ISC
"""What the tests of the whole program share.

A test makes a World: a temporary directory, a list of what runs, and checks
that count. Nothing is proved by sleeping: until() polls with a deadline. At the
end all that was started is killed, and what the daemon logged is shown where a
check failed.
"""

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

PREFIX = "PREFIX : <https://w3id.org/demonitor#>\n"
SKIPPED = 77
PATIENCE = 30.0  # Seconds until something is late, on a slow, loaded machine


def program():
    """The path of demonitor, from DM_PROGRAM."""
    path = os.environ.get("DM_PROGRAM")
    if not path or not os.access(path, os.X_OK):
        print("DM_PROGRAM names no program", file=sys.stderr)
        sys.exit(1)
    return os.path.abspath(path)


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def need(path):
    """Skip the test where this machine lacks a program."""
    if not os.access(path, os.X_OK):
        skip(path + " is not here")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, probe, patience=PATIENCE, pause=0.05):
    """Ask `probe` until it gives something true; what it gave."""
    deadline = time.monotonic() + patience
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Late("not within %g s: %s" % (patience, what))
        time.sleep(pause)


class Late(Exception):
    """Something did not come in time."""


class Answer:
    """Of an HTTP server."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %s" % (self.status, self.body[:400])


def request(port, method, path, body=None, headers=None, host="127.0.0.1",
            timeout=PATIENCE, pin=None):
    """The answer of a server. With `pin`: in TLS, its key being that one."""
    if pin:
        connection = http.client.HTTPSConnection(
            host, port, timeout=timeout, context=any_certificate())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        if pin:
            connection.connect()
            shown = pin_of(connection.sock.getpeercert(binary_form=True))
            if shown != pin:
                raise ssl.SSLError("the pin is %s, not %s" % (shown, pin))
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def any_certificate():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def pin_of(certificate):
    """The pin of a DER certificate with a P-256 key, as in a peer file."""
    start = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107")
    at = certificate.index(start)
    digest = hashlib.sha256(certificate[at:at + 91]).digest()
    return "sha256//" + base64.b64encode(digest).decode()


def unix_request(path, method, target, timeout=PATIENCE):
    """As request(), over the control socket."""
    connection = http.client.HTTPConnection("localhost", timeout=timeout)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(timeout)
    try:
        connection.sock.connect(path)
        connection.request(method, target)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments):
        pass  # Who asked has left, or was killed


class Recorder:
    """A small HTTP server that keeps what it was sent; status can be set."""

    def __init__(self, status=200, body=b""):
        self.status = status
        self.body = body
        self.requests = []  # (time, method, path, headers, body)
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                n = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(n)
                recorder.requests.append(
                    (time.time(), self.command, self.path, self.headers, body))
                self.send_response(recorder.status)
                self.send_header("Content-Length", str(len(recorder.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(recorder.body)

            do_GET = do_HEAD = do_POST = answer

            def log_message(self, *arguments):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = "http://127.0.0.1:%d/" % self.port
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
            daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Daemon:
    """A configuration, its data, and `demonitor run` over them."""

    def __init__(self, world, name="node", checks="", settings="",
                 listen=True):
        self.world = world
        self.name = name
        self.config = os.path.join(world.directory, name, "config")
        self.data = os.path.join(world.directory, name, "data")
        self.log_path = os.path.join(world.directory, name, "log")
        self.socket = os.path.join(self.data, "demonitor.sock")
        self.port = free_port() if listen else 0
        self.process = None
        os.makedirs(self.config)
        os.makedirs(self.data)
        if listen:
            self.write_node(settings)
            self.write("checks.ttl", checks)

    def write_node(self, settings=""):
        self.write("demonitor.ttl",
                   ':this :name "%s" ; :listen "127.0.0.1:%d" %s .'
                   % (self.name, self.port, settings))

    def write(self, path, text, mode=0o644, prefix=PREFIX):
        """Replace a file of the configuration, at once."""
        whole = os.path.join(self.config, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        fresh = os.path.join(self.world.directory, ".fresh")
        with open(fresh, "w", encoding="utf-8") as file:
            file.write((prefix if path.endswith(".ttl") else "") + text + "\n")
        os.chmod(fresh, mode)
        os.replace(fresh, whole)
        return whole

    def command(self, *words):
        return [program(), "--config", self.config, "--data", self.data, *words]

    def cli(self, *words, code=0, text=None, env=None, timeout=PATIENCE):
        """Run a command; its outcome, whose exit code is checked."""
        result = subprocess.run(
            self.command(*words), input=text, capture_output=True, text=True,
            timeout=timeout, check=False, env=self.world.environment(env))
        if code is not None:
            self.world.check(
                "exit of `%s`" % " ".join(words), result.returncode == code,
                "%d, not %d\n%s%s" % (result.returncode, code, result.stdout,
                                      result.stderr))
        return result

    def json(self, *words):
        return json.loads(self.cli("--json", *words).stdout or "null")

    def query(self, text):
        """Rows of a SELECT, each a dictionary of lexical forms."""
        answer = self.get("/sparql?format=json", method="POST", body=text,
                          headers={"Content-Type": "application/sparql-query"})
        if answer.status != 200:
            raise AssertionError("query: %r" % answer)
        return [{name: value["value"] for name, value in row.items()}
                for row in answer.json["results"]["bindings"]]

    def get(self, path, method="GET", **more):
        return request(self.port, method, path, **more)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the daemon ended with %d"
                                 % self.process.returncode)
        try:
            return unix_request(self.socket, "GET", "/-/ready").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def start(self, *words):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command("run", *words), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.world.environment())
        self.world.processes.append(self.process)
        until("the daemon is ready", self.is_ready)
        return self

    def stop(self):
        """SIGTERM; the exit code."""
        return self.world.stop(self.process)

    def kill(self):
        """kill -9"""
        self.process.kill()
        self.process.wait()

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        return ""

    def status(self, check):
        """What /api/v1/status says of a check, None for nothing"""
        for each in self.get("/api/v1/status").json["checks"]:
            if each["name"] == check:
                return each
        return None

    def wait_status(self, check, status, patience=PATIENCE):
        def is_there():
            found = self.status(check)
            return found if found and found["status"] == status else None
        return until("%s is %s" % (check, status), is_there, patience)


class Gateway:
    """`demonitor gateway` over some files."""

    def __init__(self, world, *words):
        self.port = free_port()
        log = "gateway.%d" % self.port
        self.process = world.start(
            [program(), "gateway", *words, "--listen",
             "127.0.0.1:%d" % self.port], log)

        def said():
            with open(world.path(log), encoding="utf-8") as file:
                return re.search("serving .*\n", file.read())

        self.line = until("it serves", said)

    def get(self, path, method="GET", **headers):
        return request(self.port, method, path, headers=headers)


class World:
    """What one test file works in; use it as a context."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="demonitor.")
        os.makedirs(os.path.join(self.directory, "home"))
        self.processes = []
        self.daemons = []
        self.failed = 0
        self.passed = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if kind is not SystemExit and (kind or self.failed):
            for daemon in self.daemons:
                print("--- log of", daemon.name)
                print(daemon.log()[-6000:])
        shutil.rmtree(self.directory, ignore_errors=True)
        if kind in (Late, AssertionError):
            print("FAILED:", error)
            import traceback
            traceback.print_tb(trace)
            sys.exit(1)
        if kind is None:
            print("%d checks passed, %d failed" % (self.passed, self.failed))
            sys.exit(1 if self.failed else 0)
        return False

    def environment(self, more=None):
        """Nothing of the caller's that could change what the program does."""
        own = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8",
               "HOME": os.path.join(self.directory, "home")}
        own.update((name, value) for name, value in os.environ.items()
                   if "SAN_OPTIONS" in name)
        own.update(more or {})
        return own

    def daemon(self, name="node", **more):
        made = Daemon(self, name, **more)
        self.daemons.append(made)
        return made

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def start(self, command, log):
        """Run something that is not demonitor."""
        with open(self.path(log), "ab") as file:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                env=self.environment())
        self.processes.append(process)
        return process

    def stop(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        return process.wait(timeout=PATIENCE)

    def check(self, what, holds, seen=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s%s%s" % (what, ": " if seen != "" else "", seen),
                  flush=True)
        return holds

    def same(self, what, seen, wanted):
        return self.check(what, seen == wanted,
                          "%r, not %r" % (seen, wanted))

    def has(self, what, text, part):
        return self.check(what, part in text, "%r not in\n%s" % (part, text))
