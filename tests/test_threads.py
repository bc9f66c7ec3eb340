"""Single images are computed with one BLAS thread, and the process keeps its own setting."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from threadpoolctl import OpenBLASController, ThreadpoolController

from inkdigits import Recognizer, inference, recognizer
from inkdigits.threads import available_cpus, limit_blas_threads, one_blas_thread

GOLDEN = Path(__file__).parent / "golden"
# NumPy's own; OpenCV and SciPy bring others.
LIBRARIES = [
    library
    for library in ThreadpoolController().select(user_api="blas").lib_controllers
    if "numpy" in library.filepath
]


def threads():
    return [library.get_num_threads() for library in LIBRARIES]


def set_threads(number):
    OpenBLASController.clear_controlling_thread(force=True)
    for library in LIBRARIES:
        library.set_num_threads(number)


@pytest.fixture(autouse=True)
def three_threads():
    """Let the process use three threads, even if it has fewer CPUs."""
    if not LIBRARIES:
        pytest.skip("NumPy's BLAS library cannot be configured")
    before = threads()
    set_threads(3)
    yield
    set_threads(*set(before))


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


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_limit_holds_until_the_last_thread_leaves(order):
    def work(entered, leave):
        with one_blas_thread():
            entered.set()
            assert leave.wait(60)

    entered, leave = ([Event() for _ in order] for _ in range(2))
    others = [Thread(target=work, args=events) for events in zip(entered, leave, strict=True)]
    for number, other in enumerate(others):
        other.start()
        assert entered[number].wait(60)
    for number in order:
        assert set(threads()) == {1}
        leave[number].set()
        others[number].join()
    assert set(threads()) == {3}


def test_limit_holds_while_many_threads_enter_and_leave():
    seen = set()

    def work():
        for _ in range(300):
            with one_blas_thread():
                seen.update(threads())

    others = [Thread(target=work) for _ in range(4)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert seen == {1}
    assert set(threads()) == {3}


def test_limit_that_is_set_for_good_is_not_lifted_by_a_thread_that_leaves():
    with one_blas_thread():
        limit_blas_threads()
    assert set(threads()) == {1}


@pytest.mark.parametrize("images", [2, recognizer.THREADS_FROM - 1, recognizer.THREADS_FROM])
def test_only_many_images_use_several_threads(monkeypatch, images):
    used = []
    predict_logits = inference.predict_logits

    def watched(*arguments):
        used.append(set(threads()))
        return predict_logits(*arguments)

    monkeypatch.setattr(inference, "predict_logits", watched)
    Recognizer.load("mlp").predict_batch(np.ones((images, 28, 28), np.uint8))
    assert used == [{3} if images == recognizer.THREADS_FROM else {1}]


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
