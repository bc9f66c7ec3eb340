"""Start `inkdigits serve` in a fork of a process that has already imported it.

A fork is a process of its own, and its workers are new processes as always. Only the time for the
supervisor's imports is saved, which is a third of the time until a server is ready.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from forks import READ_LATE

# Runs main, with the number of its socket.
CODE = "import sys; sys.path.append(sys.argv[1]); import forked_servers; forked_servers.main()"
# What is imported by `inkdigits serve` in any case.
MODULES = ("inkdigits.cli.serve", "inkdigits.api.registry", "inkdigits.api.server")


def main():
    """Start a fork for each message {"arguments", "environment"} and two files, its output.

    The answer is its process id. A message {"ended": id} is answered with the exit status, negative
    for a signal, or with null as long as it runs.
    """
    for module in MODULES:
        __import__(module)
    # Ctrl-C ends the tests; they end this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[2]))
    while True:
        data, files, *_ = socket.recv_fds(control, 2**20, 2)
        if not data:
            sys.exit()
        message = json.loads(data)
        if "ended" in message:
            process, status = os.waitpid(message["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if process else None
        else:
            answer = os.fork()
            if answer == 0:
                control.close()
                _serve(message, files)
            for file in files:
                os.close(file)
        control.sendall(json.dumps(answer).encode())


def _serve(job, files):
    """Become the server."""
    from inkdigits.cli import main

    with open(os.devnull) as nothing:
        for number, file in enumerate([nothing.fileno(), *files]):
            os.dup2(file, number)
    for file in files:
        os.close(file)
    # The old ones may be of files, in which one can seek.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.argv = ["-c", *job["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(prog_name="inkdigits")


class ForkedServers:
    """Forks of one process, which starts with the first and ends with the tests."""

    def __init__(self):
        self._lock = threading.Lock()
        self._control = None

    def can_run(self, environment):
        """Whether a fork would behave as a process does that is started now."""
        if sys.platform != "linux":
            return False
        if self._control is None:
            self._start()
        return self._state == _state(environment)

    def run(self, arguments, environment):
        """Start a server; return what subprocess.Popen returns with pipes for its text output."""
        ends = [os.pipe(), os.pipe()]
        job = {"arguments": list(map(str, arguments)), "environment": dict(environment)}
        process = self.ask(job, [write for _, write in ends])
        for _, write in ends:
            os.close(write)
        return ForkedServer(self, process, *(open(read) for read, _ in ends))

    def ask(self, message, files=()):
        """Send a message to the process; return its answer."""
        with self._lock:
            socket.send_fds(self._control, [json.dumps(message).encode()], files)
            return json.loads(self._control.recv(100))

    def _start(self):
        # Each message arrives whole.
        self._control, other = socket.socketpair(type=socket.SOCK_SEQPACKET)
        self._state = _state(os.environ)
        with other:
            process = subprocess.Popen(
                [sys.executable, "-c", CODE, os.path.dirname(__file__), str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
            )

        def end():
            self._control.close()
            process.wait()

        atexit.register(end)


def _state(environment):
    """What code may have read while it was imported."""
    kept = {
        name: value
        for name, value in environment.items()
        if name not in READ_LATE and not name.startswith("INKDIGITS_")
    }
    return os.getcwd(), kept


class ForkedServer:
    """The part of subprocess.Popen that the tests of the server use."""

    def __init__(self, servers, pid, stdout, stderr):
        self._servers = servers
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stdout.close()
        self.stderr.close()
        self.wait()

    def poll(self):
        if self.returncode is None:
            self.returncode = self._servers.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(["inkdigits", "serve"], timeout)
            time.sleep(0.01)
        return self.returncode

    def communicate(self, timeout=None):
        """Wait until it has ended; return the rest of its output.

        Whatever has its output open, such as a worker, may outlive it: that is waited for, too.
        """
        read = ["", ""]

        def read_rest(index, stream):
            read[index] = stream.read()

        streams = [stream for stream in (self.stdout, self.stderr) if not stream.closed]
        threads = [
            threading.Thread(target=read_rest, args=pair, daemon=True)
            for pair in enumerate(streams)
        ]
        end = None if timeout is None else time.monotonic() + timeout
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(None if end is None else max(0, end - time.monotonic()))
            if thread.is_alive():
                raise subprocess.TimeoutExpired(["inkdigits", "serve"], timeout)
        self.wait(None if end is None else max(1, end - time.monotonic()))
        return tuple(read)

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)


SERVERS = ForkedServers()
