"""The events of a run: one JSON object a line, appended to a file."""

from typing import Any, Literal, TypeAlias

EventType: TypeAlias = Literal[
    "state", "step", "epoch", "picture", "gradient", "changed", "message"
]
# {"type": EventType, "step": steps done, "time": seconds since 1970, ...}, and by type:
#
# state     state: State; message: str; steps, epochs: int
# step      loss, accuracy: of the current epoch so far; learning_rate; images_per_second;
#           seconds_left: float | None
# epoch     epoch, loss, accuracy, validation_loss, validation_accuracy, learning_rate, seconds,
#           images_per_second: a training.Record
# picture   weights: {layer, type, shape: [height, width], scale: [largest magnitude of each unit],
#             values: base64 of int8 (units, height, width), 127 is the unit's scale};
#           histograms: [{layer, type, weights: {edges, counts}, gradients: the same}];
#           drawing: {digit, label, reason, confidence, probabilities: [...]} | None
# gradient  layer, name, index: [...]; backpropagated, numerical, difference: float;
#           loss: float, weight: float, epsilon: float
# changed   setting: "learning_rate" | "epochs" | "rewind" | "early_stopping"; before, after
# message   text: progress of preparing the data; total, done: int | None
Event: TypeAlias = dict[str, Any]
