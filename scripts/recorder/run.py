"""run.py DIRECTORY RECORDING EVERY PROGRAM [ARGUMENT...]: runs the program, a
path or -m MODULE, under the extension that is in the directory."""

import runpy
import sys

directory, recording, every = sys.argv[1:4]
del sys.argv[:4]
sys.path.insert(0, directory)
import recorder

del sys.path[0]


def run():
    """The exit status of the program."""
    try:
        if sys.argv[0] == "-m":
            del sys.argv[0]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    return 0


recorder.start(recording, int(every))
try:
    status = run()
finally:
    recorder.stop()
sys.exit(status)
