"""Folders for the Hugging Face Hub: card, weights, configuration; and loading them back."""

import json
from dataclasses import replace

import pytest
import yaml
from markdown_it import MarkdownIt
from safetensors.numpy import load_file
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.interchange.huggingface import export_huggingface, load_huggingface
from inkdigits.model_file import load_model, locate, save_model, to_document
from inkdigits.storage.files import FileError


def card_of(folder):
    """The metadata and the text of a card."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    _, metadata, body = text.split("---\n", 2)
    return yaml.safe_load(metadata), body


def test_folder_of_a_shipped_model(tmp_path):
    model, folder = load_model(locate("cnn-small")), tmp_path / "new" / "folder"
    export_huggingface(model, folder, "cnn-small")
    assert {path.name for path in folder.iterdir()} == {
        *("README.md", "config.json", "model.safetensors")
    }
    metadata, body = card_of(folder)
    assert metadata["license"] == "mit"
    assert metadata["library_name"] == "inkdigits"
    assert metadata["pipeline_tag"] == "image-classification"
    assert metadata["datasets"] == ["ylecun/mnist"]
    (result,) = metadata["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == model.metrics["validation_accuracy"]
    assert model.digest in body
    assert "Its training digits were written by Americans around 1990, 20 people" in body
    for file, digest in model.training["data"].items():
        assert f"| {file} | {digest} | " in body.replace("\\", "")


def test_weights_are_the_model_file_and_other_tools_read_them(tmp_path):
    model = load_model(locate("mlp"))
    export_huggingface(model, tmp_path, "mlp")
    weights = tmp_path / "model.safetensors"
    assert weights.read_bytes() == locate("mlp").read_bytes()
    assert Recognizer.load(weights).digest == model.digest
    assert load_file(weights)["1.weight"].shape == (784, 128)


def test_configuration_repeats_the_model_files_document(tmp_path):
    model = export_huggingface(untrained(temperature=1.5), tmp_path, "mine")
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config.items() >= to_document(model).items()
    assert config["id2label"] == {str(n): name for n, name in enumerate(model.class_names)}
    assert config["label2id"]["non-digit"] == 10
    assert config["sha256"] == model.digest


def test_folder_is_loaded_back(tmp_path):
    model = untrained(temperature=1.5, training={"seed": 2})
    model = export_huggingface(model, tmp_path, "mine")
    loaded = load_huggingface(tmp_path)
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert loaded.digest == model.digest
    assert to_document(loaded) == to_document(model)


def test_links_of_the_hubs_cache_are_followed(tmp_path):
    save_model(tmp_path / "blob", untrained())
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "model.safetensors").symlink_to("../blob")
    assert load_huggingface(tmp_path / "snapshot").recipe == "mlp"


def test_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"has no model\.safetensors"):
        load_huggingface(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(FileError, match="is not a file of inkdigits"):
        load_huggingface(tmp_path)


def test_other_files_stay_and_another_readme_is_not_replaced(tmp_path):
    (tmp_path / ".gitattributes").write_text("mine", encoding="utf-8")
    export_huggingface(untrained(), tmp_path, "first")
    export_huggingface(untrained(), tmp_path, "second")
    assert "# second" in (tmp_path / "README.md").read_text(encoding="utf-8")
    (tmp_path / "README.md").write_text("# My project", encoding="utf-8")
    before = (tmp_path / "model.safetensors").read_bytes()
    with pytest.raises(FileError, match="is not the card of an inkdigits model"):
        export_huggingface(untrained(seed=1), tmp_path, "third")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "# My project"
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_model_of_ones_own_claims_no_license_and_no_data(tmp_path):
    export_huggingface(untrained(), tmp_path, "mine")
    metadata, body = card_of(tmp_path)
    assert {"license", "datasets", "model-index"}.isdisjoint(metadata)
    assert "Training data" not in body
    assert "were written by" not in body


def test_model_of_other_classes_names_them(tmp_path):
    model = replace(untrained("classic"), classes=("T-shirt/top", "Größe", *"abcdefgh"))
    export_huggingface(model, tmp_path, "clothes")
    _, body = card_of(tmp_path)
    assert "T-shirt/top, Größe, a, b" in body
    assert "tells 10 classes of pictures apart" in body
    assert "digit, 0 to 9" not in body


HOSTILE = "<script>alert(1)</script> | [x](javascript:x) `` \x1b[2J \n--- \n# title ![i](http://x)"


def test_text_of_a_model_cannot_leave_its_place_in_the_card(tmp_path):
    names = ("<b>", "a|b", "[x](y)", "`c`", "*d*", "__e__", "a: b", '"', "\\", "- f")
    training = {"data": {HOSTILE: HOSTILE, "n": 3}}
    model = replace(
        untrained("classic", summary=HOSTILE, recipe=HOSTILE, version=HOSTILE, training=training),
        classes=names,
    )
    export_huggingface(model, tmp_path, HOSTILE)
    metadata, body = card_of(tmp_path)
    assert set(metadata) == {"library_name", "pipeline_tag", "tags", "metrics"}
    markdown = MarkdownIt("commonmark").enable("table")
    html = markdown.render(body)
    for word in (
        "<script",
        "<b>",
        'href="javascript',
        "<img",
        "<code>c</code>",
        "<em>",
        "<strong>",
        "\x1b",
    ):
        assert word not in html, word
    assert html.count("<h1>") == 1
    assert [html.count(f"<{tag}>") for tag in ("table", "hr")] == [2, 0]
    for name in names:
        assert name in body.replace("\\", "") or name == "\\"


@pytest.mark.parametrize("training", [{"data": 3}, {"data": ["a"]}, {"data": {"a": {"b": 1}}}, {}])
def test_any_provenance_gives_a_card(tmp_path, training):
    metrics = {"validation_accuracy": "high"}
    export_huggingface(untrained(training=training, metrics=metrics), tmp_path, "mine")
    card_of(tmp_path)
