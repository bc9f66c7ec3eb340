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
    actor gets calls as soon as it has started: those for which the cluster has no room join later,
    or never. All of them end with this generator.

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
    running: dict[Any, Any] = {}
    actors: list[Any] = []
    is_exhausted = False
    try:
        for _ in range(workers):
            actors.append(make_worker())
            starting[actors[-1].ready.remote(*ready)] = actors[-1]
        seconds: float | None = START_SECONDS
        while running or (starting and not is_exhausted):
            done = _wait(ray, [*running] if is_exhausted else [*running, *starting], seconds)
            seconds = None
            for reference in done:
                result = _get(ray, reference)
                if reference in running:
                    actor, count = running.pop(reference), 1
                    yield result
                else:
                    actor, count = starting.pop(reference), waiting
                    check(result)
                for _ in range(0 if is_exhausted else count):
                    arguments = next(iterator, None)
                    if arguments is None:
                        is_exhausted = True
                        break
                    running[actor.call.remote(*arguments)] = actor
    finally:
        for actor in actors:
            ray.kill(actor)


def _wait(ray: Any, references: list[Any], seconds: float | None) -> list[Any]:
    """Wait for at least one of the references; return all that are ready."""
    done, rest = ray.wait(references, num_returns=1, timeout=seconds)
    if not done:
        raise ScaleError(
            f"No worker has started within {seconds:.0f} s: check that the cluster has a free CPU "
            "(ray status), or use fewer workers."
        )
    if rest:  # those that are ready by now: waiting for each would take longer than to work on it
        done += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
    return list(done)


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
