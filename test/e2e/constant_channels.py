#!/usr/bin/env python3
"""Random quantized networks with channels that are constant for every input.

Network n is drawn from seed n. Compiled with and without the range analysis, each gives the codes
that an independent reference says, on inputs that are random, flat, or extreme; and what the
analysis says of every tensor holds every code that the reference computes for it. Both are checked
code by code. Over all networks, the analysis has to find a good part of the channels that were
planted, which shows that the check compares something. For a long run:

  constant_channels.py --first 1000 --count 5000
"""
import pathlib
import re
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import (dead_channels, pebble, quantized_draw, quantized_graph,  # noqa: E402
                     results, shared_object)

NETWORKS_A_MODEL = 12
INPUTS_A_NETWORK = 8
OPTIONS = {"folded": [], "unfolded": ["--range-analysis", "off"]}
# The share of planted channels whose interval is one code: the planting is random, and so is
# whether what follows a channel hides that.
LEAST_FOUND = 0.5

RANGES = re.compile(r"qnn\.ranges = \{(.*?)\}")
NUMBERS = {key: re.compile(rf"\b{key} = array<i64: ([-\d, ]+)>") for key in ("low", "high")}
AXIS, NODES = re.compile(r"\baxis = (\d+) : i64"), re.compile(r"\bnodes = \[(.*?)\]")


def inputs_for(rng, network):
    """Random codes; then the same code everywhere, which makes sums extreme."""
    q = network.input
    some = [quantized_draw.draw_codes(rng, q, network.shape) for _ in range(INPUTS_A_NETWORK - 3)]
    return some + [np.full(network.shape, code, q.dtype) for code in
                   (q.low, q.high, int(q.zero[0]))]


def read_ranges(text):
    """{node: (axis or None, lows, highs)}: of the last operation of each node."""
    known = {}
    for match in RANGES.finditer(text):
        axis = AXIS.search(match[1])
        low, high = (np.array([int(n) for n in NUMBERS[key].search(match[1])[1].split(",")])
                     for key in ("low", "high"))
        for node in re.findall(r'"(.*?)"', NODES.search(match[1])[1]):
            known[node] = (int(axis[1]) if axis else None, low, high)
    return known


def codes_outside(codes, known):
    """What a tensor holds that its intervals do not, in words; '' for nothing."""
    axis, low, high = known
    shape = [1] * codes.ndim
    if axis is not None:
        shape[axis] = len(low)
        if codes.shape[axis] != len(low):
            return f"{len(low)} intervals for dim {axis} of {list(codes.shape)}"
    outside = np.argwhere((codes < low.reshape(shape)) | (codes > high.reshape(shape)))
    if not len(outside):
        return ""
    at = tuple(int(i) for i in outside[0])
    channel = at[axis] if axis is not None else 0
    return f"{codes[at]} at {list(at)} is not in [{low[channel]}, {high[channel]}]"


class Model:
    """Some networks in one ONNX model."""

    def __init__(self, first, count):
        self.graph = quantized_graph.Graph()
        self.networks = []
        for number in range(first, first + count):
            network = dead_channels.Network(np.random.default_rng(number), self.graph)
            self.networks.append((number, network))
        self.outputs = [(index, tensor) for index, (_, network) in enumerate(self.networks)
                        for tensor in network.outputs()]
        for _, tensor in self.outputs:
            self.graph.output(tensor.name, tensor.shape, tensor.quantization.dtype)
        self.first = first

    def compile(self, tool, folder):
        """The compiled forms, and the text of the annotated IR."""
        model = self.graph.model()
        onnx.checker.check_model(model)
        file, ir = folder / f"networks{self.first}.onnx", folder / "ranges.mlir"
        onnx.save(model, file)
        forms = {}
        for name, options in OPTIONS.items():
            library = folder / f"{name}{self.first}.so"
            self.expect(tool.compile(file, library, "--emit", "so", *options))
            forms[name] = shared_object.SharedObject(library, *shared_object.signature(model))
        self.expect(tool.compile(file, ir, "--compile-to", "quantize", "--range-analysis", "off",
                                 "--add-pass", "func.func(annotate-code-ranges)@after=quantize"))
        return forms, ir.read_text(encoding="utf-8")

    @staticmethod
    def expect(outcome):
        if not outcome.ok:
            raise RuntimeError(f"{outcome.kind}: {outcome.message}")

    def check(self, tool, folder):
        """[(network, what is wrong)], constant channels found, channels planted."""
        forms, text = self.compile(tool, folder)
        ranges, wrong = read_ranges(text), {}
        inputs = [inputs_for(np.random.default_rng(number), network)
                  for number, network in self.networks]
        for run in range(INPUTS_A_NETWORK):
            codes = [some[run] for some in inputs]
            outputs = {name: [y.copy() for y in form.run(codes)] for name, form in forms.items()}
            for place, (index, tensor) in enumerate(self.outputs):
                expected = tensor.evaluate(codes[index])
                for name, got in outputs.items():
                    bad = np.argwhere(got[place] != expected)
                    if len(bad):
                        at = tuple(bad[0])
                        wrong.setdefault(self.networks[index][0],
                                         f"{name}: {got[place][at]} instead of {expected[at]} at "
                                         f"{[int(i) for i in at]}")
            for index, (number, network) in enumerate(self.networks):
                for tensor in network.tensors:
                    # A quantization has its own node, or is a part of its layer.
                    known = ranges.get(tensor.name, ranges.get(tensor.node))
                    text = codes_outside(tensor.evaluate(codes[index]), known) if known else ""
                    if text:
                        wrong.setdefault(number, f"{tensor.node}: {text}")
        found = sum(int((low == high).sum()) for node, (_, low, high) in ranges.items()
                    if node.startswith("conv"))
        return wrong, found, sum(network.planted for _, network in self.networks)


def main():
    p = results.parser(__doc__)
    p.add_argument("--count", type=int, default=12, help="networks")
    p.add_argument("--first", type=int, default=24, help="number of the first network")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=300)
    found = planted = 0
    for first in range(args.first, args.first + args.count, NETWORKS_A_MODEL):
        model = Model(first, min(NETWORKS_A_MODEL, args.first + args.count - first))
        with tempfile.TemporaryDirectory(prefix="channels") as folder:
            wrong, some, all_ = model.check(tool, pathlib.Path(folder))
        found, planted = found + some, planted + all_
        for number, _ in model.networks:
            report.add(f"network {number}", number not in wrong, wrong.get(number, ""))
    print(f"{found} channels have one code alone, {planted} were planted")
    report.add("planted channels", found >= LEAST_FOUND * planted, "too few are found")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
