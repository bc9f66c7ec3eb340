"""The lanes of the gate: who waits, for how long, and who is sent away."""

import asyncio
import threading
import time

import pytest

from inkdigits.api.gate import Answer, Lane, Refusal

DONE = Answer(200, [], b"done")


def test_work_is_done_in_a_thread_of_the_lane():
    async def run():
        lane = Lane(threads=1, queue=0, deadline_s=60)
        return await lane.run(lambda: Answer(200, [], threading.current_thread().name.encode()))

    assert asyncio.run(run()).body != threading.current_thread().name.encode()


def test_who_finds_the_queue_full_is_sent_away_at_once_and_may_come_again():
    release = threading.Event()

    def wait():
        release.wait()
        return DONE

    async def run():
        lane = Lane(threads=1, queue=2, deadline_s=60)
        inside = [asyncio.create_task(lane.run(wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as refused:
            await lane.run(lambda: DONE)
        release.set()
        assert [await task for task in inside] == [DONE] * 3
        assert await lane.run(lambda: DONE) == DONE
        return refused.value

    refusal = asyncio.run(run())
    assert (refusal.status, refusal.reason) == (503, "overloaded")
    assert ("retry-after", "1") in refusal.headers


def test_who_waits_longer_than_the_deadline_is_not_served_any_more():
    release = threading.Event()
    done = []

    async def run():
        lane = Lane(threads=1, queue=1, deadline_s=0.05)
        first = asyncio.create_task(lane.run(lambda: release.wait() and DONE))
        await asyncio.sleep(0)
        second = asyncio.create_task(lane.run(lambda: done.append(1) or DONE))
        await asyncio.sleep(0.1)
        release.set()
        assert await first == DONE
        with pytest.raises(Refusal) as refused:
            await second
        return refused.value

    assert asyncio.run(run()).reason == "deadline"
    assert done == []


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_f13_the_clock_jumps_a_day_and_deadlines_hold(monkeypatch, jump_s):
    release = threading.Event()
    real = time.time

    async def run():
        lane = Lane(threads=1, queue=1, deadline_s=60)
        first = asyncio.create_task(lane.run(lambda: release.wait() and DONE))
        second = asyncio.create_task(lane.run(lambda: DONE))
        await asyncio.sleep(0)
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        release.set()
        return await asyncio.gather(first, second)

    assert asyncio.run(run()) == [DONE, DONE]


def test_a_failure_frees_the_place():
    async def run():
        lane = Lane(threads=1, queue=0, deadline_s=60)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await lane.run(lambda: 1 / 0)
        return await lane.run(lambda: DONE)

    assert asyncio.run(run()) == DONE
