"""Operations of an ONNX graph on each number by itself."""

from __future__ import annotations

import numpy as np

from aecore.errors import AecoreError
from aecore.models.onnx_browser.graph import Node
from aecore.models.onnx_browser.walk import Rule, Walk, scaled, spread

LARGEST = float(np.finfo(np.float32).max)
ACTIVATIONS = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Mish": "mish",
    "Erf": "erf",
    "Exp": "exp",
}


def _activation(walk: Walk, node: Node) -> None:
    name, attributes = ACTIVATIONS.get(node.kind), node.attributes
    if node.kind == "LeakyRelu":
        name = f"leaky-relu:{attributes.get('alpha', 0.01):.9g}"
    elif node.kind == "Elu" and attributes.get("alpha", 1.0) == 1:
        name = "elu"
    elif node.kind == "Selu":
        usual = np.isclose([attributes.get("alpha", 1.67326), attributes.get("gamma", 1.0507)], [1.67326, 1.0507], 1e-5)
        name = "selu" if usual.all() else None
    elif node.kind == "Gelu" and attributes.get("approximate", "none") == "none":
        name = "gelu"
    if name is None:
        raise AecoreError(f"{node.kind} with {attributes}")
    value = walk.on_top(walk.given(node))
    walk.builder.add("activate", activation=name)
    walk.put(node, value.last)


def _hard(walk: Walk, node: Node) -> None:
    """HardSigmoid, and HardSwish, which multiplies with it."""
    swish = node.kind == "HardSwish"
    slope, middle = (1 / 6, 0.5) if swish else (node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5))
    value = walk.on_top(walk.given(node))
    walk.builder.add("affine", scale=slope, shift=middle)
    walk.builder.add("clip", low=0.0, high=1.0)
    if swish:
        walk.builder.add("multiply", earlier=value.at)
    walk.put(node, value.last)


def _clip(walk: Walk, node: Node) -> None:
    value = walk.on_top(walk.given(node))
    limits = [walk.graph.constant(node, number) for number in (1, 2)]
    low, high = (
        float(np.clip(default if limit is None else limit.item(), -LARGEST, LARGEST))
        for limit, default in zip(limits, (-LARGEST, LARGEST), strict=True)
    )
    walk.builder.add("clip", low=low, high=high)
    walk.put(node, value.last)


def _slopes(walk: Walk, node: Node) -> None:
    slopes, value = walk.graph.constant(node, 1), walk.given(node)
    assert slopes is not None
    value, numbers = spread(walk, value, slopes)
    walk.builder.add("slopes", at=walk.builder.store(numbers), channels=len(numbers))
    walk.put(node, value.last)


def _arithmetic(walk: Walk, node: Node) -> None:
    """Add, Sub, Mul and Div of a result and a constant, or of two results."""
    constants = [walk.graph.constants.get(name) for name in node.inputs]
    if all(one is None for one in constants):
        _two_results(walk, node)
        return
    number = 0 if constants[0] is None else 1
    constant = constants[1 - number]
    assert constant is not None
    if constant.dtype.kind != "f":
        raise AecoreError(f"{node.kind} with numbers of type {constant.dtype}")
    value, numbers = spread(walk, walk.given(node, number), constant)
    one, zero = np.ones_like(numbers), np.zeros_like(numbers)
    match node.kind:
        case "Add":
            scale, shift = one, numbers
        case "Sub":
            scale, shift = (one, -numbers) if number == 0 else (-one, numbers)
        case "Mul":
            scale, shift = numbers, zero
        case _:
            if number:
                raise AecoreError("a constant divided by a result")
            with np.errstate(divide="ignore"):  # `scaled` refuses it
                scale, shift = 1 / numbers, zero
    scaled(walk.builder, scale, shift)
    walk.put(node, value.last)


def _two_results(walk: Walk, node: Node) -> None:
    kinds = {"Add": "add", "Mul": "multiply", "Sub": "subtract"}
    if node.kind not in kinds:
        raise AecoreError(f"{node.kind} of two results")
    # `subtract` takes what is on top off the earlier one.
    order = (1, 0) if node.kind == "Sub" else (0, 1)
    top, earlier = walk.same(*(walk.given(node, number) for number in order))
    walk.builder.add(kinds[node.kind], earlier=earlier.at, **({"scaled": False} if node.kind == "Sub" else {}))
    walk.put(node, top.last)


RULES: dict[str, Rule] = {
    **dict.fromkeys((*ACTIVATIONS, "LeakyRelu", "Elu", "Selu", "Gelu"), _activation),
    **dict.fromkeys(("HardSigmoid", "HardSwish"), _hard),
    "Clip": _clip,
    "PRelu": _slopes,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _arithmetic),
}
