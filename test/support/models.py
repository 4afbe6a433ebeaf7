"""The table test/e2e/models.json: real models, where they are found, and what to feed them."""
import dataclasses
import importlib.util
import json
import os
import pathlib

import numpy as np
import onnx
from onnx import numpy_helper

from support import reference

TABLE = pathlib.Path(__file__).parents[1] / "e2e" / "models.json"


@dataclasses.dataclass
class Model:
    """One row of the table.

    `runs` lists sets of inputs: {input: {"shape": [...], "values": constant or [low, high],
    "integers": bool, "picture": bool}}; an input that a set leaves out has a static shape and
    normal values. A detector needs a picture: on noise it finds nothing, all of its outputs are
    tails of sigmoids, and what is compared is the peer's rounding of them.
    """
    name: str
    model: str
    what: str
    runs: list = dataclasses.field(default_factory=lambda: [{}])
    expect: str = "pass"
    dims: dict = dataclasses.field(default_factory=dict)  # Bound at compile time with --dim.
    quantized: bool = False
    heavy: bool = False

    @property
    def bindings(self):
        """The options that bind `dims`."""
        return [word for name, size in self.dims.items() for word in ("--dim", f"{name}={size}")]

    def find(self, scratch):
        """The model's file, or None where its source is missing."""
        source, _, path = self.model.partition(":")
        return SOURCES[source](path, scratch)

    def inputs(self, session, run):
        """The input arrays of one of `runs`, the same in every call."""
        rng = np.random.default_rng(0)
        arrays = {}
        for info in session.get_inputs():
            given = run.get(info.name, {})
            shape = given.get("shape", reference.bound_shape(info, 1))
            if given.get("picture"):
                arrays[info.name] = reference.text_picture(shape)
                continue
            value = reference.make_input(rng, reference.DTYPES[info.type], shape,
                                         given.get("values"))
            arrays[info.name] = np.floor(value) if given.get("integers") else value
        return arrays


def add_choice(p):
    """The options of commands that go through the table."""
    p.add_argument("--filter", default="", help="only the models whose name contains this")
    p.add_argument("--heavy", action="store_true", help="the largest models too")


def chosen(args):
    """The models that compile and that the options of add_choice ask for."""
    return [model for model in table() if args.filter in model.name and model.expect == "pass"
            and model.heavy <= args.heavy]


def bind_dims(session, inputs):
    """The options that give all dims the sizes that they have in `inputs`."""
    shapes = {tensor.name: tensor.shape for tensor in session.get_inputs()}
    return [word for name, value in inputs.items()
            for axis, (symbol, size) in enumerate(zip(shapes[name], value.shape))
            if not isinstance(symbol, int)
            for word in ("--dim", f"{symbol or f'{name}.{axis}'}={size}")]


def table():
    return [Model(name, **row) for name, row in json.loads(TABLE.read_text("utf-8")).items()]


def in_package(path, scratch):
    package, _, rest = path.partition("/")
    spec = importlib.util.find_spec(package)
    return pathlib.Path(spec.origin).parent / rest if spec else None


def in_data(path, scratch):
    file = pathlib.Path(os.environ.get("PEBBLE_DATA", "")) / path
    return file if os.environ.get("PEBBLE_DATA") and file.is_file() else None


def light(path, scratch):
    """A topology of the onnx package, whose constant weights are replaced by seeded random ones:
    with equal weights most errors cancel out and a compiler may fold half of the network away."""
    model = onnx.load(pathlib.Path(onnx.__file__).parent / "backend/test/data/light" / path)
    randomize_weights(model)
    target = pathlib.Path(scratch) / path
    onnx.save(model, target)
    return target


SOURCES = {"package": in_package, "data": in_data, "light": light}


def randomize_weights(model, seed=0):
    """Turns every ConstantOfShape of a constant shape into an initializer of normals scaled by the
    fan-in, or for the scales and variances of a normalization into values around one."""
    graph = model.graph
    rng = np.random.default_rng(seed)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    constants |= {node.output[0]: numpy_helper.to_array(node.attribute[0].t)
                  for node in graph.node if node.op_type == "Constant"}
    norms = [node for node in graph.node if node.op_type == "BatchNormalization"]
    positive = {node.input[i] for node in norms for i in (1, 4)}
    filled = [node for node in graph.node
              if node.op_type == "ConstantOfShape" and node.input[0] in constants]
    for node in filled:
        shape = [int(dim) for dim in constants[node.input[0]]]
        if node.output[0] in positive:
            value = rng.uniform(0.8, 1.2, shape)
        elif len(shape) > 1:
            value = rng.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))
        else:
            value = rng.standard_normal(shape) * 0.1
        graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), node.output[0]))
        graph.node.remove(node)
    # From version 4 on an initializer need not be an input of the graph.
    model.ir_version = max(model.ir_version, 4)
