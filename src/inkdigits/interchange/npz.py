"""Export a model as NumPy's .npz, and import such a file, which is not trusted."""

import io
import zipfile
import zlib
from math import prod

import numpy as np

from inkdigits.arrays import Array
from inkdigits.model_file import Model, from_document, to_document
from inkdigits.storage.files import invalid_file
from inkdigits.strict_json import canonical, parse

MAX_NPZ_BYTES = 32 * 2**20  # as for a model file
MAX_UNPACKED_BYTES = 40 * 2**20
MAX_MEMBERS = 200  # two for each of 64 layers, and the document
DOCUMENT = "inkdigits"  # the name of the array that holds the document
_CENTRAL_HEADER = b"PK\x01\x02"  # of each member in the directory of a ZIP file


def export_npz(model: Model) -> bytes:
    """Write the parameters as arrays, and everything else as JSON in the array "inkdigits".

    returns  the content of a file that `numpy.load` reads with allow_pickle=False
    """
    document = np.array(canonical(to_document(model)))
    file = io.BytesIO()
    np.savez(
        file, allow_pickle=False, **{DOCUMENT: document}, **model.network.unflatten(model.vector)
    )
    return file.getvalue()


def import_npz(data: bytes) -> Model:
    """Make a model from a file that `export_npz` wrote.

    raises   FileError if it is anything else
    """
    name = "the .npz file"
    # The directory of a ZIP is read as a whole, and an entry takes ten times its size in memory.
    if len(data) > MAX_NPZ_BYTES or data.count(_CENTRAL_HEADER) > MAX_MEMBERS:
        raise invalid_file(name, f"it has more than {MAX_NPZ_BYTES} bytes or {MAX_MEMBERS} arrays")
    try:
        arrays = _read_arrays(data)
        document = arrays.pop(DOCUMENT, np.zeros(0))
        if document.dtype.kind != "U" or document.ndim:
            raise ValueError("it does not say which model it is")
        content = parse(str(document))
        if not isinstance(content, dict):
            raise ValueError("its document is not an object")
    # What zipfile raises for damaged, encrypted and unusually compressed files.
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise invalid_file(name, ascii(str(error))[1:-1][:200]) from None
    return from_document(name, arrays, content)


def _read_arrays(data: bytes) -> dict[str, Array]:
    """Read arrays of float32 and text, and nothing that is larger than the file says."""
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise ValueError(f"its arrays take more than {MAX_UNPACKED_BYTES} bytes")
        for member in members:
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("it is compressed in a way that NumPy does not use")
            with archive.open(member) as file:
                # At most the declared size; one more byte makes zipfile verify the checksum.
                content = file.read(member.file_size + 1)
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError("two arrays have the same name")
            arrays[name] = _parse_array(content)
    return arrays


def _parse_array(content: bytes) -> Array:
    """Parse an array; unlike `numpy.load`, check its size before anything is allocated."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("an array has another version of the format")
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, is_fortran, dtype = read(file)
    if dtype != np.float32 and dtype.kind != "U":
        raise ValueError("an array is neither of float32 nor text")
    values = memoryview(content)[file.tell() :]
    if dtype.itemsize * prod(shape) != len(values) or not dtype.itemsize:
        raise ValueError("an array does not have the bytes of its shape")
    array = np.frombuffer(values, dtype).reshape(shape, order="F" if is_fortran else "C")
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("a weight is NaN or infinite")
    return array
