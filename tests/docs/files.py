"""Every file that a page prints is built or run by a test.

Usage: files.py ROOT REAPMARK

ROOT is the source tree.  A fenced code block of any language but sh and text, which are
commands and what they print, is a file.  The line of text before it begins with the
file's name in backquotes, and a test script writes it from the page by printed_files
(tests/expect.sh) under this name.  Files in the formats that docs/ defines stand in
indented blocks, and are read here.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from pages import pages_of

root, reapmark = pathlib.Path(sys.argv[1]).resolve(), os.path.abspath(sys.argv[2])

# A page whose blocks have a test of their own, which is handed the page.
HAS_ITS_OWN_TEST = {"docs/ci.md": "tests/followed/followed.sh",
                    "docs/python-memory.md": "tests/leaks/page.py"}
# The first line of a file in a format of ours, and the command that reads it.
FORMATS = {"reapmark-trace 3": ["trace", "verify"], "reapmark-heap 1": ["heap", "stat"]}

problems = []
pages = pages_of(root)
scripts = {p: p.read_text(encoding="utf-8") for p in (root / "tests").rglob("*.sh")}


def taken(page, name):
    """Whether a script writes this file of this page."""
    call = rf'^ *printed_files "?\$\w+(?:/{re.escape(str(page.parent))})?/{page.name}"? \S+(.*)$'
    return any(name in found.group(1).split()
               for text in scripts.values()
               for found in re.finditer(call, text, re.MULTILINE)
               if str(page) in found.group(0) or str(page.parent) in text)


def read_here(text, arguments, page):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "file")
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([reapmark, *arguments, path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8")
        if done.returncode:
            problems.append(f"{page}: {text.splitlines()[0]}: {done.stdout}")


files = 0
for page in pages:
    text = (root / page).read_text(encoding="utf-8")
    if str(page) in HAS_ITS_OWN_TEST:
        test = HAS_ITS_OWN_TEST[str(page)]
        if not (root / test).exists():
            problems.append(f"{page}: there is no {test}")
        continue
    before, name = None, None
    for line in text.splitlines():
        fence = re.match(r"```(\w*)", line)
        if before == "inside":
            before = None if fence else before
        elif fence:
            before = "inside"
            if fence.group(1) in ("sh", "text"):
                continue
            files += 1
            if not name:
                problems.append(f"{page}: a block of {fence.group(1) or 'code'} without the "
                                "name of a file before it")
            elif not taken(page, name):
                problems.append(f"{page}: no test script takes {name} by printed_files")
            name = None
        else:
            found = re.match(r"`([A-Za-z-]+\.[a-z]+)`", line)
            name = found.group(1) if found else name
    for block in re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.MULTILINE):
        lines = [line[4:] for line in block.splitlines() if line.strip()]
        if lines and lines[0] in FORMATS:
            files += 1
            read_here("\n".join(lines) + "\n", FORMATS[lines[0]], page)

print("\n".join(problems + [f"{len(pages)} pages, {files} files, {len(problems)} problems"]))
sys.exit(bool(problems) or files < 8)
