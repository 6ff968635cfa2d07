"""Runs what a page shows: each `python` or `sh` block is followed by a `text`
block, which is what it prints.

Each runs in a folder of its own, which is empty.

Usage: page.py PAGE REAPMARK own|cpython: the blocks that need no adapter, or
those that need that of CPython.
"""
import os
import re
import subprocess
import sys
import tempfile

page, reapmark, wanted = sys.argv[1:]
text = open(page, encoding="utf-8").read()
fence = "`" * 3
blocks = re.findall(
    rf"^{fence}(python|sh)\n(.*?)^{fence}\n{fence}text\n(.*?)^{fence}\n",
    text, re.DOTALL | re.MULTILINE)
assert len(blocks) == text.count(fence) / 4, "a block without what it prints"

environment = dict(os.environ)
environment["PATH"] = os.path.dirname(os.path.abspath(reapmark)) + ":" + environment["PATH"]
run = failed = 0
for language, code, shown in blocks:
    needs = "cpython" if language == "sh" and "cpython" in code else "own"
    if needs != wanted:
        continue
    command = ([sys.executable, "-I", "-c", code] if language == "python"
               else ["/bin/sh", "-c", code])
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(command, env=environment, encoding="utf-8",
                                cwd=folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    run += 1
    if result.returncode or result.stdout != shown:
        failed += 1
        print(f"{code}--- shown:\n{shown}--- printed:\n{result.stdout}"
              f"{result.stderr}")
print(f"{run} blocks, {failed} of them print something else")
sys.exit(failed > 0 or run == 0)
