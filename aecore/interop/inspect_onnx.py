"""Looking at ONNX files of others: a program of its own, run in a child process with bounded memory and time.

`python -I inspect_onnx.py` reads a request as JSON from standard input and prints what it found as JSON. The files are
one whole network, or encoder and decoder. Each is parsed, checked, and run once with every shape of images that it may
take; a file that makes the parser or onnxruntime crash or hang ends this process and nothing else.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

try:
    import resource
except ImportError:  # Windows
    resource = None

REFUSED = 3
"""Exit status for a file that cannot be used; the reason is on stderr."""
MOST_NODES = 100_000
FIRST_OPSET = 7
"""From this opset on, arithmetic broadcasts as it does today."""
DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
MEMORY = 4 * 2**30
"""What a network of no size may take; one of some size may take six times its file more."""
ROWS = 2


class RefusedError(Exception):
    """The file cannot be used; the message is for its user."""


def parsed(path: Path, what: str) -> Any:
    """The model in a file, checked: nothing outside of it, no loops, only operators that onnxruntime has."""
    import onnx

    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except MemoryError:
        raise
    except Exception:
        raise RefusedError(f"{what} is no ONNX file, or it is damaged") from None
    if not model.graph.node or not model.graph.output:
        raise RefusedError(f"{what} is no ONNX file, or one without a network in it")
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if opset < FIRST_OPSET:
        raise RefusedError(f"{what} is written in opset {opset}; export it again in opset {FIRST_OPSET} or later")
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise RefusedError(
                f"{what} keeps its weights in another file; save it as one: with torch.onnx.export(…, "
                "external_data=False), or onnx.save(onnx.load(path), new_path)"
            )
    _check_nodes(model, what)
    return model


def _check_nodes(model: Any, what: str) -> None:
    import onnx

    own = {(function.domain, function.name): function for function in model.functions}
    for node in _nodes(model):
        kinds = [part.type for part in node.attribute]
        if onnx.AttributeProto.GRAPH in kinds or onnx.AttributeProto.GRAPHS in kinds:
            raise RefusedError(
                f"{what} has control flow (the operator {node.op_type}); export it without conditions and loops"
            )
        if node.domain not in DOMAINS and (node.domain, node.op_type) not in own:
            raise RefusedError(
                f"{what} needs the custom operator {node.domain}.{node.op_type}, which onnxruntime does not have"
            )
    # Functions that call one another can stand for any number of nodes in a few lines.
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Any, within: tuple[tuple[str, str], ...]) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in own:
                if key in within:
                    raise RefusedError(f"{what} has a function that calls itself")
                if key not in sizes:
                    sizes[key] = size(own[key].node, (*within, key))
                total += sizes[key]
            total += 1
        return total

    if (count := size(model.graph.node, ())) > MOST_NODES:
        raise RefusedError(f"{what} has {count:,} operations, more than the {MOST_NODES:,} that are run here")


def _nodes(model: Any) -> Iterator[Any]:
    for function in model.functions:
        yield from function.node
    yield from model.graph.node


def _tensors(model: Any) -> Iterator[Any]:
    """All tensors of a model, at whatever depth."""
    graphs = [model.graph]
    nodes = [function.node for function in model.functions]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            nodes.append(graph.node)
        for node in nodes.pop() if nodes else ():
            for part in node.attribute:
                yield from (part.t, *part.tensors)
                for sparse in (part.sparse_tensor, *part.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
                graphs += [graph for graph in (part.g, *part.graphs) if graph.node or graph.initializer]


class Session:
    """A file that onnxruntime runs: one input of numbers, one or more outputs."""

    def __init__(self, path: Path, what: str) -> None:
        import onnxruntime

        model = parsed(path, what)
        self.what, self.parameters = what, sum(int(np.prod(t.dims)) for t in model.graph.initializer)
        del model
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self.session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        except MemoryError:
            raise
        except Exception as error:
            raise RefusedError(f"{what} cannot be run by onnxruntime: {line(error)}") from None
        inputs, outputs = self.session.get_inputs(), self.session.get_outputs()
        if len(inputs) != 1:
            raise RefusedError(f"{what} has {len(inputs)} inputs; it should have one, the images or the codes")
        if inputs[0].type not in FLOATS:
            raise RefusedError(f"{what} takes {_kind(inputs[0].type)}; it should take floating-point numbers")
        self.input, self.dtype = inputs[0].name, FLOATS[inputs[0].type]
        self.shape = [dim if isinstance(dim, int) else None for dim in inputs[0].shape]
        self.outputs = [one.name for one in outputs]
        if outputs[0].type not in FLOATS:
            raise RefusedError(f"{what} gives {_kind(outputs[0].type)}; it should give floating-point numbers")

    @property
    def takes(self) -> str:
        return " × ".join("N" if dim is None else str(dim) for dim in self.shape) or "no known shape"

    def fits(self, shape: list[int]) -> bool:
        """Whether images or codes of this shape, without the rows, are what the file says that it takes."""
        asked = self.shape[1:]
        return not self.shape or (
            len(asked) == len(shape) and all(dim in (None, have) for dim, have in zip(asked, shape, strict=True))
        )

    def run(self, values: np.ndarray) -> list[np.ndarray]:
        found = self.session.run(None, {self.input: values.astype(self.dtype)})
        return [np.asarray(one) for one in found]


def _kind(text: str) -> str:
    return text if text.startswith("tensor") else f"a {text.partition('(')[0]}"


def line(error: Exception) -> str:
    found = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).strip()).splitlines()
    return " ".join(found[0].split())[:240] if found else type(error).__name__


def described(session: Session) -> dict[str, Any]:
    return {"shape": session.shape, "outputs": session.outputs, "parameters": session.parameters}


def tried(sessions: list[Session], shapes: list[list[int]]) -> tuple[list[dict[str, Any]], str]:
    """How the files take images of each of these shapes that they take, and why they take none."""
    found, why = [], ""
    for shape in shapes:
        if not sessions[0].fits(shape):
            continue
        fixed = sessions[0].shape[0] if sessions[0].shape else None
        for rows in [fixed] if fixed else [ROWS, 1]:
            try:
                any_number = rows == ROWS and fixed is None and not any(one.shape[:1] == [1] for one in sessions)
                found.append({"shape": shape, "any": any_number, **passed(sessions, shape, rows)})
                break
            except MemoryError:
                raise
            except Exception as error:  # of many kinds, and of each a line
                if any(sign in str(error) for sign in ("bfc_arena", "bad alloc", "bad_alloc")):
                    raise MemoryError from None
                why = why or line(error)
    return found, why


def passed(sessions: list[Session], shape: list[int], rows: int) -> dict[str, Any]:
    """Run so many images of one shape through one file after the other."""
    values = np.random.default_rng(0).random((rows, *shape), np.float32)
    first = sessions[0].run(values)
    again = sessions[0].run(values)
    shapes = [[list(one.shape) for one in first]]
    chance = not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True))
    if any(one.ndim < 1 or one.shape[0] != rows for one in first[:1]):
        raise ValueError(
            f"{sessions[0].what} gives {_by(first[0].shape)} for {rows} images; the first should be {rows}"
        )
    code: list[int] = []
    if len(sessions) == 2:
        code, second = decoded(sessions[1], first[0])
        shapes.append([list(one.shape) for one in second])
        repeated = sessions[1].run(first[0].reshape(rows, *code))
        chance = chance or not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(second, repeated, strict=True))
    return {"rows": rows, "outputs": shapes, "code": code, "chance": chance}


def decoded(session: Session, codes: np.ndarray) -> tuple[list[int], list[np.ndarray]]:
    """The shape in which a decoder takes codes, and what it makes of them."""
    rows, asked = len(codes), session.shape[1:]
    size = int(codes[0].size)
    whole = [dim for dim in asked if dim is not None]
    exact = [whole] if len(whole) == len(asked) and whole and int(np.prod(whole)) == size else []
    problem: Exception | None = None
    for shape in [*exact, list(codes.shape[1:]), [size]]:
        if not session.fits(shape):
            continue
        try:
            return shape, session.run(codes.reshape(rows, *shape))
        except MemoryError:
            raise
        except Exception as error:
            problem = problem or error
    reason = f": {line(problem)}" if problem else ""
    raise ValueError(
        f"the encoder gives codes of {_by(codes.shape[1:])}, and the decoder takes {session.takes}{reason}"
    )


def _by(shape: Any) -> str:
    return " × ".join(map(str, shape)) or "a single number"


def main(request: dict[str, Any]) -> dict[str, Any]:
    paths = [Path(path) for path in request["files"]]
    _limit_memory(sum(path.stat().st_size for path in paths))
    names = ["the encoder", "the decoder"] if len(paths) == 2 else ["the file"]
    why = ""
    for order in itertools.permutations(range(len(paths))):  # as given, then the other way round
        sessions = [Session(paths[number], name) for number, name in zip(order, names, strict=True)]
        found, reason = tried(sessions, request["shapes"])
        why = why or reason
        if found:
            return {"order": list(order), "files": [described(one) for one in sessions], "tries": found}
        if not why:
            why = f"{names[0]} takes {sessions[0].takes}, and no images that are known here have that shape"
    raise RefusedError(why)


def _limit_memory(size: int) -> None:
    """A graph of a few bytes can ask for any amount of memory."""
    if resource is None:
        return
    try:  # with many cores the libraries alone reserve gigabytes
        reserved = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        reserved = 2**30
    most = reserved + MEMORY + 6 * size
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


if __name__ == "__main__":
    try:
        print(json.dumps(main(json.loads(sys.stdin.read()))))
    except RefusedError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    except MemoryError:
        print(f"the file asks for more memory than {MEMORY // 2**30} GB", file=sys.stderr)
        sys.exit(REFUSED)
