"""Storages that are named by a URL: S3 through pyarrow, every other one through fsspec.

The driver finds the pictures, and the workers read them: each connects with the credentials of its
own machine. None of them are sent, and none are part of a name.
"""

import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import unquote, urlsplit

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import reason, valid_key
from inkdigits.scale.read_ahead import RemoteFile
from inkdigits.scale.storages import Entry, LocalStorage, Storage

T = TypeVar("T")
S3_SCHEMES = ("s3", "s3a")
S3_ATTEMPTS = 5  # of a request, with pauses that double, by the client of S3
OBJECT_STORES = {"gs", "gcs", "abfs", "az", "adl", "oss", "oci", "hf", "memory"}
PAUSES_S = (0.5, 2.0)  # between attempts on other storages
CONNECT_TIMEOUT_S, REQUEST_TIMEOUT_S = 10, 60
# What S3 answers about one object while the storage as a whole can be used.
S3_DENIED = ("ACCESS_DENIED", "INVALID_OBJECT_STATE", "HTTP status 403")


def remote_storage(scheme: str, url: str) -> tuple[Storage, str]:
    """Return the storage of a URL, and the URL without what is superfluous.

    scheme   of the URL, in lower case
    raises   ScaleError if a package is missing, or the URL is wrong
    """
    if scheme == "file":
        return LocalStorage(os.getcwd()), unquote(urlsplit(url).path)
    if "@" in url and ":" in url.split("://", 1)[1].split("/", 1)[0].rpartition("@")[0]:
        raise ScaleError(
            f"A URL of {scheme}:// has a password, which would be written into the results: put it "
            "into the configuration of fsspec instead (docs/scale.md)."
        )
    place = url.split("://", 1)[1].rstrip("/")
    if scheme in S3_SCHEMES:
        return _s3_storage(url, place)
    return _fsspec_storage(scheme, f"{scheme}://{place}")


@dataclass(frozen=True)
class S3Storage:
    """Objects in S3, or in a server that is compatible with it.

    Credentials are found as by AWS's tools: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the files
    in ~/.aws, or the role of the machine.
    """

    endpoint: str | None
    region: str | None
    is_remote: bool = True

    def find(self, path: str) -> Entry | None:
        """Return an object, or a folder of objects, or None if there is none."""
        info = self._attempt(lambda: self._files().get_file_info(_place(path)))
        return None if info.type.name == "NotFound" else _s3_entry(info)

    def list(self, folder: str) -> list[Entry]:
        """Return what is in a folder, but not in its folders."""
        from pyarrow.fs import FileSelector

        selector = FileSelector(_place(folder))
        infos = self._attempt(lambda: self._files().get_file_info(selector))
        return [_s3_entry(info) for info in infos]

    def open(self, path: str) -> BinaryIO:
        """Open an object; each read is a request."""
        file = self._attempt(lambda: self._files().open_input_file(_place(path)))
        return cast(BinaryIO, RemoteFile(file, self._attempt))

    def read(self, path: str, limit: int) -> bytes:
        """Read an object, up to a limit."""
        with self.open(path) as file:
            return file.read(limit)

    def write(self, path: str, content: bytes) -> None:
        """Write an object, which is whole or absent."""

        def upload() -> None:
            # Not closed if writing fails: what is closed becomes an object.
            stream = self._files().open_output_stream(_place(path), compression=None)
            stream.write(content)
            stream.close()

        self._attempt(upload)

    def remove(self, path: str) -> None:
        """Delete an object, if there is one."""
        with suppress(FileNotFoundError):
            self._attempt(lambda: self._files().delete_file(_place(path)))

    def check(self, path: str) -> None:
        """Do nothing: all machines see the same objects."""

    def join(self, folder: str, name: str) -> str:
        """Return the path of an object in a folder."""
        return f"{folder.rstrip('/')}/{name}"

    def _files(self) -> Any:
        return _s3_files(self.endpoint, self.region)

    def _attempt(self, request: Callable[[], T]) -> T:
        try:
            return request()
        except FileNotFoundError:
            raise FileNotFoundError(2, "No such file or directory") from None
        except OSError as error:
            if any(answer in str(error) for answer in S3_DENIED):
                raise PermissionError(13, f"Access denied: {reason(error)}") from None
            raise _unreachable(self.endpoint or "S3", error) from None


@dataclass(frozen=True)
class FsspecStorage:
    """Files of a storage that fsspec has a package for.

    root    the URL of the server or the bucket
    prefix  what a URL has before what fsspec calls the file
    """

    root: str
    prefix: str
    is_remote: bool = True

    def find(self, path: str) -> Entry | None:
        """Return a file or a folder, None if there is none."""
        try:
            return self._entry(self._attempt(lambda: self._files().info(self._place(path))))
        except FileNotFoundError:
            return None

    def list(self, folder: str) -> list[Entry]:
        """Return what is in a folder, but not in its folders."""
        place = self._place(folder)
        found = self._attempt(lambda: self._files().ls(place, detail=True))
        entries = map(self._entry, found)
        return [entry for entry in entries if entry.path.rstrip("/") != folder.rstrip("/")]

    def open(self, path: str) -> BinaryIO:
        """Open a file."""
        file = self._attempt(lambda: self._files().open(self._place(path), "rb"))
        return cast(BinaryIO, RemoteFile(file, self._attempt))

    def read(self, path: str, limit: int) -> bytes:
        """Read a file, up to a limit."""
        with self.open(path) as file:
            return file.read(limit)

    def write(self, path: str, content: bytes) -> None:
        """Write a file, under another name first where a half of one could be seen."""

        def upload() -> None:
            files, place = self._files(), self._place(path)
            if self.root.split(":", 1)[0] in OBJECT_STORES:
                files.pipe_file(place, content)
                return
            temporary = f"{place}.{secrets.token_hex(8)}.tmp"
            files.makedirs(place.rpartition("/")[0], exist_ok=True)
            files.pipe_file(temporary, content)
            files.mv(temporary, place)

        self._attempt(upload)

    def remove(self, path: str) -> None:
        """Delete a file, if there is one."""
        # Of one that is missing, each storage has an error of its own.
        if self.find(path) is not None:
            with suppress(FileNotFoundError):
                self._attempt(lambda: self._files().rm_file(self._place(path)))

    def check(self, path: str) -> None:
        """Do nothing: all machines see the same files."""

    def join(self, folder: str, name: str) -> str:
        """Return the path of a file in a folder."""
        return f"{folder.rstrip('/')}/{name}"

    def _files(self) -> Any:
        from fsspec.core import url_to_fs

        return url_to_fs(self.root)[0]  # fsspec keeps its connections

    def _place(self, path: str) -> str:
        return path[len(self.prefix) :]

    def _entry(self, info: dict[str, Any]) -> Entry:
        path = self.prefix + info["name"].rstrip("/")
        if info["type"] == "directory":
            return Entry(path, True)
        changed: Any = info.get("mtime") or info.get("created") or info.get("last_modified")
        seconds = changed.timestamp() if hasattr(changed, "timestamp") else changed
        modified_ns = int(seconds * 10**9) if isinstance(seconds, (int, float)) else None
        return Entry(path, False, info.get("size"), modified_ns)

    def _attempt(self, request: Callable[[], T]) -> T:
        for pause in (*PAUSES_S, None):
            try:
                return request()
            except (PermissionError, ScaleError):
                raise
            # Each storage has errors of its own.
            except Exception as error:
                if _is_missing(error):
                    raise FileNotFoundError(2, "No such file or directory") from None
                if pause is None or isinstance(error, (TypeError, ValueError, ImportError)):
                    raise _unreachable(self.root, error) from None
                time.sleep(pause)
        raise AssertionError


def _s3_storage(url: str, place: str) -> tuple[Storage, str]:
    try:
        from pyarrow.fs import resolve_s3_region
    except ImportError:
        raise ScaleError("s3:// needs the package pyarrow: pip install 'inkdigits[ray]'.") from None
    bucket = place.split("/", 1)[0]
    if not bucket:
        raise ScaleError(f"{valid_key(url)} does not name a bucket: write s3://BUCKET/FOLDER.")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None and endpoint is None:
        try:
            region = resolve_s3_region(bucket)
        except OSError as error:
            raise ScaleError(
                f"The bucket {bucket[:80]} cannot be found ({reason(error)}): check its name and "
                "the network, or set AWS_ENDPOINT_URL for another server than AWS."
            ) from None
    # A compatible server has no regions; without one, the client would search this machine's.
    return S3Storage(endpoint, region or "us-east-1"), f"s3://{place}"


@lru_cache
def _s3_files(endpoint: str | None, region: str | None) -> Any:
    """Connect once a process."""
    if endpoint is not None:
        # Else a checksum follows an upload, whose length is not declared: some servers refuse that.
        os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    return S3FileSystem(
        endpoint_override=endpoint,
        region=region,
        connect_timeout=CONNECT_TIMEOUT_S,
        request_timeout=REQUEST_TIMEOUT_S,
        allow_delayed_open=True,  # one request uploads an object, if it is not large
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=S3_ATTEMPTS),
    )


def _s3_entry(info: Any) -> Entry:
    path = f"s3://{info.path}"
    if info.type.name == "Directory":
        return Entry(path, True)
    return Entry(path, False, info.size, info.mtime_ns)


def _place(path: str) -> str:
    return path.removeprefix("s3://")


def _fsspec_storage(scheme: str, url: str) -> tuple[Storage, str]:
    try:
        from fsspec.core import url_to_fs

        files, place = url_to_fs(url)
    except ImportError as error:  # its message names the package
        raise ScaleError(
            f"{scheme}:// needs another package ({reason(error)}): install it here and on the "
            "machines of the workers."
        ) from None
    except ValueError as error:
        raise ScaleError(
            f"{valid_key(url)[:200]} is not the URL of a storage ({reason(error)}): check it."
        ) from None
    except Exception as error:
        raise _unreachable(f"{scheme}://", error) from None
    del files
    prefix = url[: -len(place)] if place and url.endswith(place) else f"{scheme}://"
    root = "/".join(url.split("/", 3)[:3])
    return FsspecStorage(root, prefix), prefix + place


def _is_missing(error: Exception) -> bool:
    """Return whether a file does not exist; fsspec calls every failure of a web server that."""
    cause = error.__cause__
    is_missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    is_answer = getattr(cause, "status", None) in (404, 410)  # of HTTP
    return is_missing and (cause is None or isinstance(cause, FileNotFoundError) or is_answer)


def _unreachable(name: str, error: Exception) -> ScaleError:
    cause = reason(error.__cause__ or error)
    return ScaleError(
        f"The storage {name} cannot be used ({cause}): check the network and the credentials, "
        "also of the workers' machines, and run the command again to continue."
    )
