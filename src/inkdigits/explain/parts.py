"""Explain a prediction: the image goes through the recognizer, then through each part asked for."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.explain.change import choose_goal, find_change
from inkdigits.explain.explanation import PARTS, Explanation, Unit
from inkdigits.explain.layers import describe_layers, first_weights
from inkdigits.explain.neighbors import find_neighbors
from inkdigits.explain.occlusion import occlusion_map
from inkdigits.explain.passes import one_hot_like
from inkdigits.explain.rejection import explain_rejection
from inkdigits.explain.steps import describe_steps
from inkdigits.explain.subject import Subject
from inkdigits.explain.unit import explain_unit
from inkdigits.imaging.inputs import ImageInput, to_ink, to_rgba
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.preprocessing.stages import Stage, last_pictures
from inkdigits.recognizer import Recognizer
from inkdigits.threads import one_blas_thread


def explain(
    image: ImageInput,
    recognizer: Recognizer | None = None,
    *,
    parts: Collection[str] = PARTS,
    target: str | None = None,
    unit: Unit | None = None,
    preprocess: bool = True,
    media_type: str | None = None,
    data_dir: Path | None = None,
) -> Explanation:
    """Explain what a model predicts for one image.

    image       as `Recognizer.recognize` takes it
    recognizer  None is the default model that ships with inkdigits
    parts       which of PARTS to compute
    target      name of the class to explain, as "7" in "why not a 7?"; None is the most likely one
    unit        a unit whose value to explain as well
    preprocess  False only scales the image to 28x28 in grayscale, to see the network fail
    media_type  the type that the sender of a file declares, such as "image/png", if any
    data_dir    where MNIST is, for the pictures of neighbors; None searches the folders of
                INKDIGITS_DATA, or the cache
    raises      ValueError for a part, a target or a unit that there is not; ImageError or OSError
                as `Recognizer.recognize`
    """
    recognizer = recognizer or Recognizer.load()
    rgba = to_rgba(image, media_type)
    name = recognizer.model.preprocessing if preprocess else "plain"
    with one_blas_thread():
        stages = PREPROCESSORS[name].stages(rgba)
        return _explain(stages, rgba, recognizer, parts, target, unit, preprocess, data_dir)


def explain_ink(
    ink: NDArray[Any],
    recognizer: Recognizer | None = None,
    *,
    parts: Collection[str] = PARTS,
    target: str | None = None,
    unit: Unit | None = None,
    preprocess: bool = True,
    data_dir: Path | None = None,
) -> Explanation:
    """Explain what a model predicts for one image that is already segmented from its background.

    ink       as `Recognizer.recognize_ink` takes it
    returns   as `explain`, like the other arguments
    raises    ValueError as `explain`; UnsupportedImage, which is one, for any other array
    """
    recognizer = recognizer or Recognizer.load()
    pixels = to_ink(ink)
    name = recognizer.model.preprocessing if preprocess else "plain"
    with one_blas_thread():
        stages = PREPROCESSORS[name].stages_from_ink(pixels)
        return _explain(stages, None, recognizer, parts, target, unit, preprocess, data_dir)


def _explain(
    candidates: list[list[Stage]],
    rgba: Pixels | None,
    recognizer: Recognizer,
    parts: Collection[str],
    target: str | None,
    unit: Unit | None,
    preprocess: bool,
    data_dir: Path | None,
) -> Explanation:
    """Compute the parts; the candidates are those for what the network sees, with their stages."""
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise ValueError(f"The part {unknown[0]!a} is not one of {', '.join(PARTS)}.")
    pictures = last_pictures(candidates)
    prediction = recognizer.predict_candidates([pictures])[0]
    # Of equal candidates the recognizer takes the first.
    candidate = int((pictures == prediction.seen).all(axis=(1, 2)).argmax())
    subject = Subject(recognizer, prediction, candidate)
    forward, index = subject.forward, subject.find_target(target)
    gradients = forward.gradients(one_hot_like(forward.logits, (index,)))
    neighbors, neighbors_reason = None, None
    if "neighbors" in parts:
        neighbors, neighbors_reason = find_neighbors(subject, data_dir)
    change = find_change(subject, choose_goal(subject, target)) if "change" in parts else None
    return Explanation(
        prediction=prediction,
        model=recognizer.name,
        digest=recognizer.digest,
        class_names=recognizer.model.class_names,
        logits=tuple(forward.logits.tolist()),
        augmented=subject.is_augmented,
        temperature=recognizer.temperature,
        target=index,
        preprocessed=preprocess,
        candidate=candidate,
        steps=describe_steps(candidates[candidate], rgba) if "steps" in parts else None,
        layers=describe_layers(forward, gradients) if "layers" in parts else None,
        weights=first_weights(forward) if "weights" in parts else None,
        saliency=gradients[0] if "saliency" in parts else None,
        occlusion=occlusion_map(forward, index) if "occlusion" in parts else None,
        unit=None if unit is None else explain_unit(forward, unit),
        change=change,
        neighbors=neighbors,
        neighbors_reason=neighbors_reason,
        rejection=explain_rejection(subject, change) if "rejection" in parts else None,
    )
