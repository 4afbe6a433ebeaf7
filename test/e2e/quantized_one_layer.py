#!/usr/bin/env python3
"""Every kind of quantized layer against ONNX Runtime's integer kernels, on codes that make ties.

The scales of a layer's operands and result have small whole ratios, so that many results lie within
a rounding of the middle between two codes: any other order of roundings gives other codes. No code
may differ. Layers that ONNX Runtime has no integer kernel for are in quantized_deviations.py.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper, parser

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, quantized_peer, results, shared_object  # noqa: E402

SAMPLES = 4
# How one operand is added to or multiplied with another: shapes.
PAIRS = [([2, 3, 5, 7], [2, 3, 5, 7]), ([1, 1], [1, 1]), ([1], [40]), ([40], [1]),
         ([2, 75], [2, 1]), ([1, 4, 1, 1], [1, 4, 9, 9]), ([3, 1], [1, 40]), ([5, 75], [75])]
# Kernel, stride, padding, whether that counts.
POOLS = [(2, 2, 0, 0), (3, 1, 1, 0), (3, 2, 1, 1), (5, 5, 0, 0)]


def listed(shape):
    return ", ".join(map(str, shape))


def layers(rng):
    """(name, inputs, result's shape, layer, result's scale relative to the first operand's, whether
    codes start at the lowest)."""
    few = float(rng.choice([3, 5, 6, 7, 10, 12]))
    near = float(rng.choice([0.5, 0.7, 1, 1.5, 2 / 3]))
    for pair in PAIRS:
        result = np.broadcast_shapes(*pair)
        for op, scale in (("Add", 2 * few), ("Mul", few / 2)):
            yield f"{op} {pair}", pair, result, f"y = {op} (x, w)", scale, False
    for size in (3, 7, 8):
        yield (f"GlobalAveragePool {size}", [[2, 19, size, size]], [2, 19, 1, 1],
               "y = GlobalAveragePool (x)", near, False)
    for kernel, stride, pad, counts in POOLS:
        out = (10 + 2 * pad - kernel) // stride + 1
        attributes = (f"kernel_shape = [{kernel}, {kernel}], strides = [{stride}, {stride}], "
                      f"pads = [{pad}, {pad}, {pad}, {pad}], count_include_pad = {counts}")
        yield (f"AveragePool {kernel} {stride} {pad} {counts}", [[1, 17, 10, 10]],
               [1, 17, out, out], f"y = AveragePool <{attributes}> (x)", near, False)
    yield ("Softmax", [[6, 33]], [6, 33], "y = Softmax <axis = -1> (x)", None, True)
    yield ("Sigmoid", [[6, 33]], [6, 33], "y = Sigmoid (x)", None, True)
    yield ("LeakyRelu", [[6, 33]], [6, 33], "y = LeakyRelu <alpha = 0.3> (x)", near, False)
    yield ("Concat", [[6, 33], [6, 9]], [6, 42], "y = Concat <axis = 1> (x, w)", near, False)
    yield ("QuantizeLinear", [[6, 33]], [6, 33], "y = Identity (x)", near, False)
    yield ("Conv", [[1, 8, 9, 9]], [1, 24, 7, 7], "y = Conv (x, wd)", 64 * few, False)
    yield ("Gemm", [[5, 40]], [5, 30], "y = Gemm (x, md)", 64 * few, False)


def build(rng, inputs, result, layer, scale, is_from_lowest, is_signed):
    kind, dtype, middle = ("int8", np.int8, 0) if is_signed else ("uint8", np.uint8, 128)
    zeros = [middle + int(rng.integers(-20, 20)) for _ in range(3)]
    own = float(rng.uniform(0.01, 0.1))
    lowest = middle - 128
    constants = {"sa": np.float32(own * rng.choice([1, 2, 3])), "sb": np.float32(own),
                 "za": dtype(zeros[0]), "zb": dtype(zeros[1]),
                 "zy": dtype(lowest if is_from_lowest else zeros[2]),
                 "sw": np.float32(0.01), "zw": np.int8(0),
                 "wq": rng.integers(-127, 128, (24, 8, 3, 3)).astype(np.int8),
                 "mq": rng.integers(-127, 128, (40, 30)).astype(np.int8)}
    by = {"Mul": constants["sb"], "Conv": constants["sw"], "Gemm": constants["sw"]}
    factor = float(by.get(layer.split()[2], 1)) * (16 if "Mul" in layer else 1)
    constants["sy"] = np.float32(1 / 256 if scale is None else
                                 float(constants["sa"]) * scale * factor)
    arguments = ", ".join(f"{kind}[{listed(shape)}] {name}" for name, shape in zip("ab", inputs))
    model = parser.parse_model(f"""<ir_version: 8, opset_import: ["" : 13]>
net ({arguments}) => ({kind}[{listed(result)}] yq) {{
  x = DequantizeLinear (a, sa, za)
  {"w = DequantizeLinear (b, sb, zb)" if len(inputs) > 1 else ""}
  wd = DequantizeLinear (wq, sw, zw)
  md = DequantizeLinear (mq, sw, zw)
  {layer}
  yq = QuantizeLinear (y, sy, zy)
}}""")
    keep = [node for node in model.graph.node
            if node.output[0] not in ("wd", "md") or node.output[0] in layer]
    del model.graph.node[:]
    model.graph.node.extend(keep)
    used = {name for node in keep for name in node.input}
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name)
                                   for name, value in constants.items() if name in used)
    return onnx.shape_inference.infer_shapes(model)


def check(tool, report, rng, row, is_signed, folder):
    name, inputs, result, layer, scale, is_from_lowest = row
    name = f"{name}, {'signed' if is_signed else 'unsigned'}"
    model = build(rng, inputs, result, layer, scale, is_from_lowest, is_signed)
    onnx.save(model, folder / "layer.onnx")
    library = folder / f"layer_{report.passed + len(report.failed)}.so"
    outcome = tool.compile(folder / "layer.onnx", library, "--emit", "so")
    if not outcome.ok:
        report.add(name, False, f"compile: {outcome.kind}: {outcome.message}")
        return
    signature = shared_object.signature(model)
    ours = shared_object.SharedObject(library, *signature)
    theirs = quantized_peer.session(model, "integer")
    differing = 0
    for _ in range(SAMPLES):
        values = [rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype)
                  for shape, dtype in signature[0]]
        codes = theirs.run(None, dict(zip("ab", values)))[0]
        differing += quantized_peer.difference(ours.run(values)[0], codes)[0]
    report.add(name, differing == 0, f"{differing} of {SAMPLES * codes.size} codes differ")


def main():
    p = results.parser(__doc__)
    p.add_argument("--seed", type=int, default=0)
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build)
    rng = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory(prefix="layers") as scratch:
        for index, row in enumerate(layers(rng)):
            is_signed = (index + args.seed) % 2 == 0
            check(tool, report, rng, row, is_signed, pathlib.Path(scratch))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
