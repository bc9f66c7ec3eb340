"""The cache of recognizers keeps those that were used last, up to a size."""

from types import SimpleNamespace

from inkdigits.personal.cache import RecognizerCache


def entry(nbytes):
    vector = SimpleNamespace(nbytes=nbytes)
    return object(), SimpleNamespace(model=SimpleNamespace(vector=vector))


def test_least_recently_used_is_dropped():
    cache = RecognizerCache(max_bytes=30)
    keys = [("ada", str(number), "digest") for number in range(3)]
    for key in keys:
        cache.put(key, entry(10))
    assert cache.get(keys[0]) is not None
    cache.put(("bob", "0", "digest"), entry(10))
    assert [cache.get(key) is not None for key in keys] == [True, False, True]
    cache.put(("bob", "1", "digest"), entry(40))  # larger than all that is kept
    assert [cache.get(key) for key in [*keys, ("bob", "1", "digest")]] == [None] * 4


def test_profile_is_forgotten_alone():
    cache = RecognizerCache()
    for profile in ("ada", "bob"):
        cache.put((profile, "0", "digest"), entry(10))
    cache.forget("ada")
    assert cache.get(("ada", "0", "digest")) is None
    assert cache.get(("bob", "0", "digest")) is not None
