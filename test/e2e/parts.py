#!/usr/bin/env python3
"""Tensors that lie where their concatenation has them, or are read where they were cut from, are
those of a program that keeps all of them apart: to the bit.

Random networks that join and cut images along channels and rows (--count draws more of them),
every other one quantized, are compiled as they are, row by row, and with every tensor a result of
the model, which then lies by itself. A network of known size needs the arena that its parts
promise.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, results  # noqa: E402

NETWORKS = 6
CPUS = ("native", "x86-64-v3", "x86-64-v2")


class Network:
    """A graph of images [1, channels, rows, columns] under construction."""

    def __init__(self, rng, quantized, channels, rows, columns):
        self.rng, self.quantized = rng, quantized
        self.nodes, self.constants, self.made = [], [], []
        self.shape = [1, channels, rows, columns]
        self.shapes = {}
        self.input = "input"
        self.shapes[self.keep("input")] = self.shape[1:]

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def keep(self, value):
        """A tensor of the graph: behind quantization, where there is any."""
        if not self.quantized:
            if value != self.input:
                self.made.append((value, TensorProto.FLOAT))
            return value
        # One scale for all: concatenations and slices move codes.
        parameters = [self.constant(np.float32(0.05)), self.constant(np.uint8(101))]
        codes = self.node("QuantizeLinear", value, *parameters)
        self.made.append((codes, TensorProto.UINT8))
        return self.node("DequantizeLinear", codes, *parameters)

    def put(self, value, shape):
        kept = self.keep(value)
        self.shapes[kept] = list(shape)
        return kept

    def any(self, wanted=lambda shape: True):
        """A tensor, rather one of the latest."""
        names = [name for name, shape in self.shapes.items() if wanted(shape)]
        return names[-1 - min(int(self.rng.geometric(0.4)) - 1, len(names) - 1)] if names else None

    def weights(self, shape):
        if not self.quantized:
            return self.constant(self.rng.normal(0, 0.3, shape).astype(np.float32))
        codes = self.constant(self.rng.integers(-127, 128, shape).astype(np.int8))
        return self.node("DequantizeLinear", codes, self.constant(np.float32(0.003)),
                         self.constant(np.int8(0)))

    def conv(self):
        source = self.any()
        channels, rows, columns = self.shapes[source]
        kernel, depthwise = int(self.rng.choice([1, 3])), self.rng.random() < 0.3
        out = channels if depthwise else int(self.rng.integers(1, 25))
        weight = self.weights((out, 1 if depthwise else channels, kernel, kernel))
        value = self.node("Conv", source, weight, kernel_shape=[kernel, kernel],
                          pads=[kernel // 2] * 4, group=channels if depthwise else 1)
        if self.rng.random() < 0.5:
            value = self.node("Relu", value)
        return self.put(value, [out, rows, columns])

    def pool(self):
        source = self.any()
        return self.put(self.node("MaxPool", source, kernel_shape=[3, 3], pads=[1] * 4),
                        self.shapes[source])

    def add(self):
        first = self.any()
        second = self.any(lambda shape: shape == self.shapes[first])
        return self.put(self.node("Add", first, second), self.shapes[first])

    def concat(self):
        first = self.any()
        axis = int(self.rng.choice([1, 1, 1, 2]))
        shape = list(self.shapes[first])
        fits = lambda other: all(other[dim] == shape[dim] for dim in range(3) if dim != axis - 1)
        parts = [first] + [self.any(fits) for _ in range(int(self.rng.integers(1, 4)))]
        self.rng.shuffle(parts)
        shape[axis - 1] = sum(self.shapes[part][axis - 1] for part in parts)
        if shape[axis - 1] > 64:
            return first
        return self.put(self.node("Concat", *parts, axis=axis), shape)

    def split(self):
        axis = int(self.rng.choice([1, 1, 2]))
        source = self.any(lambda shape: shape[axis - 1] > 1)
        if source is None:
            return
        shape = self.shapes[source]
        size = int(self.rng.integers(1, shape[axis - 1]))
        sizes = [size, shape[axis - 1] - size]
        values = self.node("Split", source, self.constant(np.int64(sizes)), outputs=2, axis=axis)
        for value, part in zip(values, sizes):
            self.put(value, [part if dim == axis - 1 else shape[dim] for dim in range(3)])

    def draw(self):
        kinds = [self.conv] * 4 + [self.concat] * 3 + [self.add, self.pool, self.split]
        for _ in range(int(self.rng.integers(8, 25))):
            self.rng.choice(kinds)()
        # The end joins what is left, so that little of it is dead code.
        return self.concat()

    def model(self, apart):
        """With the last tensor as result, and `apart` with all of them."""
        named = self.made if apart else self.made[-1:]
        outputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in named]
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, self.shape)
        graph = helper.make_graph(self.nodes, "parts", [image], outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)],
                                  ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


class Checker:
    def __init__(self, tool, report, folder):
        self.tool, self.report, self.folder = tool, report, folder
        self.parts = 0

    def outputs(self, model, label, options):
        """The last of the outputs, and how often the program takes a part of a buffer."""
        file, package = self.folder / "model.onnx", self.folder / "model.pbl"
        out = self.folder / label.replace(" ", "_")
        onnx.save(model, file)
        outcome = self.tool.compile(file, package, *options)
        if outcome.ok:
            outcome = self.tool.run(package, {"input": self.folder / "input.npy"}, out)
        if not outcome.ok:
            self.report.add(label, False, f"{outcome.kind}: {outcome.message}")
            return None, 0
        scheduled = self.folder / "model.mlir"
        self.tool.call("compile", file, "-o", scheduled, "--compile-to=schedule", *options)
        parts = scheduled.read_text(encoding="utf-8").count("mem.part")
        return pebble.load_outputs(out)[-1], parts

    def check(self, seed):
        rng = np.random.default_rng(seed)
        network = Network(rng, seed % 2 == 1, *(int(size) for size in rng.integers(3, 12, 3)))
        network.draw()
        np.save(self.folder / "input.npy", rng.normal(0, 2, network.shape).astype(np.float32))
        options = [f"--cpu={CPUS[seed % len(CPUS)]}"]
        label = f"network {seed} {options[0]}"
        joined, parts = self.outputs(network.model(apart=False), label, options)
        apart, _ = self.outputs(network.model(apart=True), f"{label} apart", options)
        rows, _ = self.outputs(network.model(apart=False), f"{label} by rows",
                               options + ["--objective=memory"])
        if joined is None or apart is None or rows is None:
            return
        self.parts += parts
        same = joined.tobytes() == apart.tobytes() == rows.tobytes()
        self.report.add(label, same, f"{'same' if same else 'other'} result, {parts} parts")


def dense_block(report, tool, folder):
    """Each layer sees what all before it made: one buffer of 52 channels, a KiB each, holds it,
    next to the 40 that the last layer reads. With copies, 40 and 12 are there when they become
    52."""
    network = Network(np.random.default_rng(1), False, 16, 16, 16)
    value = network.put(network.node("Conv", "input", network.weights((16, 16, 1, 1))),
                        [16, 16, 16])
    for channels in (16, 28, 40):
        new = network.put(network.node("Conv", network.node("Sigmoid", value),
                                       network.weights((12, channels, 3, 3)),
                                       kernel_shape=[3, 3], pads=[1] * 4), [12, 16, 16])
        value = network.put(network.node("Concat", value, new, axis=1), [channels + 12, 16, 16])
    network.put(network.node("Conv", value, network.weights((1, 52, 1, 1))), [1, 16, 16])
    file, package = folder / "dense.onnx", folder / "dense.pbl"
    onnx.save(network.model(apart=False), file)
    outcome = tool.compile(file, package)
    arena = tool.call_text("inspect", package) if outcome.ok else outcome.message
    report.add("dense block", outcome.ok and f"{(52 + 40) * 1024} bytes" in arena, arena)


def main():
    p = results.parser(__doc__)
    p.add_argument("--count", type=int, default=NETWORKS, help="random networks")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=120)
    with tempfile.TemporaryDirectory(prefix="parts") as name:
        checker = Checker(tool, report, pathlib.Path(name))
        for seed in range(args.count):
            checker.check(seed)
        report.add("parts", checker.parts > args.count, f"{checker.parts} in all networks")
        dense_block(report, tool, pathlib.Path(name))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
