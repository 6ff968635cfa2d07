"""Runs every command that the README, the docs and the help print.

Usage: commands.py ROOT REAPMARK MANUAL RESULTS PYTHON

ROOT is the source tree, MANUAL the program reapmark-manual, RESULTS the script
that makes results directories of known figures.

Commands are the lines of code blocks, and the code within lines, that begin
with reapmark, a collector program, cmake, ctest or a script; and the examples
of the help.  Each is run by the first rule of RULES that fits it.  A command
that no rule fits is a failure, and so is a rule that fits no command: what is
reduced, or not run, is declared here with its reason, and nowhere else.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from pages import pages_of

root, reapmark, manual, maker, python = map(os.path.abspath, sys.argv[1:])
root = pathlib.Path(root)
built = pathlib.Path(reapmark).parent

# --------------------------------------------------------------------------
# The commands.
# --------------------------------------------------------------------------

BEGINS = r"(?:\$ )?(?:build/)?(?:reapmark|collectors/[\w-]+|cmake|ctest|\./scripts/\w+\.sh|scripts/\w+\.sh)\b"
# The page about Python has its blocks with what they print, and tests of its own
# run them (tests/leaks/page.py: python-memory, python-memory-cpython).
HAS_ITS_OWN_TEST = {"docs/python-memory.md"}


def commands_of(page):
    """The commands of a page, in its order."""
    text = (root / page).read_text(encoding="utf-8")
    fenced = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
    plain = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks = "\n".join(fenced) + "\n" + "\n".join(
        line[4:] for line in plain.splitlines() if line.startswith("    "))
    blocks = re.sub(r"\\\n\s*", " ", blocks)
    # A comment begins with a # behind blanks.
    blocks = re.sub(r"[ \t]{2,}#.*$|[ \t]+…$", "", blocks, flags=re.MULTILINE)
    blocks = re.sub(r"[ \t]+…$", "", blocks, flags=re.MULTILINE)
    # A quote may go on over several lines.
    found = [re.sub(r"\n\s*", " ", c) for c in
             re.findall(rf"^({BEGINS}(?:[^'\n]|'[^']*')*)$", blocks, re.MULTILINE)]
    begun = len(re.findall(rf"^{BEGINS}", blocks, re.MULTILINE))
    assert len(found) == begun, f"{page}: a quote is not closed"
    inline = re.sub(r"^    .*$", "", plain, flags=re.MULTILINE)
    found += re.findall(r"`(reapmark [^`]+|\./scripts/[^`]+)`", inline)
    return [c.replace("\n", " ").removeprefix("$ ").strip() for c in found]


pages = [str(page) for page in pages_of(root)]
commands = [(page, command) for page in pages if page not in HAS_ITS_OWN_TEST
            for command in commands_of(page)]
examples = subprocess.run([manual, "examples"], check=True, encoding="utf-8",
                          stdout=subprocess.PIPE).stdout.splitlines()
commands += [("--help", f"reapmark {line}") for line in examples]

# --------------------------------------------------------------------------
# How they are run.
# --------------------------------------------------------------------------

SMALL = "binary-trees:depth=4,rounds=1,array=16,stretch=4"


def plan(c):
    """`run`: the plan is made and printed, as hours would be needed."""
    c = c.replace("-c NAMES", "-c models").replace("-c COLLECTORS", "-c models")
    c = c.replace("objects=N,measure=M", "objects=1000,measure=collect").replace(' …"', '"')
    c = re.sub(r"--pin \S+", f"--pin {min(os.sched_getaffinity(0))}", c)
    return [f"{c} --dry-run"]


def script(c):
    """Scripts: they install and build.  They are parsed."""
    return [f"bash -n {root}/{c.split()[0].removeprefix('./')}"]


def preset(c):
    """cmake --preset: the preset exists."""
    name = re.search(r"--preset (\S+)", c).group(1)
    presets = json.loads((root / "CMakePresets.json").read_text())
    known = {p["name"] for p in presets["configurePresets"]}
    assert name in known, f"no preset {name}"
    return []


def label(c):
    """ctest: the label is one that tests have."""
    name = re.search(r"-L (\S+)", c).group(1)
    assert name in (root / "tests/CMakeLists.txt").read_text(), f"no label {name}"
    return []


def reduced(*pairs):
    """Replaces texts by others that need less time."""
    def by(c):
        for old, new in pairs:
            c = re.sub(old, new, c)
        return [c]
    by.__doc__ = f"Reduced: {pairs}."
    return by


# (pattern, how, exit statuses).  A status 3 means that the made results have no
# run of the kind that the table is about; 1 of doctor, that the machine disturbs.
RULES = [
    (r"^(\./)?scripts/", script, {0}),
    (r"^cmake (--build )?--preset ", preset, {0}),
    (r"^cmake -G Ninja -B build -DCMAKE_PREFIX_PATH=", None, "tests/package/out-of-tree.sh"),
    (r"^build/collectors/leaky ", None, "tests/package/out-of-tree.sh builds that collector"),
    (r"^reapmark (describe trie|run \./own\.yml)|^ctest --test-dir build$", None,
     "tests/package/own-project.sh"),
    (r"^cmake (-S harness/gbench|--build build-gbench)", None, "tests/gbench/installed.sh"),
    (r"^ctest ", label, {0}),
    (r"^reapmark \(driver\)|^reapmark-(trace 3|heap 1)", None,
     "a drawing, and heads of files"),
    (r"^reapmark help COMMAND$", reduced(("COMMAND", "run")), {0}),
    (r"^reapmark help ", reduced(), {0}),
    # A command that is only named.
    (r"^reapmark( trace)? [a-z]+$", lambda c: [f"{c} --help"], {0}),
    (r"^reapmark explain (NAME|DIR CELL)$", lambda c: [f"{c} --help"], {0}),
    (r"^reapmark run\b", plan, {0}),
    (r"^reapmark report DIR --table (limits|growth|pacing|pacing-space|phases|observer)\b", reduced(),
     {0, 3}),
    (r"^reapmark report DIR --figure growth\b", reduced(), {0, 3}),
    (r"^reapmark report OLD NEW ", reduced(("OLD NEW", "DIR OTHER")), {0}),
    (r"^reapmark report ", reduced(), {0}),
    # tests/driver/merge.sh makes directories that belong together.
    (r"^reapmark merge ", lambda c: [f"{c} --help"], {0}),
    (r"^reapmark compare before after ", reduced(("before after", "DIR OTHER")), {0}),
    (r"^reapmark compare BASE NEW .*METRIC=SHARE", reduced(
        ("BASE NEW", "DIR OTHER"), ("METRIC=SHARE", "throughput=5%")), {0, 4}),
    (r"^reapmark compare ", reduced(), {0}),
    (r"^reapmark list ", reduced(), {0}),
    (r"^reapmark explain (DIR|results/)", lambda c: ["reapmark explain DIR"], {0, 3}),
    (r"^reapmark explain ", reduced((r"$", " -c refcount")), {0}),
    (r"^reapmark doctor", reduced(), {0, 1}),
    (r"^reapmark describe ", reduced((r"sessions=30000", "sessions=100,requests=100"),
                                     (r"depth=10", "depth=10,rounds=1,stretch=4,array=16")), {0}),
    (r"^reapmark leaks", reduced((r"leaks.*", "leaks refcount mark-sweep -w pair-cycle")), {0}),
    (r"^reapmark minheap ", reduced((r" -[cw] \S+", ""), (r"(?=-o)", f"-c mark-sweep -w {SMALL} ")),
     {0, 1}),
    (r"^reapmark (rate|choose) ", lambda c: [f"{c} --help"], {0}),
    # Tests make the dumps and recordings of which these speak.
    (r"^reapmark (heap|trace infer) ", lambda c: [f"{c} --help"], {0}),
    (r"^reapmark micro .*--instructions", None, "tests/gbench counts instructions, with valgrind"),
    (r"^reapmark micro ", reduced((r"$", " --min-time 0.001")), {0}),
    (r"^reapmark stress .*--(resume|mutants)", lambda c: [f"{c} --help"], {0}),
    (r"^reapmark stress --list", reduced(), {0}),
    (r"^reapmark stress ", reduced((r"( --quick| --ops \d+| --seeds \d+)", ""),
                                   (r"stress.*", "stress mark-sweep -C plain --ops 1000 --seeds 1 -o STRESS")),
     {0, 1}),
    (r"^build/collectors/record ", reduced((r"--run cycles", "--run cycles:live=100,rounds=2"),
                                      (r"--run requests", "--run requests:sessions=100,requests=1000")), {0}),
    (r"^build/collectors/\S+ --run replay ", reduced(), {0}),
    (r"^build/collectors/\S+ --run fuzz:", reduced((r"fuzz:", "fuzz:ops=1000,"),
                                                   (r" --input \S+", "")), {0}),
    (r"^cmake .*build-afl", None, "tests/fuzz/runs.sh has the targets; AFL++ compiles them as well"),
    (r"^reapmark trace shrink ", lambda c: [f"{c.split(' -- ')[0]} --help"], {0}),
    (r"^reapmark trace ", reduced(), {0}),
]


def made(path, collectors):
    subprocess.run([python, maker, path, json.dumps(
        {"suite": "quick", "runs": 12, "heaps": ["2x", "3x"], "collectors": collectors})], check=True)


def run(command):
    """Runs a command in the folder of all; returns its status and what it said."""
    line = re.sub(r"(^|\| |&& )(?:build/)?reapmark\b", rf"\1{shlex.quote(reapmark)}", command)
    line = re.sub(r"(^|\| )build/collectors/", rf"\1{built}/collectors/", line)
    done = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8",
                          errors="replace", timeout=900)
    return done.returncode, done.stdout[-2000:]


# What the commands of --wrap name need not be installed: nothing runs them.
WRAPPERS = ["perf", "strace"]

used, failed, ran, seen = set(), 0, 0, set()
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("bin")
    for name in WRAPPERS:
        pathlib.Path("bin", name).write_text("#!/bin/sh\nexit 1\n")
        os.chmod(f"bin/{name}", 0o755)
    os.environ["PATH"] += f":{folder}/bin"
    made("DIR", {"refcount": 1, "mark-sweep": 1.5})
    made("OTHER", {"refcount": 1.1, "mark-sweep": 1.4})
    subprocess.run([f"{built}/collectors/record", "--run", f"{SMALL}", "--trace", "FILE",
                    "--pin", "none"], stdout=subprocess.DEVNULL, check=True)
    subprocess.run([reapmark, "trace", "annotate", "FILE", "-o", "ANNOTATED"], check=True)
    subprocess.run([reapmark, "trace", "prepare", "FILE", "-o", "PREPARED"], check=True)
    # The files that scripts/programs.sh makes.
    suite = (root / "workloads/suites/programs.yml").read_text(encoding="utf-8")
    for name in re.findall(r"trace:file=(\S+)", suite):
        shutil.copy("PREPARED", name)
    shutil.copy(root / "tests/heap/rings.graph", "G.graph")
    for page, command in commands:
        tried = re.sub(r"^build/(?=reapmark)", "", command)
        rule = next((r for r in RULES if re.search(r[0], tried)), None)
        if not rule:
            failed += 1
            print(f"{page}: no rule for: {command}")
            continue
        used.add(rule[0])
        if rule[1] is None:
            print(f"not run ({rule[2]}): {command}")
            continue
        try:
            lines = rule[1](tried)
        except AssertionError as wrong:
            failed += 1
            print(f"{page}: {command}: {wrong}")
            continue
        for line in lines:
            # What a command writes to is new each time, what it reads is there.
            if re.match(r"reapmark (minheap|run|rate)\b", line):
                line = re.sub(r"-o DIR\b", f"-o new{ran}", line)
            if line in seen:
                continue
            seen.add(line)
            status, said = run(line)
            ran += 1
            if status and re.search(r"\bnot (built|installed)\b|install the package", said):
                print(f"left out, for what is missing here: {line}: {said.strip()}")
                continue
            if status not in rule[2]:
                failed += 1
                print(f"{page}: {command}\n  run as: {line}\n  status {status}, not {rule[2]}:\n{said}")
for pattern, _, _ in RULES:
    if pattern not in used:
        failed += 1
        print(f"a rule fits no command: {pattern}")
print(f"{len(commands)} commands printed, {ran} run, {failed} failed")
sys.exit(failed > 0 or ran == 0)
