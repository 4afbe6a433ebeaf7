#!/usr/bin/env python3
"""Where buffers lie changes nothing of what is computed: to the bit, in one memory or in several.

Random branchy float networks and, row by row, half as many quantized ones of inverted residual
blocks (--count draws more) are compiled for one memory and for two and three that are tight, and
run on one input. What the report says of the regions has to be a plan: buffers that are alive
together in a region lie apart, and none ends beyond its region's capacity.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from e2e import streaming  # noqa: E402
from support import pebble, results  # noqa: E402

NETWORKS = 2
ALIGNMENT = 64


def branchy_network(seed):
    """Convolutions, sums and functions of random tensors before them, joined in a last sum."""
    rng = np.random.default_rng(seed)
    channels, size = int(rng.integers(4, 9)), int(rng.integers(12, 20))
    nodes, weights, values, unused = [], [], ["image"], set()
    for index in range(int(rng.integers(12, 20))):
        output = f"v{index}"
        source = values[int(rng.integers(max(0, len(values) - 5), len(values)))]
        kind = rng.choice(["Conv", "Add", "Mul", "Sigmoid", "MaxPool"])
        inputs = [source]
        attributes = {}
        if kind == "Conv":
            weight = rng.standard_normal((channels, channels, 3, 3)).astype(np.float32) * 0.1
            weights.append(numpy_helper.from_array(weight, f"w{index}"))
            inputs.append(f"w{index}")
            attributes = {"pads": [1, 1, 1, 1]}
        elif kind in ("Add", "Mul"):
            inputs.append(values[int(rng.integers(0, len(values)))])
        elif kind == "MaxPool":
            attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        unused = unused - set(inputs) | {output}
        nodes.append(helper.make_node(str(kind), inputs, [output], f"n{index}", **attributes))
        values.append(output)
    nodes.append(helper.make_node("Sum", sorted(unused | {"v0"}), ["result"], "join"))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, size, size])
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "branchy", [image], [result], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def quantized_network(seed):
    rng = np.random.default_rng(seed)
    network = streaming.Network(rng, int(rng.integers(17, 25)), 8)
    network.conv(6, 3, 2)
    for channels, stride in ((6, 1), (int(rng.integers(4, 10)), 2)):
        network.block(channels, 3, stride, 3)
    return network.model()


def rounded(size):
    return max(ALIGNMENT, int(size) // ALIGNMENT * ALIGNMENT)


class Checker:
    def __init__(self, tool, report, folder):
        self.tool, self.report, self.folder = tool, report, folder

    def run(self, name, options, value):
        """(outputs, the report), or None after a failure."""
        package, figures = self.folder / "model.pbl", self.folder / "report.json"
        out = self.folder / "out"
        np.save(self.folder / "input.npy", value)
        file = self.folder / "model.onnx"
        for outcome in (
                self.tool.compile(file, package, *options),
                self.tool.call("report", package, "--json", figures, "--html",
                               self.folder / "report.html", "--trace", self.folder / "trace.json"),
                self.tool.run(package, {self.input: self.folder / "input.npy"}, out)):
            if not outcome.ok:
                self.report.add(name, False, f"{outcome.kind}: {outcome.message}")
                return None
        return pebble.load_outputs(out), json.loads(figures.read_text(encoding="utf-8"))

    def faults(self, figures, limits, by_rows):
        """What is wrong with the plan that a report shows."""
        arena, regions = figures["arena"], figures["arena"]["regions"]
        if [(r["name"], r["capacity_bytes"]) for r in regions] != limits[:len(regions)]:
            yield f"regions {regions}"
        if arena["bytes"] != sum(r["bytes"] for r in regions):
            yield f"an arena of {arena}"
        for region in regions:
            mine = [t for t in figures["tensors"] if t["region"] == region["name"]]
            if region["peak_bytes"] != max((t["offset"] + t["bytes"] for t in mine), default=0):
                yield f"a peak of {region['peak_bytes']} in {region['name']}"
            if region["capacity_bytes"] is not None \
                    and region["bytes"] > region["capacity_bytes"]:
                yield f"{region['name']} is too full"
            if max(region["live_bytes"], default=0) > region["peak_bytes"]:
                yield f"more alive than is there in {region['name']}"
            for index, a in enumerate(mine):
                for b in mine[:index]:
                    # Rows may lie over dead rows.
                    if not by_rows and a["first_step"] <= b["last_step"] \
                            and b["first_step"] <= a["last_step"] \
                            and a["offset"] < b["offset"] + b["bytes"] \
                            and b["offset"] < a["offset"] + a["bytes"]:
                        yield f"{a} and {b} share memory"
        page = (self.folder / "report.html").read_text(encoding="utf-8")
        if page.count("<svg") != len(regions):
            yield "another number of pictures"
        trace = json.loads((self.folder / "trace.json").read_text(encoding="utf-8"))
        counted = {event["name"] for event in trace["traceEvents"] if event["ph"] == "C"}
        if not by_rows and counted != {r["name"] for r in regions}:
            yield f"a trace of {counted}"

    def check(self, label, model, value, partitions, options=()):
        onnx.save(model, self.folder / "model.onnx")
        self.input = model.graph.input[0].name
        plain = self.run(f"{label} plain", options, value)
        if not plain:
            return
        whole = plain[1]["arena"]["bytes"]
        for parts in partitions:
            limits = [(f"r{index}", part and rounded(whole * part))
                      for index, part in enumerate(parts)]
            flag = ",".join(name if size is None else f"{name}={size}" for name, size in limits)
            name = f"{label} {flag}"
            got = self.run(name, [*options, f"--memory-regions={flag}"], value)
            if not got:
                continue
            by_rows = "--objective=memory" in options
            faults = list(self.faults(got[1], limits, by_rows))
            if len(got[1]["arena"]["regions"]) < 2:
                faults.append("one region is enough")
            same = all(a.tobytes() == b.tobytes() for a, b in zip(got[0], plain[0], strict=True))
            self.report.add(name, same and not faults,
                            f"{'same' if same else 'other'} result, {faults}")


def main():
    p = results.parser(__doc__)
    p.add_argument("--count", type=int, default=NETWORKS, help="branchy networks")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=120)
    with tempfile.TemporaryDirectory(prefix="memory_regions") as name:
        checker = Checker(tool, report, pathlib.Path(name))
        for seed in range(args.count):
            model = branchy_network(seed)
            shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
            value = np.random.default_rng(seed).random(shape, np.float32)
            checker.check(f"branchy {seed}", model, value,
                          ([0.5, None], [0.3, 0.6, None], [0.25, 0.25, 1]))
        for seed in range(args.count // 2):
            model = quantized_network(seed)
            codes = streaming.input_values(model, seed)
            checker.check(f"quantized {seed}", model, codes, ([0.4, 0.9],),
                          ["--io=quantized", "--objective=memory", "--layout=cortexm7",
                           "--cpu=x86-64-v2"])
        outcome = tool.compile(pathlib.Path(name) / "model.onnx", pathlib.Path(name) / "none.pbl",
                               "--memory-regions=near=1KiB,far=128")
        report.add("regions that are too small", outcome.kind == "does not fit"
                   and "E4003" in outcome.message and "far would hold" in outcome.message,
                   f"{outcome.kind}: {outcome.message}")
        for flag, expected in (("near,far=1KiB", "'near' has no size"), ("a=1,A", "two are named"),
                               ("1st=4", "is no name"), ("near=4q", "no list of NAME=SIZE"),
                               ("near=4,", "no list of NAME=SIZE")):
            outcome = tool.compile(pathlib.Path(name) / "model.onnx",
                                   pathlib.Path(name) / "none.pbl", f"--memory-regions={flag}")
            report.add(f"--memory-regions={flag}", outcome.kind == "usage"
                       and expected in outcome.message, f"{outcome.kind}: {outcome.message}")
        for options in (["--memory-budget=4KiB"], ["--target", "cuda"], ["--target", "cortexm"]):
            outcome = tool.call("compile", pathlib.Path(name) / "model.onnx", "-o",
                                pathlib.Path(name) / "none.pbl", "--memory-regions=near=1KiB",
                                *options)
            report.add(f"regions with {' '.join(options)}", outcome.kind == "usage"
                       and "--memory-regions" in outcome.message,
                       f"{outcome.kind}: {outcome.message}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
