"""Explain a prediction: what each step of the preprocessing and each layer made of one image."""

from inkdigits.explain.explanation import (
    PARTS,
    Box,
    Change,
    Explanation,
    FirstWeights,
    Layer,
    Neighbor,
    RejectionExplanation,
    Step,
    Unit,
    UnitExplanation,
)
from inkdigits.explain.parts import explain, explain_ink

__all__ = [
    "PARTS",
    "Box",
    "Change",
    "Explanation",
    "FirstWeights",
    "Layer",
    "Neighbor",
    "RejectionExplanation",
    "Step",
    "Unit",
    "UnitExplanation",
    "explain",
    "explain_ink",
]
