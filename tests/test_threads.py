"""Single images are computed with one BLAS thread, and the process keeps its own setting."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event, Thread

import pytest
from threadpoolctl import ThreadpoolController

import inkdigits.threads
from inkdigits.threads import available_cpus, one_blas_thread

GOLDEN = Path(__file__).parent / "golden"
# NumPy's own; OpenCV and SciPy bring others.
LIBRARIES = [
    library
    for library in ThreadpoolController().select(user_api="blas").lib_controllers
    if "numpy" in library.filepath
]


def threads():
    return [library.get_num_threads() for library in LIBRARIES]


@pytest.fixture(autouse=True)
def three_threads():
    """Let the process use three threads, even if it has fewer CPUs."""
    if not LIBRARIES:
        pytest.skip("NumPy's BLAS library cannot be configured")
    before = threads()
    for library in LIBRARIES:
        library.set_num_threads(3)
    yield
    for library, number in zip(LIBRARIES, before, strict=True):
        library.set_num_threads(number)


def test_context_uses_one_thread_and_restores_the_setting():
    with one_blas_thread():
        assert set(threads()) == {1}
        with one_blas_thread():
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert set(threads()) == {3}


def test_setting_is_restored_after_an_error():
    @one_blas_thread()
    def fail():
        raise ValueError(threads())

    with pytest.raises(ValueError, match="1"):
        fail()
    assert set(threads()) == {3}


def test_setting_is_restored_when_several_threads_are_inside():
    other_entered, first_left = Event(), Event()

    def work():
        with one_blas_thread():
            other_entered.set()
            first_left.wait(60)

    other = Thread(target=work)
    with one_blas_thread():
        other.start()
        assert other_entered.wait(60)
        assert set(threads()) == {1}
    first_left.set()
    other.join()
    assert set(threads()) == {3}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_second_thread_that_enters_at_the_same_time_restores_nothing(monkeypatch, order):
    """It must not take the limit of the first one for the setting to restore."""
    both_have_looked, both_are_inside = Barrier(2), Barrier(3)
    blas_threads = inkdigits.threads.blas_threads

    def look():
        number = blas_threads()
        with suppress(BrokenBarrierError):
            both_have_looked.wait(0.2)
        return number

    monkeypatch.setattr(inkdigits.threads, "blas_threads", look)

    def work(leave):
        with one_blas_thread():
            both_are_inside.wait(60)
            leave.wait(60)

    leave = [Event(), Event()]
    others = [Thread(target=work, args=(event,)) for event in leave]
    for other in others:
        other.start()
    both_are_inside.wait(60)
    for number in order:
        leave[number].set()
        others[number].join()
    assert set(threads()) == {3}


def test_setting_is_restored_when_many_threads_enter_and_leave():
    def work():
        for _ in range(300):
            with one_blas_thread():
                pass

    others = [Thread(target=work) for _ in range(4)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert set(threads()) == {3}
    with one_blas_thread():
        assert set(threads()) == {1}


def test_single_image_is_recognized_on_one_thread():
    program = """if True:
        import sys, time, cv2
        from pathlib import Path
        from inkdigits import Recognizer

        cv2.setNumThreads(1)
        recognizer, image = Recognizer.load(), Path(sys.argv[1]).read_bytes()
        recognizer.recognize(image)
        time.sleep(0.5)  # the threads that NumPy started with wait actively for a moment
        before = time.process_time(), time.thread_time()
        for _ in range(50):
            recognizer.recognize(image)
            recognizer.predict_candidates([recognizer.preprocess_image(image)])
            list(recognizer.recognize_many([image]))
        print(time.process_time() - before[0], time.thread_time() - before[1])
    """
    run = subprocess.run(
        [sys.executable, "-c", program, GOLDEN / "7.png"],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    of_all_threads, of_this_thread = map(float, run.stdout.split())
    assert of_all_threads < 1.1 * of_this_thread + 0.01


def test_there_is_a_cpu():
    assert 1 <= available_cpus() <= os.cpu_count()
