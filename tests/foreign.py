"""Arrays of another library, which imitate GPU arrays on machines without a GPU.

Like CuPy's, they implement NumPy's functions (NEP 13, 18 and 35) and are never converted to NumPy
arrays implicitly. Code that runs on them uses only functions that NumPy dispatches.
"""

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class ForeignArray(NDArrayOperatorsMixin):
    """An array that is on another device."""

    def __init__(self, array):
        self._host = array

    def get(self):
        """Copy the array to NumPy, like CuPy's method of that name."""
        return self._host.copy()

    def __array__(self, *arguments, **options):
        raise TypeError("a foreign array must not be converted implicitly")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return computed(getattr(ufunc, method), inputs, options)

    def __array_function__(self, function, types, arguments, options):
        return computed(function, arguments, options, may_convert=function is np.asarray)

    def __getitem__(self, index):
        return on_device(self._host[on_host(index)])

    def __setitem__(self, index, value):
        self._host[on_host(index)] = on_host(value)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (on_device(part) for part in self._host)

    def __float__(self):
        return float(self._host)

    def __int__(self):
        return int(self._host)

    def __bool__(self):
        return bool(self._host)

    def __getattr__(self, name):
        value = getattr(self._host, name)
        if not callable(value):
            return on_device(value)
        return lambda *arguments, **options: computed(value, arguments, options, methods=True)


def computed(function, arguments, options, may_convert=False, methods=False):
    """Call a NumPy function on the contents of foreign arrays; reject a mix with NumPy's own."""
    if not may_convert:
        for value in (*arguments, *options.values()):
            if isinstance(value, np.ndarray) and value.ndim:
                raise TypeError(f"{function.__name__} was given arrays of two libraries")
    return on_device(function(*on_host(arguments), **on_host(options)))


def on_host(value):
    """Convert all foreign arrays inside a value to NumPy arrays."""
    if isinstance(value, ForeignArray):
        return value._host
    if isinstance(value, (tuple, list)):
        return type(value)(on_host(part) for part in value)
    if isinstance(value, dict):
        return {key: on_host(part) for key, part in value.items()}
    return value


def on_device(value):
    """Wrap all NumPy arrays inside a value; a scalar becomes an array, as on a GPU."""
    if isinstance(value, (np.ndarray, np.generic)):
        return ForeignArray(np.asarray(value))
    if isinstance(value, (tuple, list)) and any(isinstance(v, np.ndarray) for v in value):
        return type(value)(on_device(part) for part in value)
    return value
