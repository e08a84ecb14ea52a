#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A real nginx stops and comes back; a real Alertmanager tells a webhook.

    nginx stopped    one alert, startsAt = the first bad result
    kill -9, start   no second notification; a `for` half over goes on
    nginx started    resolved, once
    nginx stopped    a new alert: so nothing else came in between

A second "Alertmanager" only records, to see what was posted and when.
"""

import datetime
import json
import time

import lib

FOR = 14.0  # Seconds of the rule that is half over when the daemon is killed
ANEW = 7.0  # A `for` that began again would end so much later at least

CHECKS = """
<web> a :HttpCheck ; :url "http://127.0.0.1:%d/" ; :every "500ms" ;
  :timeout "5s" ; :retries 1 ; :retryEvery "300ms" ; :expect "status == 200" .
<LongDown> a :AlertRule ; :for "%gs" ; :by "check" ; :severity "warning" ;
  :summary "{check} is down for long" ;
  :select "SELECT ?check { GRAPH :now { ?s :check ?check ; :failing true } }" .
"""

NGINX = """
daemon off; master_process off; worker_processes 1;
pid %(dir)s/nginx.pid; error_log %(dir)s/nginx.error;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy;
  fastcgi_temp_path %(dir)s/fastcgi; uwsgi_temp_path %(dir)s/uwsgi;
  scgi_temp_path %(dir)s/scgi;
  server { listen 127.0.0.1:%(port)d; location / { return 200 "well\\n"; } }
}
"""

ALERTMANAGER = """
route:
  receiver: recorder
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: recorder
    webhook_configs:
      - url: %s
        send_resolved: true
"""


def answers(port, path="/"):
    try:
        return lib.request(port, "GET", path, timeout=2).status == 200
    except OSError:
        return False


class Nginx:
    def __init__(self, world, program):
        self.world = world
        self.port = lib.free_port()
        config = world.write("nginx.conf", NGINX % {
            "dir": world.directory, "port": self.port})
        self.command = [program, "-p", world.directory, "-c", config,
                        "-e", world.path("nginx.error")]
        self.process = None

    def start(self):
        self.process = self.world.start(self.command, "nginx.log")
        lib.until("nginx answers", lambda: answers(self.port))

    def stop(self):
        self.world.stop(self.process)


def start_alertmanager(world, program, webhook):
    config = world.write("alertmanager.yml", ALERTMANAGER % webhook.url)
    port = lib.free_port()
    world.start([program, "--config.file=" + config,
                 "--storage.path=" + world.path("alertmanager"),
                 "--web.listen-address=127.0.0.1:%d" % port,
                 "--cluster.listen-address="], "alertmanager.log")
    lib.until("Alertmanager is ready", lambda: answers(port, "/-/ready"))
    return port


def notifications(webhook, name):
    """(status, startsAt) of each alert of this name, in the order told."""
    return [(alert["status"], alert["startsAt"])
            for _, _, _, _, body in list(webhook.requests)
            for alert in json.loads(body)["alerts"]
            if alert["labels"]["alertname"] == name]


def posts(recorder, name):
    """(time, alert) of each post of this alert by the daemon"""
    return [(at, alert)
            for at, _, _, _, body in list(recorder.requests)
            for alert in json.loads(body)
            if alert["labels"]["alertname"] == name]


def seconds(text):
    """A time of RFC 3339 as seconds"""
    return datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()


def bad_results(daemon):
    return [row["at"] for row in daemon.query(
        'SELECT ?at { << ?check :status :critical >> :at ?at . '
        '?check :name "web" } ORDER BY ?at')]


def alert_of(daemon, name):
    for alert in daemon.get("/api/v1/alerts?all=1").json["alerts"]:
        if alert["alertname"] == name:
            return alert
    return None


def pending(daemon):
    alert = alert_of(daemon, "LongDown")
    return alert if alert and alert["state"] == "pending" else None


def stops_and_rings(world, daemon, nginx, webhook):
    nginx.stop()
    lib.until("Alertmanager tells CheckFailing",
              lambda: notifications(webhook, "CheckFailing"))
    first = bad_results(daemon)[0]
    status, starts = notifications(webhook, "CheckFailing")[0]
    world.same("what is told", status, "firing")
    world.same("startsAt is the first bad result's dm:at",
               seconds(starts), seconds(first))
    listed = daemon.cli("alerts").stdout
    world.has("alerts lists it", listed, "CheckFailing")
    world.has("with its check", listed, "web")


def restart_in_between(world, daemon, webhook, recorder):
    seen = seconds(lib.until("LongDown is pending",
                             lambda: pending(daemon))["firstSeen"])
    lib.until("its `for` is half over", lambda: time.time() - seen > FOR / 2)
    before = len(posts(recorder, "CheckFailing"))
    daemon.kill()
    killed = time.time()
    daemon.start()
    lib.until("CheckFailing is posted again after the restart",
              lambda: len(posts(recorder, "CheckFailing")) > before)
    lib.until("LongDown fires", lambda: notifications(webhook, "LongDown"))
    # The two Alertmanagers are told side by side
    at = lib.until("LongDown is posted to the recorder, too",
                   lambda: posts(recorder, "LongDown"))[0][0]
    world.check("`for` is waited for", at >= seen + FOR,
                "%.1f s" % (at - seen))
    world.check("`for` did not begin anew", at < killed + FOR - 0.5 and
                at < seen + FOR + ANEW - 1, "%.1f s" % (at - seen))
    world.same("first seen is kept",
               seconds(alert_of(daemon, "LongDown")["firstSeen"]), seen)
    starts = {alert["startsAt"] for _, alert in posts(recorder, "CheckFailing")}
    world.same("every post has the same startsAt", len(starts), 1)
    world.same("notifications of CheckFailing after kill -9",
               [status for status, _ in notifications(webhook, "CheckFailing")],
               ["firing"])


def comes_back(world, daemon, nginx, webhook):
    nginx.start()
    lib.until("Alertmanager tells that CheckFailing is resolved",
              lambda: len(notifications(webhook, "CheckFailing")) > 1)
    lib.until("Alertmanager tells that LongDown is resolved",
              lambda: len(notifications(webhook, "LongDown")) > 1)
    daemon.wait_status("web", "ok")
    n = len(bad_results(daemon))
    nginx.stop()
    lib.until("a new alert is told",
              lambda: len(notifications(webhook, "CheckFailing")) > 2)
    told = notifications(webhook, "CheckFailing")
    world.same("all that was told of CheckFailing",
               [status for status, _ in told],
               ["firing", "resolved", "firing"])
    world.same("the new one starts with the new first bad result",
               seconds(told[2][1]), seconds(bad_results(daemon)[n]))
    world.same("all that was told of LongDown",
               [status for status, _ in notifications(webhook, "LongDown")],
               ["firing", "resolved"])


def main():
    nginx_program = lib.need("/usr/sbin/nginx")
    alertmanager_program = lib.need("/usr/bin/prometheus-alertmanager")
    with lib.World() as world:
        webhook = lib.Recorder()
        recorder = lib.Recorder()
        nginx = Nginx(world, nginx_program)
        nginx.start()
        port = start_alertmanager(world, alertmanager_program, webhook)
        daemon = world.daemon(
            checks=CHECKS % (nginx.port, FOR),
            settings='; :alertmanager <http://127.0.0.1:%d>, <%s>'
                     % (port, recorder.url.rstrip("/")))
        daemon.start()
        daemon.wait_status("web", "ok")
        world.same("no bad result yet", bad_results(daemon), [])
        stops_and_rings(world, daemon, nginx, webhook)
        restart_in_between(world, daemon, webhook, recorder)
        comes_back(world, daemon, nginx, webhook)
        world.same("the daemon ends well", daemon.stop(), 0)


if __name__ == "__main__":
    main()
