#!/usr/bin/env python3
"""Schedules change where and when layers are computed, never what: to the bit.

Random networks of inverted residual blocks (--count draws more of them), with weights of 8 and of 4
bits and in float in turn, and the networks for microcontrollers where they are there, are compiled
layer by layer, with the least memory, with the input in the arena, with a budget that needs strips,
and run on one input. Arenas have to be as small as the schedules promise.
"""
import json
import os
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
FLOAT = 32  # Bits of the weights of networks that are not quantized.
KIB = 1024
# Networks of the data, the options, and the most bytes that their arenas may have.
LIMITS = [
    ("mcunet-320kb-1mb_imagenet_int8", ["--objective=memory", "--input-memory=arena"], 105 * KIB),
    ("mcunet-320kb-1mb_imagenet_int8", ["--objective=memory"], 60 * KIB),
    ("mcunet-320kb-1mb_imagenet_int8", ["--memory-budget=52KiB"], 52 * KIB),
    ("mbv2-w0.35-r144_imagenet_random_w8a8", ["--objective=memory", "--input-memory=arena"],
     70 * KIB),
    # Weights of 4 bits.
    ("mcunet-256kb-1mb-int4_imagenet_random_w4a8", ["--objective=memory"], 77 * KIB),
]


class Network:
    """A graph of layers under construction."""

    def __init__(self, rng, size, weight_bits):
        self.weight_bits = weight_bits
        self.rng, self.nodes, self.constants = rng, [], []
        self.value = self.quantized("input", 0.05, 0)
        self.channels = 3
        self.size = size

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weight_codes(self, codes):
        name = f"c{len(self.constants)}"
        kind = TensorProto.INT4 if self.weight_bits == 4 else TensorProto.INT8
        self.constants.append(helper.make_tensor(name, kind, np.shape(codes),
                                                 np.ravel(codes).tolist()))
        return name

    def node(self, kind, *inputs, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def quantized(self, value, scale, zero):
        if self.weight_bits == FLOAT:
            self.last = (value, [], scale)
            return value
        parameters = [self.constant(np.float32(scale)), self.constant(np.int8(zero))]
        codes = self.node("QuantizeLinear", value, *parameters)
        self.last = (codes, parameters, scale)
        return self.node("DequantizeLinear", codes, *parameters)

    def conv(self, channels, kernel=1, stride=1, depthwise=False):
        inputs = 1 if depthwise else self.channels
        most = (1 << min(self.weight_bits, 8) - 1) - 1
        weights = self.rng.integers(-most, most + 1, (channels, inputs, kernel, kernel))
        bias = self.rng.integers(-2000, 2000, channels).astype(np.int32)
        input_scale = self.last[2]
        scale = np.float32(0.01 * 127 / most)
        if self.weight_bits == FLOAT:
            w, b = (self.constant(self.rng.normal(0, 0.3, np.shape(values)).astype(np.float32))
                    for values in (weights, bias))
        else:
            w = self.node("DequantizeLinear", self.weight_codes(weights), self.constant(scale),
                          self.weight_codes(np.int8(0)))
            b = self.node("DequantizeLinear", self.constant(bias),
                          self.constant(np.float32(input_scale) * scale))
        pads = (kernel - 1) // 2
        x = self.node("Conv", self.value, w, b, kernel_shape=[kernel, kernel],
                      strides=[stride, stride], pads=[pads, pads, kernel - 1 - pads,
                                                      kernel - 1 - pads],
                      group=channels if depthwise else 1)
        reach = float(input_scale * scale) * 40 * 127 * np.sqrt(inputs) * kernel / 60
        self.value = self.quantized(x, reach, int(self.rng.integers(-20, 20)))
        self.channels = channels

    def block(self, channels, kernel, stride, expansion):
        start = (self.value, self.channels)
        self.conv(self.channels * expansion)
        self.conv(self.channels, kernel, stride, depthwise=True)
        self.conv(channels)
        if stride == 1 and channels == start[1]:
            total = self.node("Add", self.value, start[0])
            self.value = self.quantized(total, self.last[2] * 1.3, 3)

    def model(self):
        codes, parameters, _ = self.last
        output = self.node("DequantizeLinear", codes, *parameters) if parameters else codes
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT,
                                              [1, 3, self.size, self.size + 3])
        graph = helper.make_graph(self.nodes, "streamed", [image], [result], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)],
                                  ir_version=10)
        return onnx.shape_inference.infer_shapes(model)


def random_network(seed):
    rng = np.random.default_rng(seed)
    network = Network(rng, int(rng.integers(17, 40)), (8, 4, FLOAT)[seed % 3])
    network.conv(int(rng.integers(4, 12)), 3, 2)
    for _ in range(int(rng.integers(2, 6))):
        channels = network.channels if rng.random() < 0.6 else int(rng.integers(4, 24))
        network.block(channels, int(rng.choice([1, 3, 5, 7])), int(rng.choice([1, 1, 2])),
                      int(rng.integers(2, 6)))
    return network.model()


def input_values(model, seed):
    """Codes; numbers where nothing is quantized."""
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    codes = np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)
    quantized = any(node.op_type == "QuantizeLinear" for node in model.graph.node)
    return codes if quantized else codes.astype(np.float32) / 32


def arena_of(package_text):
    return int(re.search(r"arena\s+(\d+) bytes", package_text).group(1))


class Checker:
    def __init__(self, tool, report, folder):
        self.tool, self.report, self.folder = tool, report, folder

    def run(self, file, package, options, codes, name):
        """(outputs, bytes of the arena), or None after a failure."""
        outcome = self.tool.compile(file, package, "--io=quantized", *options)
        if not outcome.ok:
            self.report.add(name, False, f"compile: {outcome.kind}: {outcome.message}")
            return None
        np.save(self.folder / "input.npy", codes)
        out = self.folder / "out"
        outcome = self.tool.run(package, {"input": self.folder / "input.npy"}, out)
        if not outcome.ok:
            self.report.add(name, False, f"run: {outcome.kind}: {outcome.message}")
            return None
        shown = self.tool.call_text("inspect", package)
        return pebble.load_outputs(out), arena_of(shown)

    def check(self, file, codes, label, cases):
        plain = self.run(file, self.folder / "plain.pbl", [], codes, f"{label} plain")
        if not plain:
            return
        for options, limit in cases(plain[1]):
            name = f"{label} {' '.join(options)}"
            got = self.run(file, self.folder / "streamed.pbl", options, codes, name)
            if not got:
                continue
            same = all(np.array_equal(a, b) for a, b in zip(got[0], plain[0]))
            self.check_report(f"{name}: report", got[1], "--objective=memory" in options
                              and not any("extra" in option for option in options))
            self.report.add(name, same and got[1] <= limit,
                            f"{'same' if same else 'other'} result, arena {got[1]} of {limit}")

    def check_report(self, name, arena, once):
        """What the report says of rows: rings are there, and shared bytes are counted once."""
        file = self.folder / "report.json"
        outcome = self.tool.call("report", self.folder / "streamed.pbl", "--json", file)
        if not outcome.ok:
            self.report.add(name, False, f"{outcome.kind}: {outcome.message}")
            return
        report = json.loads(file.read_text(encoding="utf-8"))
        most = max(step["live_bytes"] for step in report["steps"])
        rows = [tensor["rows"] for tensor in report["tensors"]]
        macs = report["macs"]
        self.report.add(name, 0 < most <= arena == report["arena"]["peak_bytes"] and max(rows) > 0
                        and abs(macs["extra"]) < macs["total"]
                        and (macs["extra"] == 0 or not once),
                        f"{most} bytes in use of {arena}, {max(rows)} rows, {macs}")


def main():
    p = results.parser(__doc__)
    p.add_argument("--count", type=int, default=NETWORKS, help="random networks")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=120)
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere")) / "mcu/onnx"
    with tempfile.TemporaryDirectory(prefix="streaming") as name:
        folder = pathlib.Path(name)
        checker = Checker(tool, report, folder)
        for seed in range(args.count):
            model = random_network(seed)
            file = folder / "model.onnx"
            onnx.save(model, file)

            def cases(plain):
                yield ["--objective=memory", "--input-memory=arena", "--layout=cortexm7"], 2 * plain
                yield [f"--memory-budget={plain * 3 // 4}", "--cpu=x86-64-v2"], plain * 3 // 4
                yield ["--objective=memory", "--extra-macs=300"], plain
            checker.check(file, input_values(model, seed), f"network {seed}", cases)
        outcome = tool.compile(file, folder / "none.pbl", "--memory-budget=100")
        report.add("budget that cannot be kept",
                   outcome.kind == "does not fit" and "E4002" in outcome.message, outcome.message)
        listed = tool.call_text("compile", file, "--io=quantized", "--pareto",
                                "--compile-to=schedule", "-o", folder / "none.mlir")
        rows = [line.split() for line in listed.splitlines()[1:]]
        heights = [int(row[0]) for row in rows]
        extras = [float(row[1].rstrip("%")) for row in rows]
        report.add("schedules than which no other is better",
                   len(rows) > 1 and heights == sorted(heights, reverse=True)
                   and extras == sorted(extras), listed)
        for stem, options, limit in LIMITS:
            if not (data / f"{stem}.onnx").exists():
                report.skip(stem, "no data: set PEBBLE_DATA")
                continue
            model = onnx.load(data / f"{stem}.onnx")
            checker.check(data / f"{stem}.onnx", input_values(model, 1), stem,
                          lambda plain, o=options, limit=limit: [(o, limit)])
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
