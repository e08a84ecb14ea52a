// SPDX-License-Identifier: ISC

#include "cli/commands.h"

// In the order in which a new user meets them
const struct dm_command dm_commands[] = {
    {"init", "[--name N] [--site IRI]", "Write the first files of a node", "",
     dm_cmd_init},
    {"run", "[--listen ADDR] [--once]", "Run the daemon in the foreground",
     "SIGHUP loads the configuration anew. Exit codes: 0 after SIGTERM, 75\n"
     "another instance holds the data, 78 the configuration is invalid.\n",
     dm_cmd_run},
    {"validate", "[FILE…] | --expand [NAME…] | --explain TERM",
     "Look for errors in the configuration, without a daemon",
     "--expand prints the normal form, --explain :every what a word means.\n",
     dm_cmd_validate},
    {"probe",
     "NAME or URL [--expect C]… [--timeout D] [--turtle], or -- COMMAND",
     "Run a check now, here, and record nothing",
     "Exit codes as a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown.\n"
     "--turtle prints the definition instead, for a file of checks.\n",
     dm_cmd_probe},
    {"status", "[NAME or TAG…] [--problems] [--by-node] [--nagios]",
     "What is well and what is not, problems first", "", dm_cmd_status},
    {"watch", "[NAME or TAG…] [--exec CMD] [--lost D]",
     "A line for each change, and an alarm when the daemon is lost",
     "CMD runs with DM_EVENT (state, failing, alert, lost, found), DM_CHECK "
     "and\nDM_STATUS in its environment. D is 30s unless given.\n",
     dm_cmd_watch},
    {"history",
     "NAME [--since D or TIME] [--until D or TIME] [--node N] [--raw]",
     "Runs of one status, uptime, percentiles of a check",
     "At this node where it runs the check, else at the first that does;\n"
     "a heartbeat's over all nodes.\n",
     dm_cmd_history},
    {"alerts", "[--all] [--explain FINGERPRINT]", "Alerts that fire", "",
     dm_cmd_alerts},
    {"rules", "[NAME] [--test] [--print]",
     "Alert rules, their rows, their text",
     "--test runs them now and sends nothing.\n", dm_cmd_rules},
    {"query",
     "[QUERY] [-f FILE] [--format F] [--limit N] [--timeout D] [--explain] "
     "[--check] [--load FILE]… [--named IRI=FILE]… [--base IRI]",
     "Ask in SPARQL, of the daemon or of files",
     "F is table, json, xml, csv or tsv. With --load or --named files are "
     "asked,\nwithout a daemon. --check looks at the syntax alone.\n",
     dm_cmd_query},
    {"parse", "[FILE] [--from S] [--to S] [--base IRI]",
     "Convert RDF from one syntax to another",
     "S is turtle, trig, ntriples, nquads; --to also canonical-nquads and\n"
     "canonical-ntriples, which are sorted.\n",
     dm_cmd_parse},
    {"export", "nquads [--graph IRI]", "Everything that is stored, as N-Quads",
     "", dm_cmd_export},
    {"import", "nquads FILE…", "Take in quads, while no daemon runs",
     "All of a file or nothing. Results of other nodes become results again.\n",
     dm_cmd_import},
    {"gateway", "FILE.car… [--record NAME=FILE]… [--listen HOST:PORT]",
     "Serve CAR files and IPNS records, without a daemon",
     "As an IPFS trustless gateway, on 127.0.0.1:3224 unless told otherwise.\n"
     "Exit codes: 0 after SIGTERM or SIGINT.\n",
     dm_cmd_gateway},
    {"log", "[NODE] [verify | export FILE.car | show SEQ]",
     "The signed log of a node: where it stands, whether it is good",
     "verify exits with 1 and names entry and reason where it is not. export\n"
     "writes all that is kept, and its record beside it as FILE.car.record.\n",
     dm_cmd_log},
    {"peers", "", "How far each node's log is held, and how it is exchanged",
     "Where something is wrong it says what, and what to do.\n", dm_cmd_peers},
    {"id", "", "Name, key and addresses of this node", "", dm_cmd_id},
};
const size_t dm_n_commands = DM_COUNT_OF(dm_commands);
