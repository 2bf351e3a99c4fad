"""Running a command and asking what it cost."""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds (user and system), wall seconds, and the largest resident size in MiB."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def run(*command: str) -> Cost:
    """Run a command to its end; a failure stops the benchmark with its output.

    Each command runs below a small process of its own, so that the peak of one is
    not mistaken for that of another.
    """
    program = (
        "import resource,subprocess,sys;"
        "r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL);"
        "u=resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(u.ru_utime+u.ru_stime,u.ru_maxrss/1024,r.returncode)"
    )
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=True
    )
    wall = perf_counter() - began
    cpu, peak, status = done.stdout.split()
    if status != "0":
        raise SystemExit(f"{' '.join(command)} ended with {status}:\n{done.stderr}")
    return Cost(float(cpu), wall, float(peak))


def own_cpu() -> float:
    """Return the CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def program(name: str) -> str:
    """Return the path of a program of this environment."""
    return os.path.join(os.path.dirname(sys.executable), name)  # noqa: PTH118, PTH120 - a symlink must stay
