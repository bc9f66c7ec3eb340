"""Arrays of another library, for the tests that a GPU's arrays pass through where there is no GPU.

They do what CuPy's do: NumPy's functions hand their work over to them (NEP 13, 18 and 35), and
none of them becomes a NumPy array by itself. So code that runs on these asks NumPy for nothing but
what NumPy hands over.
"""

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class ForeignArray(NDArrayOperatorsMixin):
    """An array that is somewhere else."""

    def __init__(self, here):
        self._here = here

    def get(self):
        """Bring the array to NumPy, as CuPy's method of that name."""
        return self._here.copy()

    def __array__(self, *arguments, **options):
        raise TypeError("a foreign array is not to be converted in silence")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return computed(getattr(ufunc, method), inputs, options)

    def __array_function__(self, function, types, arguments, options):
        return computed(function, arguments, options, may_convert=function is np.asarray)

    def __getitem__(self, index):
        return abroad(self._here[here(index)])

    def __setitem__(self, index, value):
        self._here[here(index)] = here(value)

    def __len__(self):
        return len(self._here)

    def __iter__(self):
        return (abroad(part) for part in self._here)

    def __float__(self):
        return float(self._here)

    def __int__(self):
        return int(self._here)

    def __bool__(self):
        return bool(self._here)

    def __getattr__(self, name):
        value = getattr(self._here, name)
        if not callable(value):
            return abroad(value)
        return lambda *arguments, **options: computed(value, arguments, options, methods=True)


def computed(function, arguments, options, may_convert=False, methods=False):
    """Call a function of NumPy's on what foreign arrays hold; refuse arrays of NumPy's beside."""
    if not may_convert:
        for value in (*arguments, *options.values()):
            if isinstance(value, np.ndarray) and value.ndim:
                raise TypeError(f"{function.__name__} was given arrays of two libraries")
    return abroad(function(*here(arguments), **here(options)))


def here(value):
    """Take foreign arrays out of whatever holds them."""
    if isinstance(value, ForeignArray):
        return value._here
    if isinstance(value, (tuple, list)):
        return type(value)(here(part) for part in value)
    if isinstance(value, dict):
        return {key: here(part) for key, part in value.items()}
    return value


def abroad(value):
    """Make arrays foreign; a single number stays an array, as on a GPU."""
    if isinstance(value, (np.ndarray, np.generic)):
        return ForeignArray(np.asarray(value))
    if isinstance(value, (tuple, list)) and any(isinstance(v, np.ndarray) for v in value):
        return type(value)(abroad(part) for part in value)
    return value
