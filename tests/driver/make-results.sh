#!/bin/sh
# make-results.sh DIR CELLS INVOCATIONS: writes a results directory with so many
# cells and invocations of each, whose times vary by a fixed pattern.  There is
# something in them for every table but observer and limits.  Tests take few; for
# measurements the driver's readers and writers take many.
set -eu
mkdir -p "$1"
awk -v dir="$1" -v cells="$2" -v invocations="$3" '
function id(c) { return workload(c) "/" collector(c) "/heap=3x/threads=1/seed=42" }
function workload(c) { return "script:objects=" int(c / 4) + 1 }
function collector(c) { return substr("alphabeta gammadelta", c % 4 * 5 + 1, c % 4 == 1 ? 4 : 5) }
BEGIN {
  plan = dir "/plan.json"; runs = dir "/runs.jsonl"
  printf "{\"schema\": 1, \"suite\": \"custom\", \"invocations\": %d," \
    " \"timeout\": 60.0, \"seed\": 42, \"cells\": [\n", invocations >plan
  for (c = 0; c < cells; c++)
    printf "%s{\"cell\": \"%s\", \"workload\": \"%s\", \"collector\": \"%s\"," \
      " \"heap\": \"3x\", \"threads\": 1}", c ? ",\n" : "", id(c), workload(c),
      collector(c) >plan
  print "]}" >plan
  printf "" >runs
  for (n = 1; n <= invocations; n++)
    for (c = 0; c < cells; c++) {
      wall = 3000000 + 1000 * (n * 7919 % 101) + c
      h = "{\"count\": 2, \"sum\": 300, \"min\": 100, \"max\": 200," \
        " \"p50\": 100, \"p99\": null, \"buckets\": [[100, 1], [200, 1]]}"
      curve = sprintf("{\"mmu\": [0.999, 0.999, %.9f], \"bmu\":" \
        " [0.999, 0.999, %.9f]}", 1 - 300 / wall, 1 - 300 / wall)
      use = "\"objects\": 100, \"cells\": 3200, \"pages\": 4096," \
        " \"free\": 800, \"free_largest\": 400"
      print "{\"schema\": 1, \"collector\": \"" collector(c) "\", \"workload\":" \
        " \"script\", \"params\": {\"objects\": " int(c / 4) + 1 "}, \"threads\": 1," \
        " \"seed\": 42, \"heap\": {\"asked\": \"3x\", \"limit\": 0," \
        " \"must_hold\": 1048576, \"live\": 1048576, \"allocated\": " wall \
        "}, \"options\": {}, \"verdict\": {\"status\": \"ok\"," \
        " \"declared\": true, \"leaked\": 0, \"reason\": \"\"}, \"ops\":" \
        " {\"count\": 1000, \"unit\": \"acts\"}, \"time\": {\"wall\": " wall \
        ", \"cpu\": " wall ", \"user\": " wall ", \"system\": 0," \
        " \"instrument\": 0, \"stop\": 300, \"own\": 0}, \"pauses\":" \
        " {\"stop\": " h ", \"all\": " h "}, \"steps\": {\"act\": " h "," \
        " \"all\": " h ", \"delayed\": 0, \"corrected\": true}, \"memory\":" \
        " {\"baseline\": 1048576, \"peak\": 3145728, \"peak_reset\": true," \
        " \"footprint\": 2097152, \"footprint_peak\": 2097152," \
        " \"minor_faults\": 0, \"major_faults\": 0, \"curve\":" \
        " [[0, 1048576, 2097152], [500000, 2097152, 3145728], [1000000," \
        " 2097152, 3145728]], \"end\": {" use "}, \"settled\": {" use "," \
        " \"live_objects\": 100, \"live_bytes\": 2400}}, \"mmu\":" \
        " {\"windows\": [1000000, 2000000, " wall "], \"worst\": " curve "," \
        " \"threads\": [" curve "], \"joined\": 0}, \"latency\": {\"rate\":" \
        " 1000, \"arrivals\": \"even\", \"span\": 1000000, \"intended\": " h \
        ", \"simple\": " h "}, \"counters\": {}," \
        " \"binding\": {\"policy\": \"none\", \"got\": []}, \"noise\":" \
        " {\"voluntary\": 0, \"involuntary\": 0, \"run_delay\": 0}, \"key\":\"" \
        id(c) "#" n "\", \"cell\": \"" id(c) "\", \"suite\": \"custom\"," \
        " \"invocation\": " n ", \"order\": " (n - 1) * cells + c + 1 "," \
        " \"started\": \"2026-01-02T03:04:05Z\", \"elapsed\": 5000000}" >runs
    }
}'
