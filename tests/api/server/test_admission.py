"""Admission control: queues, timeouts, rejections and the memory budget."""

import asyncio
import gc
import threading
import time
import weakref

import pytest
from serving import until

from inkdigits.api import Settings
from inkdigits.api.metrics import Metrics
from inkdigits.api.server import admission
from inkdigits.api.server.admission import (
    UNCOUNTED_BYTES,
    AdmissionControl,
    BoundedExecutor,
    ByteBudget,
    Reservation,
)
from inkdigits.api.server.messages import Request, Response
from inkdigits.api.server.rejections import Rejected

DONE = Response(200, [], b"done")


@pytest.fixture
def release():
    """An event that work can wait for; it is set at teardown, so that every thread ends."""
    event = threading.Event()
    yield event
    event.set()


def blocked_until(release):
    """Return work that waits for an event."""

    def work():
        release.wait()
        return DONE

    return work


def test_work_runs_in_another_thread():
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, queue_timeout_s=60)
        return await executor.run(
            lambda: Response(200, [], threading.current_thread().name.encode())
        )

    assert asyncio.run(run()).body != threading.current_thread().name.encode()


def test_full_queue_rejects_until_there_is_room(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=2, queue_timeout_s=60)
        inside = [asyncio.create_task(executor.run(blocked_until(release))) for _ in range(3)]
        await asyncio.sleep(0)
        assert executor.is_full
        with pytest.raises(Rejected) as rejected:
            await executor.run(lambda: DONE)
        release.set()
        assert [await task for task in inside] == [DONE] * 3
        assert await executor.run(lambda: DONE) == DONE
        return rejected.value

    rejected = asyncio.run(run())
    assert (rejected.status, rejected.reason) == (503, "overloaded")
    assert ("Retry-After", "1") in rejected.headers


def test_queue_is_halved_after_a_burst_until_it_is_empty(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=4, queue_timeout_s=60)
        slots = [executor.free_slots]
        burst = [asyncio.create_task(executor.run(blocked_until(release))) for _ in range(5)]
        await asyncio.sleep(0)
        slots.append(executor.free_slots)
        burst.pop().cancel()
        burst.pop().cancel()
        await asyncio.sleep(0.01)
        slots.append(executor.free_slots)
        release.set()
        await asyncio.gather(*burst)
        while executor.free_slots < 5:
            await asyncio.sleep(0.01)
        return slots

    # Five slots, then five in use, then all of the three that are left.
    assert asyncio.run(run()) == [5, 0, 0]


# By threads, one after the other, when the first work has ended; by the event loop, at once.
@pytest.mark.parametrize(("is_quick", "expected"), [(False, [2, 1]), (True, [2, 2])])
def test_depth_counts_work_that_waits_or_runs(release, is_quick, expected):
    depth = Metrics().queue_depth.labels("predictions")
    seen = []

    def look():
        seen.append(depth._value.get())
        return DONE

    async def run():
        executor = BoundedExecutor(threads=1, queue=2, queue_timeout_s=60, depth=depth)
        started = [asyncio.create_task(executor.run(blocked_until(release)))]
        started += [asyncio.create_task(executor.run(look, is_quick)) for _ in range(2)]
        await asyncio.sleep(0)
        if executor.is_full:
            with pytest.raises(Rejected):  # which does not count
                await executor.run(look)
        canceled = asyncio.create_task(executor.run(look))
        canceled.cancel()
        release.set()
        await asyncio.gather(*started)

    asyncio.run(run())
    assert seen == expected
    until(lambda: depth._value.get() == 0)


def test_executor_that_is_not_accepting_rejects_work():
    async def run():
        executor = BoundedExecutor(threads=1, queue=4, queue_timeout_s=60)
        executor.is_accepting = False
        with pytest.raises(Rejected):
            await executor.run(lambda: DONE)
        executor.is_accepting = True
        return await executor.run(lambda: DONE)

    assert asyncio.run(run()) == DONE


def test_queue_timeout_rejects_waiting_work(release):
    done = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, queue_timeout_s=0.05)
        first = asyncio.create_task(executor.run(blocked_until(release)))
        await asyncio.sleep(0)
        with pytest.raises(Rejected) as rejected:
            await executor.run(lambda: done.append(1) or DONE)
        assert not release.is_set()  # the only thread is still busy
        release.set()
        assert await first == DONE
        return rejected.value

    assert asyncio.run(run()).reason == "queue_timeout"
    assert done == []


def test_queue_timeout_does_not_stop_running_work(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, queue_timeout_s=0.05)
        working = asyncio.create_task(executor.run(blocked_until(release)))
        await asyncio.sleep(0.2)
        release.set()
        return await working

    assert asyncio.run(run()) == DONE


def test_canceled_work_frees_its_slot_at_once(release):
    done = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, queue_timeout_s=60)
        first = asyncio.create_task(executor.run(blocked_until(release)))
        second = asyncio.create_task(executor.run(lambda: done.append(2) or DONE))
        await asyncio.sleep(0)
        assert executor.is_full
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        await asyncio.sleep(0.01)
        assert not executor.is_full
        release.set()
        await first

    asyncio.run(run())
    assert done == []


def test_canceled_work_is_not_kept_in_memory(release):
    class Body:
        """An object that a weak reference can watch."""

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, queue_timeout_s=60)
        first = asyncio.create_task(executor.run(blocked_until(release)))
        await asyncio.sleep(0)
        body = Body()
        gone = weakref.ref(body)
        waiting = asyncio.create_task(executor.run(lambda body=body: body and DONE))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        del body, waiting
        gc.collect()
        found = gone()
        release.set()
        await first
        return found

    assert asyncio.run(run()) is None


def test_running_work_is_awaited_after_cancellation(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, queue_timeout_s=60)
        leaving = asyncio.create_task(executor.run(blocked_until(release)))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.sleep(0.05)
        assert executor.is_full
        release.set()
        return await leaving

    assert asyncio.run(run()) == DONE


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_timeouts_hold_when_the_clock_jumps_a_day(monkeypatch, release, jump_s):
    real = time.time

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, queue_timeout_s=60)
        first = asyncio.create_task(executor.run(blocked_until(release)))
        second = asyncio.create_task(executor.run(lambda: DONE))
        await asyncio.sleep(0)
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        release.set()
        return await asyncio.gather(first, second)

    assert asyncio.run(run()) == [DONE, DONE]


def test_failed_work_frees_its_slot():
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, queue_timeout_s=60)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await executor.run(lambda: 1 / 0)
            await asyncio.sleep(0.01)
        return await executor.run(lambda: DONE)

    assert asyncio.run(run()) == DONE


def test_predictions_health_and_others_have_separate_executors():
    async def run():
        control = AdmissionControl(Settings(), Metrics())
        return [
            control.executor(Request("", method=method, target=target))
            for method, target in [
                ("POST", b"/predict"),
                ("POST", b"/healthz"),
                ("GET", b"/healthz"),
                ("GET", b"/readyz"),
                ("GET", b"/metrics"),
                ("GET", b"/"),
            ]
        ]

    post, also_post, health, also_health, metrics, page = asyncio.run(run())
    assert post is also_post
    assert health is also_health
    assert metrics is page
    assert len({post, health, page}) == 3


def executors(settings, *requests):
    async def run():
        control = AdmissionControl(settings, Metrics())
        made = [Request("", method=m, target=t, headers=h) for m, t, h in requests]
        return control.predictions, [control.executor(request) for request in made]

    return asyncio.run(run())


TOKEN = [("authorization", "Bearer x")]
PROFILE_REQUESTS = [
    ("POST", b"/api/v1/predictions", TOKEN),
    ("POST", b"/predict?x", [("accept", "*/*"), ("authorization", "bearer x")]),
    ("POST", b"/api/v1/profiles", []),
    ("DELETE", b"/api/v1/profile", TOKEN),
    ("GET", b"/api/v1/profile/samples", []),
]


def test_requests_of_profiles_have_their_own_executors():
    settings = Settings(database="p.sqlite3")
    accuracy = ("GET", b"/api/v1/profile/accuracy?model=mlp", TOKEN)
    predictions, found = executors(settings, *PROFILE_REQUESTS, accuracy)
    *profiles, slow = found
    assert len(set(profiles)) == 1
    assert len({predictions, profiles[0], slow}) == 3


def test_other_requests_do_not_wait_for_profiles():
    settings = Settings(database="p.sqlite3")
    others = [
        ("POST", b"/api/v1/predictions", []),
        ("POST", b"/api/v1/predictions", [("authorization", "Basic x")]),
        ("POST", b"/api/v1/lab/runs", TOKEN),
    ]
    predictions, found = executors(settings, *others, ("OPTIONS", b"/api/v1/profile", []))
    assert found[:-1] == [predictions] * 3
    _, (profiles,) = executors(settings, PROFILE_REQUESTS[0])
    assert found[-1] is not profiles
    # Without a database, none are different.
    predictions, found = executors(Settings(), *PROFILE_REQUESTS[:3])
    assert found == [predictions] * 3


# Quick work.


def gather_quick(executor, *works):
    """Run work in the event loop, all at once; return the results, and any that were rejected."""

    async def run():
        tasks = [executor.run(work, is_quick=True) for work in works]
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def in_thread():
    return Response(200, [], threading.current_thread().name.encode())


def test_quick_work_runs_in_the_event_loop():
    executor = BoundedExecutor(threads=1, queue=8, queue_timeout_s=60)
    here = threading.current_thread().name.encode()
    assert [response.body for response in gather_quick(executor, *[in_thread] * 5)] == [here] * 5
    assert executor.free_slots == 9


def test_quick_work_does_not_wait_for_a_thread(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=1, queue_timeout_s=60)
        slow = asyncio.create_task(executor.run(blocked_until(release)))
        await asyncio.sleep(0)
        assert await executor.run(lambda: DONE, is_quick=True) == DONE
        assert not slow.done()
        release.set()
        return await slow

    assert asyncio.run(run()) == DONE


def test_work_waits_for_a_thread_or_for_the_loop(monkeypatch, release):
    monkeypatch.setattr(admission, "QUICK_SLICE_S", -1.0)  # the loop has a turn before all work
    waiting = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=8, queue_timeout_s=60)

        def look():
            waiting.append(executor.has_waiting)
            return DONE

        slow = asyncio.create_task(executor.run(blocked_until(release)))
        await asyncio.sleep(0)
        await executor.run(look, is_quick=True)  # one in a thread and one in the loop
        await asyncio.gather(*[executor.run(look, is_quick=True) for _ in range(2)])
        next_one = asyncio.create_task(executor.run(lambda: DONE))
        await asyncio.sleep(0)
        waiting.append(executor.has_waiting)
        release.set()
        await asyncio.gather(slow, next_one)
        waiting.append(executor.has_waiting)

    asyncio.run(run())
    assert waiting == [False, True, False, True, False]


def test_loop_serves_its_connections_between_quick_work(monkeypatch):
    monkeypatch.setattr(admission, "QUICK_SLICE_S", 0.0)
    order = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=8, queue_timeout_s=60)
        loop = asyncio.get_running_loop()

        def work():
            order.append("work")
            loop.call_soon(order.append, "connections")
            return DONE

        await asyncio.gather(*[executor.run(work, is_quick=True) for _ in range(3)])
        await asyncio.sleep(0)

    asyncio.run(run())
    assert order == ["work", "connections"] * 3


def test_threads_run_quick_work_during_overload():
    executor = BoundedExecutor(threads=1, queue=8, queue_timeout_s=60)
    executor.is_overloaded = True
    here = threading.current_thread().name.encode()
    assert here not in [response.body for response in gather_quick(executor, *[in_thread] * 3)]


def test_full_queue_rejects_quick_work(monkeypatch):
    monkeypatch.setattr(admission, "QUICK_SLICE_S", -1.0)
    executor = BoundedExecutor(threads=1, queue=2, queue_timeout_s=60)
    *accepted, rejected = gather_quick(executor, *[lambda: DONE] * 4)
    assert accepted == [DONE] * 3
    assert rejected.reason == "overloaded"


def test_quick_work_that_waited_for_too_long_is_rejected(monkeypatch):
    monkeypatch.setattr(admission, "QUICK_SLICE_S", -1.0)
    executor = BoundedExecutor(threads=1, queue=2, queue_timeout_s=0.05)

    def work():
        time.sleep(0.1)
        return DONE

    done, rejected = gather_quick(executor, work, work)
    assert done == DONE
    assert rejected.reason == "queue_timeout"
    assert executor.free_slots == 3


def test_canceled_quick_work_is_dropped(monkeypatch):
    monkeypatch.setattr(admission, "QUICK_SLICE_S", -1.0)
    done = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=2, queue_timeout_s=60)
        tasks = [
            asyncio.create_task(executor.run(lambda: done.append(1) or DONE, is_quick=True))
            for _ in range(3)
        ]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return executor.free_slots

    assert asyncio.run(run()) == 3
    assert done == [1]


def test_failed_quick_work_frees_its_slot():
    executor = BoundedExecutor(threads=1, queue=1, queue_timeout_s=60)
    failed, done = gather_quick(executor, lambda: 1 / 0, lambda: DONE)
    assert isinstance(failed, ZeroDivisionError)
    assert done == DONE
    assert executor.free_slots == 2


def test_work_that_was_not_quick_is_left_to_threads_for_a_while(monkeypatch):
    monkeypatch.setattr(admission, "MAX_QUICK_S", -1.0)
    executor = BoundedExecutor(threads=1, queue=2, queue_timeout_s=60)
    here = threading.current_thread().name.encode()

    async def run():
        bodies = [(await executor.run(in_thread, is_quick=True)).body for _ in range(2)]
        monkeypatch.setattr(admission, "NOT_QUICK_FOR_S", -1.0)
        executor._quick_from = 0.0
        return [*bodies, (await executor.run(in_thread, is_quick=True)).body]

    first, second, third = asyncio.run(run())
    assert first == third == here
    assert second != here


# Memory.


def assert_rejected(reservation, client, size):
    with pytest.raises(Rejected) as rejected:
        reservation.resize(client, size)
    assert (rejected.value.status, rejected.value.reason) == (503, "memory")


def test_bytes_are_reserved_within_the_budget_and_released():
    budget = ByteBudget(1000)
    first, second, third = (Reservation(budget) for _ in range(3))
    first.resize("a", UNCOUNTED_BYTES + 500)
    second.resize("b", UNCOUNTED_BYTES + 400)
    assert_rejected(third, "c", UNCOUNTED_BYTES + 101)
    third.resize("c", UNCOUNTED_BYTES + 100)
    first.resize("a", 0)
    third.resize("c", UNCOUNTED_BYTES + 500)


def test_client_gets_at_most_half_of_the_budget():
    budget = ByteBudget(1000)
    first, second, other = (Reservation(budget) for _ in range(3))
    first.resize("a", UNCOUNTED_BYTES + 300)
    assert_rejected(second, "a", UNCOUNTED_BYTES + 201)
    second.resize("a", UNCOUNTED_BYTES + 200)
    other.resize("b", UNCOUNTED_BYTES + 500)


def test_ipv6_network_shares_the_half_of_one_client():
    budget = ByteBudget(1000)
    first, second = Reservation(budget), Reservation(budget)
    first.resize("2001:db8::1", UNCOUNTED_BYTES + 300)
    assert_rejected(second, "2001:db8::2", UNCOUNTED_BYTES + 201)


def test_small_bodies_need_no_budget():
    budget = ByteBudget(0)
    for _ in range(100):
        Reservation(budget).resize("a", UNCOUNTED_BYTES)
    assert_rejected(Reservation(budget), "a", UNCOUNTED_BYTES + 1)
