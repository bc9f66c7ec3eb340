"""What an actor does in training: it computes its rows of each batch, then the same step as all."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from inkdigits import training
from inkdigits.arrays import to_host
from inkdigits.data.batches import Batches, Rows
from inkdigits.scale.all_reduce import Address, Ring
from inkdigits.scale.cluster import import_ray
from inkdigits.scale.shared_batch import own_state, share_batches
from inkdigits.scale.versions import versions
from inkdigits.training import DivergenceError, Epoch, TrainState
from inkdigits.training_environment import keep_freed_memory
from inkdigits.worker_pool import use_one_thread


class TrainingWorker:
    """One of several workers that train a network together."""

    def __init__(self) -> None:
        use_one_thread()
        keep_freed_memory()
        self._ring: Ring | None = None
        self._state: TrainState | None = None

    def listen(self) -> tuple[Address, dict[str, str]]:
        """Return where the worker before this one connects to, and what is installed here."""
        self._ring = Ring(_node_address())
        return self._ring.address, versions()

    def begin(
        self, number: int, addresses: Sequence[Address], token: bytes, shared: Sequence[Any]
    ) -> None:
        """Connect to the other workers, and take the state from which to train.

        number   of this worker, from 0
        shared   references to the batches, and to the recipe and the state
        raises   RingBroken
        """
        assert self._ring is not None
        ray = import_ray()
        batches: Batches = ray.get(shared[0])
        recipe, state = ray.get(shared[1])
        batches = replace(batches, rows=Rows(number, len(addresses)))
        self._ring.connect(number, addresses, token)
        recipe, self._state, share = share_batches(recipe, batches, state, self._ring)
        self._steps = training.steps(recipe, batches, self._state, share=share)

    def advance(self, steps: int) -> int | None:
        """Make a number of steps.

        returns  None; or the step at which training has diverged, in all workers
        raises   RingBroken
        """
        try:
            for _ in range(steps):
                if isinstance(next(self._steps), Epoch):  # the record of the epoch before
                    next(self._steps)
        except DivergenceError as error:
            return error.step
        return None

    def state(self) -> TrainState:
        """Return the state, to be continued anywhere."""
        assert self._state is not None
        return own_state(self._state)

    def digest(self) -> str:
        """Return the SHA-256 of the arrays of the state, which must be the same in all workers."""
        assert self._state is not None
        arrays = self._state.params, self._state.optimizer_state, self._state.ema
        return hashlib.sha256(b"".join(to_host(array).tobytes() for array in arrays)).hexdigest()


def _node_address() -> str:
    """Return the IP address at which Ray's other nodes reach this one.

    Ray's own function for it returns one that other machines reach even if the node has another.
    """
    ray = import_ray()
    here = ray.get_runtime_context().get_node_id()
    nodes = (node for node in ray.nodes() if node["NodeID"] == here)
    address: str = next(nodes)["NodeManagerAddress"]
    return address
