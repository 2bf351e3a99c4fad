"""What an answer costs: first checked, then asked for again and again by sixteen clients.

CPU is that of all of the server's processes, and of the database's; the client's is not counted.
Of several rounds the least counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from statistics import median

from tests.bench.load import Load, load
from tests.bench.serve import wrk
from tests.bench.serve.answers import Answer, get
from tests.bench.serve.asking import Question
from tests.bench.serve.servers import Server

CLIENTS = 16
ROUNDS = 3
SECONDS = 2.0
_LONGEST_S, _ALONE_S = 4.0, 1.0
_LEAST_CPU_S = 0.2  # the system counts in hundredths of a second, for each process
_CHECKED = 20
_SLOW_S, _VERY_SLOW_S, _ENDLESS_S = 0.03, 1.0, 5.0


class WrongAnswerError(Exception):
    """An answer was no success."""


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU ms of an answer, answers a second, ms in which 99 of 100 came; what was wrong."""

    cpu_ms: float = inf
    rate: float = 0.0
    p99_ms: float = inf
    fault: str = ""

    def better(self, other: "Measured") -> "Measured":
        """Return the best of both rounds."""
        return Measured(
            min(self.cpu_ms, other.cpu_ms),
            max(self.rate, other.rate),
            min(self.p99_ms, other.p99_ms),
            self.fault or other.fault,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """The seconds that an answer takes, one at a time, and what is wrong with some."""

    took_s: float
    fault: str


def check(server: Server, question: Question) -> Checked:
    """Ask for some answers and count their features.

    Raises
    ------
    WrongAnswerError
        An answer was no success, or had none of the features.
    """
    step = ceil(len(question.paths) / _CHECKED)
    some = question.part(0, step)
    answers = [get(server.port, path, question.headers) for path in some.paths]
    counts = [_count(some, path, answer) for path, answer in zip(some.paths, answers, strict=True)]
    bounds = list(zip(counts, some.least, some.most, strict=True))
    if any(count == 0 < least for count, least, _ in bounds):
        raise WrongAnswerError(f"{question.key}: no feature, or not in these coordinates")
    wrong = sum(not least <= count <= most for count, least, most in bounds)
    found, right = sum(counts), sum(some.least)
    fault = f"{wrong} of {len(counts)} answers wrong: {found} features, not {right}"
    return Checked(median(a.took_s for a in answers), fault if wrong else "")


def _count(question: Question, path: str, answer: Answer) -> int:
    if answer.status != 200:
        raise WrongAnswerError(f"{question.key}: status {answer.status} for {path}")
    return question.count(answer)


def measure(server: Server, question: Question) -> Measured:
    """Check a question and measure it."""
    return measure_beside([(server, question)])[0]


def measure_beside(asked: Sequence[tuple[Server, Question]]) -> list[Measured]:
    """Check questions and measure them by turns, so that all have the same hours."""
    checked = [check(*one) for one in asked]
    best = [Measured(fault=c.fault) for c in checked]
    for _ in range(ROUNDS):
        for at, (server, question) in enumerate(asked):
            best[at] = best[at].better(_round(server, question, checked[at].took_s))
    return best


def measure_alone(server: Server, question: Question) -> Measured:
    """Check and measure a question that one client asks, once where that takes long."""
    checked = check(server, question)
    best = Measured(fault=checked.fault)
    for _ in range(1 if checked.took_s > _ENDLESS_S else ROUNDS):
        best = best.better(_counted(server, question, 1))
    return best


def _round(server: Server, question: Question, took_s: float) -> Measured:
    """Measure once: slow answers one at a time as well, so that none is counted in part."""
    if took_s > _VERY_SLOW_S:
        return _counted(server, question, 1)
    alone = Measured()
    if took_s > _SLOW_S:
        alone = replace(_counted(server, question, ceil(_ALONE_S / took_s)), rate=0.0)
    before = server.cpu_s()
    done = _load(server, question, took_s)
    spent = server.cpu_s() - before
    server.wait_until_quiet()
    if not done.answers:
        return alone
    rate = done.answers / done.wall_s
    return alone.better(Measured(spent / done.answers * 1000, rate, done.p99_ms))


def _counted(server: Server, question: Question, count: int) -> Measured:
    """Measure so many answers, one at a time; CPU only where it is more than the clock's error."""
    before = server.cpu_s()
    paths = (question.paths * ceil(count / len(question.paths)))[:count]
    took = [get(server.port, path, question.headers).took_s for path in paths]
    spent = server.cpu_s() - before
    return Measured(spent / count * 1000 if spent > _LEAST_CPU_S else inf, count / sum(took))


def _load(server: Server, question: Question, took_s: float) -> Load:
    """Let sixteen clients ask for some seconds."""
    if not wrk.missing():
        # Slow answers take longer: each client should have had one or two.
        seconds = min(max(SECONDS, took_s * CLIENTS), _LONGEST_S)
        return wrk.wrk(server.port, question.paths, seconds, CLIENTS, question.headers)
    count = int(SECONDS / took_s)
    paths = (question.paths * ceil(count / len(question.paths)))[:count]
    return load(server.port, paths, CLIENTS, question.headers.get("Accept-Encoding", "identity"))
