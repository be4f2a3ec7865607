"""What systemd does for a service that it starts, done by a test: it listens for datagrams, and
passes sockets."""

import os
import socket
import sys

# Puts the descriptors that it is given at 3, 4, ... and becomes the program, as systemd does.
PASSING = """
import os, sys
numbers = [int(number) for number in sys.argv[1].split(",")]
high = [os.dup2(number, 100 + index) for index, number in enumerate(numbers)]
for index, number in enumerate(high):
    os.dup2(number, 3 + index)
    os.close(number)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


def passing(sockets, program):
    """The words that start `program` with these sockets passed to it."""
    numbers = ",".join(str(one.fileno()) for one in sockets)
    return [sys.executable, "-c", PASSING, numbers, str(program)]


class Notifications:
    """A notification socket, by path or, with an `@`, by an abstract name."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def wait(self, line, seconds=20.0):
        """Read on until a datagram holds this line, and return that datagram's lines."""
        self.socket.settimeout(seconds)
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            self.seen.append(lines)
            if any(one == line or one.startswith(line + "=") for one in lines):
                return lines

    def waiting(self):
        """What has come and was not read yet."""
        self.socket.setblocking(False)
        try:
            while True:
                self.seen.append(self.socket.recv(4096).decode().splitlines())
        except BlockingIOError:
            return self.seen


def listening(family, address):
    """A socket that listens, for `passing`."""
    one = socket.socket(family)
    one.bind(address)
    one.listen(128)
    os.set_inheritable(one.fileno(), True)
    return one
