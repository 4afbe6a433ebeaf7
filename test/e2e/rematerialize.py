#!/usr/bin/env python3
"""Layers that are computed again change the arena, never a bit of the results.

A network with a wide copy that is read early and late has the arenas that are stated here. Random
networks of layers, of cheap copies of their results and of late readers of both (--count draws more
of them) are compiled with and without --rematerialize, for latency, with the least memory and with
multiplications to spare, and run on one input: results are the same to the bit, and no arena is
larger.
"""
import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, results  # noqa: E402

NETWORKS = 3
CPU = "--cpu=x86-64-v2"
AGAIN = "--rematerialize"
SPARE = "--extra-macs=60"
WAYS = [[], [SPARE], ["--objective=memory"], ["--objective=memory", SPARE]]
# The arena of the network with a wide copy, which is of 128 KiB, without and with runs again.
WIDE_COPY = (384 * 1024, 264 * 1024)


class Network:
    """A graph of f32 images [1, channels, side, side] under construction."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants = [], []
        self.shapes = {}

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind, inputs, channels, side, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        self.shapes[output] = (channels, side)
        return output

    def conv(self, value, channels, kernel=3, stride=1):
        inputs, side = self.shapes[value]
        weight = self.rng.standard_normal((channels, inputs, kernel, kernel)) / kernel / inputs
        pad = kernel // 2
        return self.node("Conv", [value, self.constant(weight.astype(np.float32))], channels,
                         (side + stride - 1) // stride, kernel_shape=[kernel, kernel],
                         strides=[stride, stride], pads=[pad] * 4)

    def enlarge(self, value, times):
        channels, side = self.shapes[value]
        scales = self.constant(np.array([1, 1, times, times], np.float32))
        return self.node("Resize", [value, "", scales], channels, side * times, mode="nearest",
                         coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def shrink(self, value):
        channels, side = self.shapes[value]
        return self.node("MaxPool", [value], channels, side // 2, kernel_shape=[2, 2],
                         strides=[2, 2])

    def pointwise(self, kind, *values):
        return self.node(kind, list(values), *self.shapes[values[0]])

    def join(self, *values):
        channels = sum(self.shapes[value][0] for value in values)
        return self.node("Concat", list(values), channels, self.shapes[values[0]][1], axis=1)

    def image(self, channels, side):
        self.input = (channels, side)
        self.shapes["x"] = self.input
        return "x"

    def model(self, output):
        def info(name):
            channels, side = self.shapes[name]
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, side, side])
        graph = helper.make_graph(self.nodes, "again", [info("x")], [info(output)],
                                  self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def wide_copy():
    """An enlarged copy that is read before and after layers that need much memory."""
    network = Network(0)
    wide = network.enlarge(network.conv(network.image(8, 16), 8), 4)
    early = network.conv(wide, 32, stride=2)
    middle = network.conv(early, 32)
    small = network.conv(network.conv(middle, 8, stride=2), 8)
    late = network.pointwise("Add", network.enlarge(small, 4), wide)
    return network.model(network.conv(late, 4, stride=2))


def random_network(seed):
    network = Network(seed)
    rng = network.rng
    value = network.conv(network.image(int(rng.integers(3, 9)), 16), int(rng.integers(4, 12)))
    kept = []  # For late readers.
    for _ in range(int(rng.integers(4, 9))):
        channels, side = network.shapes[value]
        step = rng.integers(5)
        if step == 0 and side < 64:
            value = network.enlarge(value, 2)
        elif step == 1 and side > 8:
            value = network.shrink(value)
        elif step == 2:
            value = network.pointwise("Sigmoid", network.conv(value, channels, 1))
        else:
            value = network.conv(value, int(rng.integers(4, 20)), int(rng.choice([1, 3])),
                                 1 if side < 16 else int(rng.choice([1, 2])))
        if rng.random() < 0.5:
            copy = value
            if network.shapes[value][1] < 64:
                copy = network.enlarge(value, 2)
            value = network.conv(copy, network.shapes[value][0], stride=2)
            kept.append(copy)
        twins = [other for other in kept if network.shapes[other] == network.shapes[value]]
        if twins:
            value = network.pointwise("Mul", value, twins[0])
    for copy in kept:
        while network.shapes[copy][1] > network.shapes[value][1]:
            copy = network.conv(copy, 8, stride=2)
        while network.shapes[copy][1] < network.shapes[value][1]:
            value = network.conv(value, 8, stride=2)
        value = network.join(value, copy)
    return network.model(network.conv(value, 4, 1))


class Checker:
    def __init__(self, tool, report, folder):
        self.tool, self.report, self.folder = tool, report, folder

    def arena(self, *options):
        """The bytes of the arena that a schedule has."""
        text = self.tool.call_text("compile", self.folder / "model.onnx", "-o", "-",
                                   "--compile-to=schedule", CPU, *options)
        found = re.search(r"mem.arena_bytes = (\d+)", text)
        return int(found.group(1)) if found else None

    def run(self, name, *options):
        """(outputs, what the report says), or None after a failure."""
        package, out = self.folder / "model.pbl", self.folder / "out"
        outcome = self.tool.compile(self.folder / "model.onnx", package, CPU, *options)
        if outcome.ok:
            outcome = self.tool.run(package, {"x": self.folder / "x.npy"}, out)
        if outcome.ok:
            outcome = self.tool.call("report", package, "--json", self.folder / "report.json")
        if not outcome.ok:
            self.report.add(name, False, f"{outcome.kind}: {outcome.message}")
            return None
        return (pebble.load_outputs(out),
                json.loads((self.folder / "report.json").read_text(encoding="utf-8")))

    def check(self, label, model, seed, count):
        """The arenas of each way to compile the model, without and with runs again. `count` of
        those that differ are run."""
        onnx.save(model, self.folder / "model.onnx")
        shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
        np.save(self.folder / "x.npy",
                np.random.default_rng(seed).standard_normal(shape).astype(np.float32))
        plain, arenas = None, []
        for options in WAYS:
            name = " ".join([label, *options])
            once, again = self.arena(*options), self.arena(*options, AGAIN)
            arenas.append((once, again))
            self.report.add(name, once and again and again <= once, f"arenas of {arenas[-1]}")
            if once == again or sum(a != b for a, b in arenas) > count:
                continue
            plain = plain or self.run(label)
            got = self.run(name, *options, AGAIN)
            if not plain or not got:
                continue
            arena, macs = got[1]["arena"]["peak_bytes"], got[1]["macs"]
            same = all(np.array_equal(a, b) for a, b in zip(got[0], plain[0], strict=True))
            once = macs["total"] - macs["extra"] == plain[1]["macs"]["total"]
            self.report.add(f"{name}: run", same and arena <= again and once
                            and (SPARE in options or macs["extra"] == 0),
                            f"{'same' if same else 'other'} result, arena {arena}, {macs}")
        return arenas


def main():
    p = results.parser(__doc__)
    p.add_argument("--count", type=int, default=NETWORKS, help="random networks")
    p.add_argument("--runs", type=int, default=1, help="of each network that are compared")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=120)
    with tempfile.TemporaryDirectory(prefix="rematerialize") as name:
        checker = Checker(tool, report, pathlib.Path(name))
        arenas = checker.check("wide copy", wide_copy(), 0, args.runs)
        report.add("wide copy: bytes", arenas[0] == WIDE_COPY, f"{arenas}")
        flags = tool.call_text("inspect", checker.folder / "model.pbl")
        report.add("wide copy: flags", AGAIN in flags, flags)
        lower = 0
        for seed in range(args.count):
            arenas = checker.check(f"network {seed}", random_network(seed), seed, args.runs)
            lower += any(once != again for once, again in arenas)
        report.add("networks with lower arenas", 2 * lower >= args.count, f"{lower}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
