"""terminal.py COLUMNS [--resize TEXT COLUMNS] [--key TEXT KEY] [--out FILE] COMMAND...

Runs a command on a terminal that is COLUMNS wide, and plays the terminal: letters,
line ends, and the sequences that the live view uses; any other is an error.  Lines
that are longer than the terminal wrap, and those that are there when the terminal
becomes narrower wrap as well, as in most terminals.

When TEXT was printed, the terminal is resized, or the key (c: Ctrl-C) is typed.  With
--out, the command's stdout is this file and not the terminal.  It writes to the
working directory

  screen  what stands on the terminal at the end, with all that has scrolled away
  frames  every picture of the view, as "COLUMNS|line"; "--" between two of them
  raw     all that was printed

and exits as the command does.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios


class Screen:
    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.row = self.column = 0
        self.wraps = True
        self.frames = []

    def resize(self, columns):
        """Rows that are too long are broken, as terminals with reflow do."""
        self.columns = columns
        rows = []
        for i, row in enumerate(self.rows):
            parts = [row[k:k + columns] for k in range(0, len(row), columns)] or [[]]
            rows += parts
            if i == self.row:
                self.row_new = len(rows) - 1
                self.column = len(parts[-1])
        self.rows, self.row = rows, self.row_new

    def put(self, letter):
        if self.column == self.columns:
            if self.wraps:
                self.line_end()
                self.column = 0
            else:
                self.column -= 1
        row = self.rows[self.row]
        row += [" "] * (self.column + 1 - len(row))
        row[self.column] = letter
        self.column += 1

    def line_end(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def sequence(self, text):
        if text == "[?7l":  # a picture of the view begins
            self.wraps = False
            self.begin = self.row
        elif text == "[?7h":
            self.wraps = True
            self.frames.append(
                [f"{self.columns}|" + "".join(r) for r in self.rows[self.begin:]])
        elif re.fullmatch(r"\[\d*A", text):
            self.row = max(0, self.row - int(text[1:-1] or 1))
        elif text == "[J":
            self.rows[self.row] = self.rows[self.row][:self.column]
            del self.rows[self.row + 1:]
        elif text not in ("[31m", "[0m"):
            sys.exit(f"unknown sequence {text!r}")

    def play(self, text):
        """Plays the text; returns the part at its end that is no whole sequence."""
        at = 0
        while at < len(text):
            letter = text[at]
            if letter == "\033":
                found = re.match(r"\033(\[[?\d;]*[A-Za-z])", text[at:])
                if not found:
                    break
                self.sequence(found.group(1))
                at += found.end()
                continue
            if letter == "\r":
                self.column = 0
            elif letter == "\n":
                self.line_end()
            else:
                self.put(letter)
            at += 1
        return text[at:]


def set_size(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def main(columns, *words):
    words, do, out = list(words), [], None
    while words[0].startswith("--"):
        if words[0] == "--out":
            out, words = words[1], words[2:]
        else:
            do.append(tuple(words[:3]))
            words = words[3:]
    child, terminal = pty.fork()
    if child == 0:
        while not os.read(0, 1):  # until the size is set
            pass
        if out:
            os.dup2(os.open(out, os.O_CREAT | os.O_WRONLY), 1)
        os.execvp(words[0], words)
    set_size(terminal, int(columns))
    os.write(terminal, b"\n")
    screen, raw, rest = Screen(int(columns)), b"", ""
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        raw += data
        rest = screen.play(rest + data.decode(errors="replace"))
        while do and do[0][1].encode() in raw:
            what, _, value = do.pop(0)
            if what == "--resize":
                set_size(terminal, int(value))
                screen.resize(int(value))
            else:
                os.write(terminal, bytes([ord(value) & 31]))
    with open("screen", "w") as f:
        f.writelines("".join(r).rstrip() + "\n" for r in screen.rows)
    with open("frames", "w") as f:
        for frame in screen.frames:
            f.writelines(line + "\n" for line in frame + ["--"])
    with open("raw", "wb") as f:
        f.write(raw)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)


main(*sys.argv[1:])
