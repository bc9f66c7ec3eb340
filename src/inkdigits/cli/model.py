"""The commands `inkdigits model ...`: show, import and export model files."""

import keyword
import re
from pathlib import Path
from typing import Any

import click

from inkdigits.cli.console import printable
from inkdigits.cli.options import model_argument, split_names
from inkdigits.interchange.huggingface import export_huggingface, load_huggingface
from inkdigits.interchange.npz import export_npz, import_npz
from inkdigits.interchange.onnx_export import export_onnx
from inkdigits.interchange.onnx_file import MAX_ONNX_BYTES
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.interchange.torch_export import CODE_MARK, export_torch, torch_code
from inkdigits.model_file import Model, load_model, locate, save_model
from inkdigits.pickles import export_pickle, import_pickle
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError, read_file, write_atomically

FORMATS = ("onnx", "npz", "torch", "huggingface", "pickle")
SUFFIXES = {".onnx": "onnx", ".npz": "npz", ".pt": "torch", ".pth": "torch"}
PICKLES = (b"\x80", b"(", b"}")  # how a pickled dictionary begins, in protocols 2 to 5, 0 and 1
MAX_IMPORT_BYTES = MAX_ONNX_BYTES  # the largest of all formats; each has a limit of its own


@click.group("model")
def model_command() -> None:
    """Show, import and export model files."""


@model_command.command("show")
@model_argument
def show_command(model: str) -> None:
    """Print what a model file contains. MODEL is a file or a shipped model's name."""
    path = locate(model)
    recognizer = Recognizer.load(model)
    description = recognizer.describe()
    threshold = recognizer.rejection_threshold
    rows = {
        "file": path,
        "bytes": f"{path.stat().st_size:,}",
        "sha256": description.digest,
        "recipe": f"{description.recipe}: {description.summary}",
        "layers": ", ".join(
            f"{layer.type} {'x'.join(map(str, layer.output_shape))}" for layer in description.layers
        ),
        "classes": ", ".join(description.class_names),
        "parameters": f"{description.parameters:,}",
        "preprocessing": f"{description.preprocessing}, revision "
        f"{description.preprocessing_revision}",
        "temperature": recognizer.temperature,
        "rejection threshold": "none: does not reject non-digits"
        if threshold is None
        else threshold,
        **{f"metrics.{key}": value for key, value in _flat(description.metrics)},
        **{f"training.{key}": value for key, value in _flat(description.training)},
        "inkdigits": description.version,
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        # The file may contain anything: its control characters must not reach the terminal.
        name, value = printable(f"{name:{width}}"), printable(str(value))
        click.echo(f"{click.style(name, bold=True)}  {value}")


def _flat(values: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Flatten nested objects, naming each value by its path."""
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows.extend(_flat(value, f"{prefix}{key}."))
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


@model_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The model file to write.",
)
@click.option(
    "--preprocessing",
    type=click.Choice(list(PREPROCESSORS)),
    help="How to preprocess images for a network from ONNX.  [default: ink]",
)
@click.option(
    "--classes",
    help="The names of the classes of a network from ONNX, separated by commas.  [default: 0 to 9]",
)
@click.option(
    "--mean",
    type=float,
    help="What a network from ONNX expects to be subtracted from pixels / 255.  [default: 0]",
)
@click.option(
    "--std",
    type=float,
    help="What a network from ONNX expects them to be divided by after that.  [default: 1]",
)
def import_command(
    file: Path,
    output: Path,
    preprocessing: str | None,
    classes: str | None,
    mean: float | None,
    std: float | None,
) -> None:
    """Convert a network from another tool to a model file.

    FILE is an ONNX network of layers that inkdigits has, the write-up's pickle, {'W1', 'W2', 'W3'},
    or an .npz file or a Hugging Face folder that `inkdigits model export` wrote. No code in it is
    run.
    """
    options = {
        "preprocessing": preprocessing,
        "classes": None if classes is None else split_names(classes),
        "mean": mean,
        "deviation": std,
    }
    try:
        model = _import(file, {key: value for key, value in options.items() if value is not None})
    except FileError as error:
        if str(file) in str(error):
            raise
        raise click.ClickException(f"{file}: {error}") from None
    model = save_model(output, model)
    click.echo(f"{output}: recipe {printable(model.recipe)}, SHA-256 {model.digest}")


def _import(file: Path, options: dict[str, Any]) -> Model:
    """Import a file or folder in the format that its content has."""
    if file.is_dir():
        _reject(options)
        return load_huggingface(file)
    data = read_file(file, MAX_IMPORT_BYTES)
    # ONNX files begin with the version of their format, field 1.
    if file.suffix.lower() == ".onnx" or data[:1] == b"\x08":
        return import_onnx(data, **options)
    _reject(options)
    if data[:2] == b"PK":
        if b"/data.pkl" in data[:1000]:
            raise FileError(
                "the weights of a PyTorch network without its layers cannot be imported; export "
                "the network with torch.onnx.export(..., external_data=False)."
            )
        return import_npz(data)
    if data[8:10] == b'{"':
        raise FileError("a .safetensors file needs no import; name it where a model is expected.")
    if not data.startswith(PICKLES):
        raise FileError(
            "it is not an ONNX network, an .npz file of `inkdigits model export`, or the "
            "write-up's pickle; name one of these."
        )
    return import_pickle(data)


def _reject(options: dict[str, Any]) -> None:
    if options:
        raise click.UsageError(
            "--preprocessing, --classes, --mean and --std are for ONNX networks of other tools; "
            "leave them out."
        )


@model_command.command("export")
@model_argument
@click.option(
    "--to",
    "target",
    type=click.Choice(FORMATS),
    help="The format.  [default: as the suffix .onnx, .npz or .pt of the output says, or pickle]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write, or for huggingface the folder.",
)
def export_command(model: str, target: str | None, output: Path) -> None:
    """Convert a model for another tool. MODEL is a file or a shipped model's name.

    onnx: for ONNX Runtime and others. npz: NumPy arrays. torch: a state dictionary for PyTorch, and
    the code of its network beside it. huggingface: a folder for the Hugging Face Hub. pickle: the
    write-up's, for the network of `classic` only.
    """
    path = locate(model)
    content = load_model(path)
    match target or SUFFIXES.get(output.suffix.lower(), "pickle"):
        case "onnx":
            write_atomically(output, export_onnx(content))
            click.echo(f"{output}: ONNX, from preprocessed pixels to probabilities")
        case "npz":
            write_atomically(output, export_npz(content))
            click.echo(f"{output}: NumPy arrays")
        case "torch":
            code = _code_path(output)
            text = torch_code(content, code.stem, output.name)
            write_atomically(output, export_torch(content))
            write_atomically(code, text.encode())
            click.echo(f"{output}: PyTorch's state dictionary of the network in {code}")
        case "huggingface":
            export_huggingface(content, output, path.stem)
            click.echo(f"{output}: a folder for the Hugging Face Hub")
        case _:
            try:
                pickled = export_pickle(content)
            except FileError as error:
                if target:
                    raise
                hint = f"{output} names no other format: choose one with --to"
                raise FileError(f"{hint}, because {error}") from None
            write_atomically(output, pickled)
            click.echo(f"{output}: the write-up's pickle")


def _code_path(output: Path) -> Path:
    """Return where to write the code of a network: beside its weights, under an importable name.

    raises   FileError if another file has that name
    """
    name = re.sub(r"\W|^(?=\d)", "_", output.stem, flags=re.ASCII)
    path = output.with_name(f"{name}_" if keyword.iskeyword(name) else name).with_suffix(".py")
    if path == output or (path.exists() and not _is_our_code(path)):
        raise FileError(
            f"{path}, where the code of the network would be written, is another file; choose "
            "another name for the output."
        )
    return path


def _is_our_code(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(200).startswith(CODE_MARK)
