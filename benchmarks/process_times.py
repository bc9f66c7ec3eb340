"""CPU time and memory of processes, and of the whole machine, from /proc; Linux only."""

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")  # per second


def process_tree(pid: int) -> list[int]:
    """List a process, its children, and all other descendants."""
    found = [pid]
    for parent in found:  # grows during the iteration
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children") as children:
                    found += map(int, children.read().split())
        except OSError:  # it has exited in the meantime
            continue
    return found


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory; 0 if it has exited."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process and its exited children; 0 if it has exited itself."""
    return sum(_cpu_times(pid)) / TICKS


def own_cpu_s(pid: int) -> float:
    """Return the CPU time of a process without its children; 0 if it has exited."""
    return sum(_cpu_times(pid)[:2]) / TICKS


def _cpu_times(pid: int) -> list[int]:
    """Return utime, stime, cutime and cstime, see proc_pid_stat(5); empty if it has exited."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return list(map(int, after_name[11:15]))  # the first two fields are cut off


def process_tree_cpu_s(pid: int) -> float:
    """Return the CPU time of a process and its descendants, including those that have exited."""
    return sum(map(cpu_s, process_tree(pid)))


def busy_cpu_s(stat: str | None = None) -> float:
    """Return the time since the start of the machine in which its cores were busy, summed.

    stat     the content of /proc/stat, if not the current one
    """
    first_line = (stat or Path("/proc/stat").read_text()).splitlines()[0]
    # user, nice, system, idle, iowait, irq, softirq, steal; see proc_stat(5).
    user, nice, system, _, _, irq, softirq, steal = map(int, first_line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS
