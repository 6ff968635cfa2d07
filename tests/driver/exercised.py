"""Checks that every option of every command is exercised by a test.

Usage: exercised.py OPTIONS TESTS

OPTIONS is what `reapmark-manual options` prints: a line for each option, with
the command, the option and its letter, separated by tabs.  TESTS is the folder
of the tests.

An option is exercised if a command line of a test script has it behind its
command: a line (joined with those that a backslash continues it on) that runs
the driver, by the helpers of expect.sh or by itself, with this command and this
option.  A script may call a command through a function of its own, whose name
then stands for the command: `rate() { expect "$1" rate "${@:2}"; }`.
"""
import pathlib
import re
import sys

options, tests = sys.argv[1], pathlib.Path(sys.argv[2])
commands = {}
for line in open(options, encoding="utf-8"):
    command, option, letter = line.rstrip("\n").split("\t")
    commands.setdefault(command, []).append((option, letter))

runs = r'(?:expect\s+\S+|exits\s+\S+\s+"?\$\w+"?|start|terminal\s+\S+|"?\$\{?reapmark\}?"?|reapmark)'
looks = ("printed|unprinted|said|complained|row|has|has_line|counted|answered|"
         "answered_like|fail|echo|skip")
exercised = set()
for script in sorted(tests.rglob("*.sh")):
    text = script.read_text(encoding="utf-8").replace("\\\n", " ")
    # Comments, and lines that look for a text, run nothing.
    text = re.sub(rf"^\s*(?:#|(?:{looks})\s).*$", "", text, flags=re.MULTILINE)
    for command in commands:
        words = re.escape(command).replace(r"\ ", r"\s+")
        # Functions that run this command; they may call each other.
        calls = [rf"{runs}\s+{words}"]
        for _ in range(3):
            for name, body in re.findall(
                    r"^(\w+)\(\)\s*\{\n?(.*?)\}$", text, re.DOTALL | re.MULTILINE):
                if any(re.search(rf"(?:^|[\s;|&(]){call}\b", body) for call in calls) \
                        and '"$@"' in body or f"${{@:2}}" in body and words in body:
                    if not name.startswith("test_"):
                        calls.append(rf"{name}")
        for call in dict.fromkeys(calls):
            for rest in re.findall(rf"(?:^|[\s;|&({{]){call}(?=\s)(.*)", text):
                for option, letter in commands[command]:
                    if re.search(rf"(?:^|[\s\"'(]){option}(?![\w-])", rest) or (
                            letter != "--" and
                            re.search(rf"(?:^|\s){letter}(?=[\s\w]|$)", rest)):
                        exercised.add((command, option))

missing = [f"reapmark {command} {option}" for command in commands
           for option, _ in commands[command] if (command, option) not in exercised]
total = sum(len(all_of) for all_of in commands.values())
print(f"{total - len(missing)} of {total} options are exercised")
for one in missing:
    print(f"no test runs: {one}")
sys.exit(bool(missing) or not total)
