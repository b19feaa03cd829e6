#!/usr/bin/env python3
"""on_terminal.py COLUMNS ROWS FRAMES COMMAND...: runs COMMAND with stderr on a terminal of that size.

Its exit code is COMMAND's. What the terminal shows is worked out from the control sequences that the program may use
(and no others: a further one is a failure): FRAMES gets every state of the screen in which the program stopped to
write, each followed by a line "--"; lines that scrolled out are part of it. At the end stdout has what is left there.
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

SEQUENCE = re.compile(rb"\x1b\[([0-9]*)([A-Za-z])")


class Screen:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column = [""], 0, 0

    def put(self, text):
        for char in text:
            if char == "\r":
                self.column = 0
            elif char == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            else:
                if self.column == self.columns:
                    self.put("\r\n")
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
                self.column += 1

    def control(self, number, letter):
        if letter == "A":
            self.row -= int(number or 1)
            if self.row < max(0, len(self.lines) - self.rows):
                sys.exit("the cursor leaves the terminal at its top")
        elif letter == "K" and not number:
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif letter == "J" and not number:
            self.lines[self.row] = self.lines[self.row][: self.column]
            del self.lines[self.row + 1 :]
        elif letter != "m":
            sys.exit("unknown control sequence: %s%s" % (number, letter))

    def feed(self, data):
        at = 0
        for match in SEQUENCE.finditer(data):
            self.put(data[at : match.start()].decode())
            self.control(match.group(1).decode(), match.group(2).decode())
            at = match.end()
        self.put(data[at:].decode())

    def __str__(self):
        return "\n".join(line.rstrip() for line in self.lines)


def main():
    columns, rows, frames = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    child = os.fork()
    if child == 0:
        os.close(master)
        os.dup2(slave, 2)
        os.close(slave)
        os.execvp(sys.argv[4], sys.argv[4:])
    os.close(slave)
    screen, left = Screen(columns, rows), b""
    with open(frames, "w", encoding="utf-8") as out:
        while True:
            try:
                data = os.read(master, 1 << 16)
            except OSError:  # the terminal's way to say that nobody writes any more
                data = b""
            if not data:
                break
            # A terminal driver makes CR LF of a line feed. What may be the beginning of more waits.
            data = left + data
            cut = re.search(rb"(\x1b\[?[0-9]*|[\xc2-\xf4][\x80-\xbf]*)$", data)
            left = data[cut.start() :] if cut and cut.start() > len(data) - 8 else b""
            screen.feed(data[: len(data) - len(left)])
            out.write("%s\n--\n" % screen)
    if left:
        sys.exit("the output ends within a control sequence: %r" % left)
    print(screen)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
