"""Simulate a run of batch recognition on a cluster, part by part, with SimPy.

Modeled: one driver that sends parts to workers and takes their replies, one after the other;
workers that have a few parts waiting; an object storage with a latency and a limit on requests;
slow nodes; and nodes that are lost and replaced, whose parts are done again. Not modeled: Ray's own
processes, a network that all nodes share, and neighbors on the same hardware.
"""

import math
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import simpy

Events: TypeAlias = Generator[Any, Any, None]


@dataclass(frozen=True)
class Costs:
    """What work takes on the machine where it was measured.

    picture_s  of a worker, for one picture
    part_s     of a worker, for one part beyond its pictures
    driver_s   of the driver, for one part
    start_s    from the start of a worker until it can recognize
    """

    picture_s: float
    part_s: float
    driver_s: float
    start_s: float


@dataclass(frozen=True)
class Storage:
    """An object storage.

    gets_per_s, puts_per_s  limits on requests, over all nodes
    latency_s               median time until the first byte
    spread                  standard deviation of the logarithm of the latency
    list_s                  time of a request that lists 1,000 keys
    """

    gets_per_s: float = math.inf
    puts_per_s: float = math.inf
    latency_s: float = 0.0
    spread: float = 0.5
    list_s: float = 0.0


@dataclass(frozen=True)
class Run:
    """A run to simulate.

    gets_per_part       requests that read one part
    gets_at_once        of them; if there are several, they are made while pictures are recognized
    keys_per_part       keys that the driver lists for one part
    picture_bytes       of a file
    node_bytes_per_s    of a node's network, which its workers share
    waiting             parts that a worker has, including the one that it does
    slow_nodes          fraction of the nodes that are slower
    slowness            how many times as long a slow node takes
    node_lifetime_s     mean time until a node is lost
    replacement_s       time until a lost node is replaced
    """

    pictures: int
    part_size: int
    nodes: int
    workers_per_node: int
    storage: Storage = field(default_factory=Storage)
    gets_per_part: int = 1
    gets_at_once: int = 1
    keys_per_part: int = 1
    picture_bytes: float = 0.0
    node_bytes_per_s: float = math.inf
    waiting: int = 2
    slow_nodes: float = 0.0
    slowness: float = 2.0
    node_lifetime_s: float = math.inf
    replacement_s: float = 300.0

    @property
    def parts(self) -> int:
        """The number of parts."""
        return math.ceil(self.pictures / self.part_size)

    @property
    def workers(self) -> int:
        """The number of workers."""
        return self.nodes * self.workers_per_node


@dataclass(frozen=True)
class Outcome:
    """What a simulated run took.

    seconds      from the start to the last reply
    efficiency   the time that the pictures alone take, over that of all workers
    driver_busy  fraction of the time in which the driver worked
    worker_busy  fraction of the workers' time in which they did parts
    last_s       between the ends of the first worker without a part and of the last one
    lost_nodes   number of nodes that were lost
    repeated     parts that were started again because their node was lost
    """

    seconds: float
    efficiency: float
    driver_busy: float
    worker_busy: float
    last_s: float
    lost_nodes: int
    repeated: int


def simulate(run: Run, costs: Costs, seed: int = 0) -> Outcome:
    """Simulate a run; the same seed gives the same outcome."""
    return _Simulation(run, costs, seed).outcome()


class _Limit:
    """A limit on the rate of requests: each waits until those before it have passed."""

    def __init__(self, per_s: float) -> None:
        self._each_s = 1 / per_s
        self._free_at = 0.0

    def wait_s(self, now: float, requests: int) -> float:
        """Return how long these requests wait."""
        self._free_at = max(self._free_at, now) + requests * self._each_s
        return self._free_at - requests * self._each_s - now if self._each_s else 0.0


class _Simulation:
    def __init__(self, run: Run, costs: Costs, seed: int) -> None:
        self.run, self.costs = run, costs
        self.rng = np.random.default_rng(seed)
        self.environment = simpy.Environment()
        self.waiting: deque[_Worker] = deque()  # for a part
        self.asked = self.environment.event()
        self.workers: dict[_Worker, None] = {}  # those of nodes that are not lost, in order
        self.gets, self.puts = _Limit(run.storage.gets_per_s), _Limit(run.storage.puts_per_s)
        self.planned = 0
        self.again: deque[int] = deque()  # parts of lost nodes
        self.done = 0
        self.driver_s = self.busy_s = 0.0
        self.idle_since = math.inf
        self.lost_nodes = self.repeated = 0
        self.finished = self.environment.event()
        slow = round(run.slow_nodes * run.nodes)
        for number in range(run.nodes):
            speed = run.slowness if number < slow else 1.0
            self.environment.process(self._node(speed))
        self.environment.process(self._driver())

    def outcome(self) -> Outcome:
        self.environment.run(self.finished)
        run, seconds = self.run, float(self.environment.now)
        return Outcome(
            seconds=seconds,
            efficiency=run.pictures * self.costs.picture_s / (seconds * run.workers),
            driver_busy=self.driver_s / seconds,
            worker_busy=self.busy_s / (seconds * run.workers),
            last_s=max(0.0, seconds - self.idle_since),
            lost_nodes=self.lost_nodes,
            repeated=self.repeated,
        )

    def _driver(self) -> Events:
        """Answer each reply with the next part."""
        run, storage = self.run, self.run.storage
        plan_s = self.costs.driver_s + run.keys_per_part / 1000 * storage.list_s
        while True:
            if not self.waiting:
                self.asked = self.environment.event()
                yield self.asked
            worker = self.waiting.popleft()
            if not worker.alive:
                continue
            if self.again:
                part, needed_s = self.again.popleft(), self.costs.driver_s
            elif self.planned < run.parts:
                part, needed_s = self.planned, plan_s
                self.planned += 1
            else:
                worker.refused += 1
                if worker.refused == run.waiting:
                    self.idle_since = min(self.idle_since, self.environment.now)
                continue
            yield self.environment.timeout(needed_s)
            self.driver_s += needed_s
            if worker.alive:
                worker.take(part)
            else:
                self.again.append(part)
                self.repeated += 1
                self._offer_again()

    def _node(self, slowness: float) -> Events:
        """Run the workers of a node; if it is lost, replace it after a while."""
        while True:
            workers = [_Worker(self, slowness) for _ in range(self.run.workers_per_node)]
            self.workers.update(dict.fromkeys(workers))
            if math.isinf(self.run.node_lifetime_s):
                return
            yield self.environment.timeout(self.rng.exponential(self.run.node_lifetime_s))
            self.lost_nodes += 1
            for worker in workers:
                del self.workers[worker]
                lost = worker.lose()
                self.repeated += len(lost)
                self.again.extend(lost)
            self._offer_again()
            yield self.environment.timeout(self.run.replacement_s)

    def _offer_again(self) -> None:
        """Let workers that were told that nothing is left ask once more."""
        left = len(self.again)
        for worker in self.workers:
            while worker.refused and left:
                worker.refused -= 1
                left -= 1
                self.idle_since = math.inf
                self.ask(worker)

    def ask(self, worker: "_Worker") -> None:
        """Let the driver know that a worker has room for a part."""
        self.waiting.append(worker)
        if not self.asked.triggered:
            self.asked.succeed()

    def reply(self, worker: "_Worker") -> None:
        """Take the reply of a worker that has done a part, and finish after the last one."""
        self.done += 1
        self.ask(worker)
        if self.done == self.run.parts:
            self.finished.succeed()

    def part_s(self, part: int, slowness: float) -> float:
        """Return how long a worker takes for a part, from now on."""
        run, storage, now = self.run, self.run.storage, self.environment.now
        pictures = min(run.part_size, run.pictures - part * run.part_size)
        work_s = slowness * (self.costs.part_s + pictures * self.costs.picture_s)
        share = run.node_bytes_per_s / run.workers_per_node
        network_s = pictures * run.picture_bytes / share
        wait_s = self.gets.wait_s(now, run.gets_per_part) + self.puts.wait_s(now, 1)
        # The requests of a part follow one another, and their sum is close to its mean.
        mean_s = storage.latency_s * math.exp(storage.spread**2 / 2)
        first, last = storage.latency_s * np.exp(storage.spread * self.rng.standard_normal(2))
        reading_s = mean_s * (run.gets_per_part - 1) / run.gets_at_once + network_s
        ahead = run.gets_at_once > 1
        both_s = max(work_s, reading_s) if ahead else work_s + reading_s
        return float(first + both_s + last + wait_s)


class _Worker:
    """A worker: it starts, asks for parts, and does one after the other."""

    def __init__(self, simulation: _Simulation, slowness: float) -> None:
        self.alive = True
        self.refused = 0  # requests for a part that the driver answered with none
        self._simulation, self._slowness = simulation, slowness
        self._parts: deque[int] = deque()
        self._work: Any = None  # the event of the end of its part, or of the next part
        self._part: int | None = None
        self._started_at = 0.0
        self._process = simulation.environment.process(self._run())

    def take(self, part: int) -> None:
        """Receive a part from the driver."""
        self._parts.append(part)
        if self._work is not None and self._part is None and not self._work.triggered:
            self._work.succeed()

    def lose(self) -> list[int]:
        """End; return the parts that it had not done."""
        self.alive = False
        simulation = self._simulation
        lost = list(self._parts)
        if self._part is not None:
            lost.insert(0, self._part)
            simulation.busy_s += simulation.environment.now - self._started_at
        if self._process.is_alive:
            self._process.interrupt()
        return lost

    def _run(self) -> Events:
        simulation, environment = self._simulation, self._simulation.environment
        try:
            yield environment.timeout(simulation.costs.start_s)
            for _ in range(simulation.run.waiting):
                simulation.ask(self)
            while True:
                if not self._parts:
                    self._work = environment.event()
                    yield self._work
                self._part, self._started_at = self._parts.popleft(), environment.now
                yield environment.timeout(simulation.part_s(self._part, self._slowness))
                simulation.busy_s += environment.now - self._started_at
                self._part = None
                simulation.reply(self)
        except simpy.Interrupt:
            return
