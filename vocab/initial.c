// SPDX-License-Identifier: ISC

#include "vocab/initial.h"

#include "base/buf.h"
#include "vocab/vocabulary.h"

static const char node_head[] =
    "# This node. It is read first; everything else stands in the files\n"
    "# beside and below it, in any number of *.ttl. Changes are taken over by\n"
    "# themselves once a file is saved; `demonitor validate` tells what would\n"
    "# be wrong, `demonitor validate --explain :listen` what a word means.\n"
    "#\n"
    "# Three things to know: <name> is one thing, \"word\" selects by name or\n"
    "# tag, :Word is demonitor's own.\n"
    "PREFIX : <" DM_VOCAB_NS ">\n"
    "\n"
    ":this\n";

static const char node_tail[] =
    ".\n"
    "\n"
    "# What else there is, to be put between \":this\" and its '.':\n"
    "#\n"
    "#   :title        \"Anna's laptop\" ;      # shown instead of the name\n"
    "#   :tag          \"home\", \"eu\" ;         # what :on of a check "
    "selects\n"
    "#   :presence     :sometimes ;           # sleeps: its silence is no "
    "alert\n"
    "#   :listen       \"127.0.0.1:3223\" ;     # where the page is\n"
    "#   :alertmanager <http://127.0.0.1:9093> ;   # who gets the alerts\n"
    "#   :publicUrl    <https://carbon.example.net:3223> ; # links in alerts\n"
    "#   :pingOut      <https://hc-ping.com/UUID> ;  # who watches the "
    "watcher\n"
    "#   :token        \"read ${file:read-token}\" ; # from "
    "secrets/read-token\n"
    "#   :keepRaw      \"35d\" ;                # how long results are kept\n"
    "#   :maxSize      \"2GiB\" ;               # most that they may take\n";

// Checks that run as they are on any machine, then those that need a name.
static const char checks[] =
    "# The checks of this machine. Each is one line or a few: a name, a kind,\n"
    "# what is measured, and when it is bad. A ';' goes on about the same\n"
    "# check, a '.' ends it.\n"
    "PREFIX : <" DM_VOCAB_NS ">\n"
    "\n"
    "# The machine itself. Every value here is a guess that fits most: change\n"
    "# it. * is every real file system; \"warning\" and \"critical\" follow "
    "from\n"
    "# :warnIf and :critIf. Without :every a check runs each minute.\n"
    "<disk>    a :SystemCheck ;\n"
    "  :warnIf \"disk * > 85%\", \"inodes * > 85%\" ;\n"
    "  :critIf \"disk * > 95%\", \"inodes * > 95%\" .\n"
    "\n"
    "<memory>  a :SystemCheck ;\n"
    "  :warnIf \"memory > 90%\", \"swap > 50%\" ;\n"
    "  :critIf \"memory > 97%\" .\n"
    "\n"
    "# A check fails after :retries bad results in a row; a load may be high\n"
    "# for some minutes.\n"
    "<load>    a :SystemCheck ; :retries 5 ;\n"
    "  :warnIf \"load5 > 2 per cpu\" ;\n"
    "  :critIf \"load5 > 6 per cpu\" .\n"
    "\n"
    "# A page. All that :expect says must hold; certificates are watched\n"
    "# without a word. Try it first:\n"
    "#   demonitor probe https://example.org/ --expect \"status == 200\"\n"
    "#\n"
    "# <shop>    a :HttpCheck ; :url \"https://shop.example.com/\" ;\n"
    "#   :every \"30s\" ; :timeout \"5s\" ; :runbook "
    "<https://wiki.example/shop> ;\n"
    "#   :expect \"status == 200\", \"body contains Basket\", \"latency < "
    "800ms\" .\n"
    "\n"
    "# A page behind a password, which stands in the file secrets/cloud.\n"
    "#\n"
    "# <cloud>   a :HttpCheck ; :url \"https://cloud.example.net/status.php\" "
    ";\n"
    "#   :auth \"Basic anna:${file:cloud}\" ;\n"
    "#   :expect \"status == 200\", \"json $.installed == true\" .\n"
    "\n"
    "# Any plugin that was written for Nagios; its exit code is the status.\n"
    "#\n"
    "# <updates> a :CommandCheck ; :every \"6h\" ; :severity \"warning\" ;\n"
    "#   :run \"/usr/lib/nagios/plugins/check_apt\" .\n"
    "\n"
    "# Something that must report in, at the end of its script:\n"
    "#   curl -fsS http://127.0.0.1:3223/ping/backup/$?\n"
    "#\n"
    "# <backup>  a :Heartbeat ; :every \"1d\" ; :grace \"2h\" ; :runLimit "
    "\"3h\" .\n";

// A string of Turtle. The names that come here have no line ends.
static void
put_string(struct dm_str text, struct dm_buf *buf)
{
    (void)dm_buf_putc(buf, '"');
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            (void)dm_buf_putc(buf, '\\');
        }
        (void)dm_buf_putc(buf, text.data[i]);
    }
    (void)dm_buf_putc(buf, '"');
}

enum dm_status
dm_initial_node(struct dm_str name, struct dm_str site, struct dm_buf *buf)
{
    (void)dm_buf_puts(buf, node_head);
    (void)dm_buf_puts(buf, "  :name ");
    put_string(name, buf);
    if (site.n) {
        (void)dm_buf_puts(buf, " ;\n  :site ");
        put_string(site, buf);
    }
    (void)dm_buf_putc(buf, ' ');
    return dm_buf_puts(buf, node_tail);
}

struct dm_str
dm_initial_checks(void)
{
    return (struct dm_str){checks, sizeof(checks) - 1};
}
