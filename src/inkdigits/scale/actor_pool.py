"""Call a method many times, in any order, on actors of a Ray cluster."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from inkdigits.scale.cluster import import_ray
from inkdigits.scale.errors import ScaleError

WAITING = 2  # calls for each actor, so that it never waits for this process
START_SECONDS = 300  # until the first actor must have started


def map_unordered(
    make_worker: Callable[[], Any],
    calls: Iterable[tuple[Any, ...]],
    workers: int,
    waiting: int = WAITING,
    ready: tuple[Any, ...] = (),
    check: Callable[[Any], None] = lambda result: None,
) -> Iterator[Any]:
    """Call actors' method `call` with each tuple of arguments; yield results as they are ready.

    Calls are taken from the iterable as they are needed, so there may be any number of them. An
    actor gets one call as soon as it has started, so that few calls are divided among all actors,
    and more when that is done. Actors that do not fit into the cluster yet join later, or never. An
    actor ends when there are no more calls for it, and all of them with this generator.

    Calls must be repeatable: those of an actor whose process or machine is lost are made again when
    it has started elsewhere. If there is no room for it, that is when another actor ends.

    make_worker  returns a handle of a new actor, with the methods `ready` and `call`
    workers      how many actors to make
    waiting      calls for each actor that are in flight at a time
    ready        arguments of the method `ready`
    check        called with what `ready` returned; it may raise
    raises       what calls and methods raise; ScaleError if no actor starts, or actors are lost
    """
    ray = import_ray()
    iterator = iter(calls)
    starting: dict[Any, Any] = {}  # from the reference to the result of `ready` to the actor
    # From the reference to a result to the actor, and to how many calls it gets after that.
    running: dict[Any, tuple[Any, int]] = {}
    actors: list[Any] = []
    is_exhausted = False
    try:
        for _ in range(workers):
            actors.append(make_worker())
            starting[actors[-1].ready.remote(*ready)] = actors[-1]
        has_started = False
        while running or starting:
            done = _wait(ray, [*running, *starting], has_started)
            has_started = True
            for reference in done:
                result = _get(ray, reference)
                if reference in running:
                    actor, count = running.pop(reference)
                    following = 1
                    yield result
                else:
                    actor, count = starting.pop(reference), 1
                    following = waiting
                    check(result)
                for _ in range(0 if is_exhausted else count):
                    arguments = next(iterator, None)
                    if arguments is None:
                        is_exhausted = True
                        break
                    running[actor.call.remote(*arguments)] = actor, following
                if is_exhausted and all(actor is not other for other, _ in running.values()):
                    ray.kill(actor)
            if is_exhausted:
                for reference, actor in starting.items():
                    ray.cancel(reference)
                    ray.kill(actor)
                starting.clear()
    finally:
        # Or Ray prints that it will call the killed actors again.
        for reference in (*running, *starting):
            ray.cancel(reference)
        for actor in actors:
            ray.kill(actor)


def _wait(ray: Any, references: list[Any], has_started: bool) -> list[Any]:
    """Wait for at least one of the references; return all that are ready.

    has_started  whether an actor has started; until then, only START_SECONDS are waited
    raises       ScaleError if none is ready, and none will be
    """
    while True:
        done, rest = ray.wait(references, num_returns=1, timeout=START_SECONDS)
        if rest and done:  # those ready by now: waiting for each would take longer than its work
            done += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        if done:
            return list(done)
        if not has_started:
            raise ScaleError(
                f"No worker has started within {START_SECONDS} s: check that the cluster has a "
                "free CPU (ray status), or use fewer workers."
            )
        if not ray.cluster_resources().get("CPU"):
            raise ScaleError(
                "The cluster has lost all machines that workers could run on: start one, and run "
                "the command again to continue."
            )


def _get(ray: Any, reference: Any) -> Any:
    """Return a result, or raise what the actor raised, without Ray's trace of it."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, Exception):
            raise cause from None
        raise
    except ray.exceptions.RayError as error:
        lines = str(error).strip().splitlines()
        if "failed to import on the worker" in str(error):
            raise ScaleError(
                f"A machine of the cluster lacks what is needed there ({lines[-1]}): install the "
                "same version of inkdigits[ray] on all of them."
            ) from None
        raise ScaleError(
            f"A worker was lost, and cannot be started again ({lines[0][:200].rstrip('.')}): check "
            "the cluster, and run the command again to continue."
        ) from None
