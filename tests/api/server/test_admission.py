"""Admission control: who waits, for how long, who is rejected, and how many bytes are held."""

import asyncio
import gc
import threading
import time
import weakref

import pytest

from inkdigits.api import Settings
from inkdigits.api.server.admission import (
    UNCOUNTED_BYTES,
    AdmissionControl,
    BoundedExecutor,
    ByteBudget,
    Reservation,
)
from inkdigits.api.server.messages import Answer, Request
from inkdigits.api.server.rejections import Rejected

DONE = Answer(200, [], b"done")


@pytest.fixture
def release():
    """An event that work may wait for; it is set at the end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def held_by(release):
    def work():
        release.wait()
        return DONE

    return work


def test_work_is_done_in_a_thread_of_its_own():
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, deadline_s=60)
        return await executor.run(lambda: Answer(200, [], threading.current_thread().name.encode()))

    assert asyncio.run(run()).body != threading.current_thread().name.encode()


def test_a_full_queue_rejects_at_once_until_there_is_room(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=2, deadline_s=60)
        inside = [asyncio.create_task(executor.run(held_by(release))) for _ in range(3)]
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


def test_after_a_burst_half_of_the_queue_is_used_until_it_has_been_empty(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=4, deadline_s=60)
        places = [executor.free_places]
        burst = [asyncio.create_task(executor.run(held_by(release))) for _ in range(5)]
        await asyncio.sleep(0)
        places.append(executor.free_places)
        burst.pop().cancel()
        burst.pop().cancel()
        await asyncio.sleep(0.01)
        places.append(executor.free_places)
        release.set()
        await asyncio.gather(*burst)
        while executor.free_places < 5:
            await asyncio.sleep(0.01)
        return places

    # 5 in all; then 3 of them, which are still inside.
    assert asyncio.run(run()) == [5, 0, 0]


def test_a_closed_executor_takes_nothing():
    async def run():
        executor = BoundedExecutor(threads=1, queue=4, deadline_s=60)
        executor.is_open = False
        with pytest.raises(Rejected):
            await executor.run(lambda: DONE)
        executor.is_open = True
        return await executor.run(lambda: DONE)

    assert asyncio.run(run()) == DONE


def test_the_deadline_ends_the_wait_itself_while_no_thread_becomes_free(release):
    done = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, deadline_s=0.05)
        first = asyncio.create_task(executor.run(held_by(release)))
        await asyncio.sleep(0)
        with pytest.raises(Rejected) as rejected:
            await executor.run(lambda: done.append(1) or DONE)
        assert not release.is_set()  # the only thread is still at work
        release.set()
        assert await first == DONE
        return rejected.value

    assert asyncio.run(run()).reason == "deadline"
    assert done == []


def test_the_deadline_does_not_end_work_that_has_begun(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, deadline_s=0.05)
        working = asyncio.create_task(executor.run(held_by(release)))
        await asyncio.sleep(0.2)
        release.set()
        return await working

    assert asyncio.run(run()) == DONE


def test_whoever_leaves_while_waiting_makes_room_at_once(release):
    done = []

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, deadline_s=60)
        first = asyncio.create_task(executor.run(held_by(release)))
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


def test_work_that_is_canceled_is_forgotten_at_once(release):
    class Body:
        """Something that can be seen to be gone."""

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, deadline_s=60)
        first = asyncio.create_task(executor.run(held_by(release)))
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


def test_work_that_has_begun_is_waited_for_also_when_its_client_leaves(release):
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, deadline_s=60)
        leaving = asyncio.create_task(executor.run(held_by(release)))
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.sleep(0.05)
        assert executor.is_full
        release.set()
        return await leaving

    assert asyncio.run(run()) == DONE


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_f13_the_clock_jumps_a_day_and_deadlines_hold(monkeypatch, release, jump_s):
    real = time.time

    async def run():
        executor = BoundedExecutor(threads=1, queue=1, deadline_s=60)
        first = asyncio.create_task(executor.run(held_by(release)))
        second = asyncio.create_task(executor.run(lambda: DONE))
        await asyncio.sleep(0)
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        release.set()
        return await asyncio.gather(first, second)

    assert asyncio.run(run()) == [DONE, DONE]


def test_a_failure_frees_the_place():
    async def run():
        executor = BoundedExecutor(threads=1, queue=0, deadline_s=60)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await executor.run(lambda: 1 / 0)
            await asyncio.sleep(0.01)
        return await executor.run(lambda: DONE)

    assert asyncio.run(run()) == DONE


def test_predictions_health_and_the_rest_have_threads_of_their_own():
    async def run():
        admission = AdmissionControl(Settings())
        return [
            admission.executor(Request("", method=method, target=target))
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


# Bytes.


def assert_refused(reservation, client, size):
    with pytest.raises(Rejected) as rejected:
        reservation.resize(client, size)
    assert (rejected.value.status, rejected.value.reason) == (503, "memory")


def test_bytes_are_held_up_to_the_budget_and_given_back():
    budget = ByteBudget(1000)
    first, second, third = (Reservation(budget) for _ in range(3))
    first.resize("a", UNCOUNTED_BYTES + 500)
    second.resize("b", UNCOUNTED_BYTES + 400)
    assert_refused(third, "c", UNCOUNTED_BYTES + 101)
    third.resize("c", UNCOUNTED_BYTES + 100)
    first.resize("a", 0)
    third.resize("c", UNCOUNTED_BYTES + 500)


def test_one_client_gets_half_of_the_budget_at_most():
    budget = ByteBudget(1000)
    first, second, other = (Reservation(budget) for _ in range(3))
    first.resize("a", UNCOUNTED_BYTES + 300)
    assert_refused(second, "a", UNCOUNTED_BYTES + 201)
    second.resize("a", UNCOUNTED_BYTES + 200)
    other.resize("b", UNCOUNTED_BYTES + 500)


def test_addresses_of_one_ipv6_network_share_the_half_of_one_client():
    budget = ByteBudget(1000)
    first, second = Reservation(budget), Reservation(budget)
    first.resize("2001:db8::1", UNCOUNTED_BYTES + 300)
    assert_refused(second, "2001:db8::2", UNCOUNTED_BYTES + 201)


def test_small_messages_are_taken_whatever_the_budget():
    budget = ByteBudget(0)
    for _ in range(100):
        Reservation(budget).resize("a", UNCOUNTED_BYTES)
    assert_refused(Reservation(budget), "a", UNCOUNTED_BYTES + 1)
