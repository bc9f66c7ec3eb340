"""The recipes' networks and their training in PyTorch, written as its documentation recommends.

PyTorch's fast path on a CPU: channels-last memory for convolutions, one fused AdamW step for all
parameters, and one call for the moving average of all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from inkdigits.arrays import Array
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.layers import BatchNorm, Dense, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.recipes import Recipe


class Rows(nn.Module):  # type: ignore[misc]
    """Flatten in our axis order, so that the weights of the next layer are the same."""

    def forward(self, x: Any) -> Any:
        """Return (N, C, H, W) as (N, H W C); (N, 1, H, W) or (N, H, W) as (N, H W)."""
        return (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).flatten(1)


def torch_network(network: Network, vector: Array) -> Any:
    """Build a network with our weights, from x (N, H, W) to logits (N, C).

    vector   float32 (P,)
    raises   TypeError if a layer is not supported
    """
    modules: list[Any] = []
    for layer, params in zip(network.layers, network.layer_params(vector), strict=True):
        tensors = {name: torch.tensor(value) for name, value in params.items()}
        match layer:
            case AddChannel():
                module = nn.Unflatten(1, (1, 28))
            case Conv2D():
                module = nn.Conv2d(layer.channels, layer.filters, layer.kernel_size)
                # Ours: (K, K, C, F). PyTorch's: (F, C, K, K).
                _set(module, tensors["weight"].permute(3, 2, 0, 1), tensors["bias"])
            case MaxPool2D():
                module = nn.MaxPool2d(layer.pool_size)
            case ReLU():
                module = nn.ReLU()
            case Flatten():
                module = Rows()
            case Dense():
                module = nn.Linear(layer.inputs, layer.outputs)
                _set(module, tensors["weight"].T, tensors["bias"])
            case BatchNorm():
                # As in ours, the statistics for inference are measured after training.
                kind = nn.BatchNorm2d if _is_image(modules) else nn.BatchNorm1d
                module = kind(layer.channels, eps=layer.epsilon, track_running_stats=False)
                _set(module, tensors["scale"], tensors["shift"])
            case _:
                raise TypeError(f"{layer} is not supported")
        modules.append(module)
    return nn.Sequential(*modules).to(memory_format=torch.channels_last)


def _is_image(modules: list[Any]) -> bool:
    """Return whether the values after these modules still have two spatial axes."""
    return not any(isinstance(module, Rows) for module in modules)


def _set(module: Any, weight: Any, bias: Any) -> None:
    with torch.no_grad():
        module.weight.copy_(weight)
        module.bias.copy_(bias)


def trainer(recipe: Recipe, vector: Array, steps: int) -> Callable[[Any, Any], float]:
    """Return a function that makes a training step as the recipe has it, and returns the loss.

    vector   float32 (P,), the initial weights
    steps    of the whole training, for the schedule
    """
    network = torch_network(recipe.network, vector)
    params = list(network.parameters())
    average = [param.detach().clone() for param in params]
    settings = recipe.optimizer
    assert isinstance(settings, AdamW)
    optimizer = torch.optim.AdamW(
        params,
        betas=(settings.beta1, settings.beta2),
        eps=settings.epsilon,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    targets = torch.tensor(recipe.target_table)
    loss_of = nn.CrossEntropyLoss()
    number = 0

    def step(x: Any, labels: Any) -> float:
        nonlocal number
        optimizer.param_groups[0]["lr"] = recipe.schedule(number, steps)
        optimizer.zero_grad(set_to_none=True)
        logits = network(x)
        loss = loss_of(logits, targets[labels])
        loss.backward()
        optimizer.step()
        decay = min(recipe.ema_decay, (1 + number) / (10 + number))
        with torch.no_grad():
            torch._foreach_lerp_(average, params, 1 - decay)
            (logits.argmax(dim=1) == labels).sum().item()  # the accuracy of the record
        number += 1
        return float(loss.detach())

    return step


def mean_losses(
    step: Callable[[Any, Any], float], batches: Sequence[tuple[Any, Any]]
) -> Callable[[], float]:
    """Return a function that makes one step with each batch and returns the mean loss."""

    def epoch() -> float:
        return sum(step(x, labels) for x, labels in batches) / len(batches)

    return epoch
