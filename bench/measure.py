"""Wall time, CPU time and peak memory of one build, for a client with or without a daemon behind it.

CPU of a client is its rusage with all children. CPU of a daemon is the difference of its process tree's
times, each with the times of children it has waited for; a RUN's processes are among those, because
runtimes wait for them. No control group is needed, so it is the same on every host.
Memory is the largest VmHWM of one builder process; what a RUN's own programs take does not count.
"""
import os
import pathlib
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.05


@dataclass
class Measured:
    wall: float  # seconds
    cpu: float  # seconds, user and system, of client, daemon and everything they ran
    peak: int  # bytes


class BuildFailed(Exception):
    pass


def _read(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it has just ended


def _children(pid):
    return [int(child) for task in _tasks(pid) for child in _read(pid, f"task/{task}/children").split()]


def _tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []


def tree(pid):
    """`pid` and its living descendants."""
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += _children(found[-1])
    return found


def _cpu_seconds(pid):
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def _high_water(pid):
    for line in _read(pid, "status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _program(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


class _Watch(threading.Thread):
    """Polls the largest VmHWM of a client's own processes, told from a RUN's by the program's name."""

    def __init__(self, pid, program):
        super().__init__(daemon=True)
        self.pid, self.program, self.peak, self.ended = pid, program, 0, threading.Event()

    def run(self):
        while not self.ended.wait(POLL_SECONDS):
            for pid in tree(self.pid):
                if _program(pid) == self.program:
                    self.peak = max(self.peak, _high_water(pid))


def measure(command, log, env=None, daemon=None, program=None, runs_programs=False):
    """Runs one build and waits for its end; its output goes to `log`.

    daemon: process id of the daemon that does the work. program: name of the client's executable.
    runs_programs: a RUN of this build may take more memory than the builder, so that the client's
    largest resident set, which includes it, does not answer; its processes are polled then.
    """
    before = {}
    if daemon:
        before = {pid: _cpu_seconds(pid) for pid in tree(daemon)}
        for pid in before:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM starts anew
    os.sync()
    with open(log, "ab") as output:
        started = time.monotonic()
        client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                  env=env, start_new_session=True)
        watch = _Watch(client.pid, program) if program and runs_programs else None
        if watch:
            watch.start()
        try:
            _, status, usage = os.wait4(client.pid, 0)
        except KeyboardInterrupt:
            os.killpg(client.pid, signal.SIGTERM)
            raise
        wall = time.monotonic() - started
    client.returncode = os.waitstatus_to_exitcode(status)
    if watch:
        watch.ended.set()
        watch.join()
    if client.returncode != 0:
        raise BuildFailed(f"exit code {client.returncode}, see {log}")
    cpu = usage.ru_utime + usage.ru_stime
    if daemon:
        after = tree(daemon)
        cpu += sum(_cpu_seconds(pid) - before.get(pid, 0.0) for pid in after)
        peak = max(map(_high_water, after))
    else:
        # A program too short to be polled had no time for a RUN that takes more memory than itself.
        peak = watch.peak if watch and watch.peak else usage.ru_maxrss * 1024
    return Measured(wall, cpu, peak)
