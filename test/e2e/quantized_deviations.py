#!/usr/bin/env python3
"""One-node models on which ONNX Runtime's answers part, and the number that decides who is right.

Each case is one layer between codes, one element where possible. Its exact value is computed in
rational arithmetic from the f32 scales. Checked are the code of Pebble and those of ONNX Runtime:
of its integer kernels, which must be Pebble's, and of its float arithmetic, which it also uses by
default for some layers (docs/integer-contract.md lists them).
"""
import dataclasses
import pathlib
import sys
import tempfile
from fractions import Fraction

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, quantized_peer, results, shared_object  # noqa: E402

HEADER = '<ir_version: 10, opset_import: ["" : 21]>\n'
# One product, or a sum of two numbers: a weight of one element, or a second operand.
WEIGHTED = """net (int8[1, 1{pad}] a) => (int8[1, 1{pad}] yq) {{
  x = DequantizeLinear (a, sa, za)
  w = DequantizeLinear (b, sb, zb)
  {layer}
  yq = QuantizeLinear (y, sy, zy)
}}"""
MEAN = """net (int8[1, 1, 1, 3] a) => (int8[1, 1, 1, 1] yq) {{
  x = DequantizeLinear (a, sa, za)
  axes = Constant <value = int64[2] {{2, 3}}> ()
  {layer}
  yq = QuantizeLinear (y, sy, zy)
}}"""
BINARY = WEIGHTED.replace(" a) =>", " a, int8[1, 1{pad}] b) =>")


@dataclasses.dataclass
class Case:
    name: str
    graph: str
    layer: str
    a: int | tuple
    b: int | None
    scales: dict  # Of a, b and the result.
    zeros: dict
    value: str  # The exact result before rounding, in codes.
    pebble: int
    by_float: int
    is_default_float: bool = True  # Whether ONNX Runtime computes it in float by default.
    has_integer: bool = True  # Whether it has an integer kernel.
    bits: int = 8  # Of b.


CONV, GEMM = "y = Conv (x, w)", "y = Gemm (x, w)"
CASES = [
    Case("Conv", WEIGHTED, CONV, -127, -98, {"a": 0.08435817, "b": 0.060933314, "y": 0.51914},
         {"a": -9, "y": -18}, "96.500014", 97, 96),
    Case("Conv, the multiplier's rounding", WEIGHTED, CONV, -83, -91,
         {"a": 0.038790144, "b": 0.04421204, "y": 0.1667862}, {"a": -13, "y": -5}, "60.499996",
         61, 60),
    Case("Conv and Clip", WEIGHTED, "c = Conv (x, w)\n  y = Clip (c, low, high)", -127, -98,
         {"a": 0.08435817, "b": 0.060933314, "y": 0.51914}, {"a": -9, "y": -18}, "96.500014", 97,
         96, has_integer=False),
    Case("Conv, 4-bit weights", WEIGHTED, CONV, -85, -7,
         {"a": 0.014652304, "b": 0.062029943, "y": 0.004356973}, {"a": 3, "y": -18}, "110.500012",
         111, 110, bits=4),
    Case("Gemm, 4-bit weights", WEIGHTED, GEMM, -61, -7,
         {"a": 0.018829014, "b": 0.061367456, "y": 0.007020139}, {"a": 8, "y": 12}, "91.499997",
         91, 92, bits=4),
    Case("Add", BINARY, "y = Add (x, w)", -66, -115,
         {"a": 0.056019481, "b": 0.094875053, "y": 0.14110337}, {"a": 19, "b": 17, "y": 18},
         "-104.499998", -104, -105, is_default_float=False),
    Case("Add, the ratios' rounding", BINARY, "y = Add (x, w)", 71, -13,
         {"a": 0.088358104, "b": 0.084902696, "y": 0.12391146}, {"a": -12, "b": -12, "y": 11},
         "69.499995", 70, 69, is_default_float=False),
    Case("Mul", BINARY, "y = Mul (x, w)", -122, -93,
         {"a": 0.044892989, "b": 0.063619614, "y": 0.31923673}, {"a": 6, "b": 0, "y": -19},
         "87.500003", 88, 87, is_default_float=False),
    Case("Mul, the multiplier's rounding", BINARY, "y = Mul (x, w)", -94, -43,
         {"a": 0.040415462, "b": 0.051264599, "y": 0.10493336}, {"a": 17, "b": 17, "y": -11},
         "120.500005", 120, 121, is_default_float=False),
    Case("Mul, a tie", BINARY, "y = Mul (x, w)", 1, 1, {"a": 1, "b": 1, "y": 2},
         {"a": 0, "b": 0, "y": 1}, "1.500000", 2, 1, is_default_float=False),
    Case("ReduceMean", MEAN, "y = ReduceMean (x, axes)", (91, 31, 1), None,
         {"a": 0.074461713, "y": 0.039875675}, {"a": -8, "y": 8}, "99.499992", 99, 100,
         has_integer=False),
]


def build(case):
    # A convolution has two dims more, and its weight is a constant.
    pad = ", 1, 1" if "Conv" in case.layer else ""
    model = parser.parse_model(HEADER + case.graph.format(pad=pad, layer=case.layer))
    constants = {f"s{name}": np.float32(value) for name, value in case.scales.items()}
    constants |= {f"z{name}": np.int8(case.zeros.get(name, 0)) for name in "aby"}
    constants |= {"low": np.float32(0), "high": np.float32(60)}
    if case.bits == 4:
        del constants["zb"]
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name)
                                   for name, value in constants.items() if name in used)
    if case.graph is WEIGHTED:
        shape = [1, 1, 1, 1] if pad else [1, 1]
        dtype = onnx.TensorProto.INT4 if case.bits == 4 else onnx.TensorProto.INT8
        model.graph.initializer.append(helper.make_tensor("b", dtype, shape, [case.b]))
    if case.bits == 4:
        model.graph.initializer.append(helper.make_tensor("zb", onnx.TensorProto.INT4, [], [0]))
    return model


def exact(case):
    """The result of real arithmetic on what the codes stand for, in codes of the result."""
    scale = {name: Fraction(float(np.float32(value))) for name, value in case.scales.items()}
    codes = case.a if isinstance(case.a, tuple) else (case.a,)
    numbers = [scale["a"] * (code - case.zeros.get("a", 0)) for code in codes]
    x = sum(numbers) / len(numbers)
    if case.b is None:
        return x / scale["y"]
    w = scale["b"] * (case.b - case.zeros.get("b", 0))
    y = x + w if "Add" in case.layer else x * w
    return y / scale["y"]


def check(tool, report, case, folder):
    model = build(case)
    file = folder / "case.onnx"
    onnx.save(model, file)
    library = folder / f"case_{CASES.index(case)}.so"
    outcome = tool.compile(file, library, "--emit", "so")
    if not outcome.ok:
        report.add(case.name, False, f"compile: {outcome.kind}: {outcome.message}")
        return
    inputs, outputs = shared_object.signature(model)
    values = [np.array(code, dtype).reshape(shape)
              for (shape, dtype), code in zip(inputs, (case.a, case.b))]
    ours = int(shared_object.SharedObject(library, inputs, outputs).run(values)[0].item())
    feeds = {value.name: array for value, array in zip(model.graph.input, values)}
    theirs = {answer: int(quantized_peer.session(model, answer).run(None, feeds)[0].item())
              for answer in quantized_peer.ANSWERS}
    number = exact(case)
    nearest = round(number) + case.zeros["y"]
    value = float(number + case.zeros["y"])
    print(f"{case.name}: exact {value:.6f}, rounded {nearest}; Pebble {ours}; ONNX Runtime "
          + ", ".join(f"{answer} {code}" for answer, code in theirs.items()), flush=True)
    report.add(f"{case.name}: exact value", f"{value:.6f}" == case.value, f"{value:.6f}")
    report.add(f"{case.name}: Pebble", ours == case.pebble, f"{ours} for {case.pebble}")
    expected = {"integer": case.pebble if case.has_integer else case.by_float,
                "default": case.by_float if case.is_default_float else case.pebble,
                "float": case.by_float}
    for answer, code in theirs.items():
        report.add(f"{case.name}: ONNX Runtime, {answer}", code == expected[answer],
                   f"{code} for {expected[answer]}")


def check_threads(tool, report, folder):
    """A layer of a network whose float sums depend on the number of threads: 432 products, results
    in steps of which many lie between two codes."""
    rng = np.random.default_rng(0)
    model = parser.parse_model(HEADER + """
net (int8[1, 432, 11, 11] a) => (int8[1, 72, 11, 11] yq) {
  x = DequantizeLinear (a, sa)
  w = DequantizeLinear (b, sb)
  y = Conv (x, w)
  yq = QuantizeLinear (y, sy, zy)
}""")
    scales = {"sa": np.float32(0.1), "sb": np.float32(0.03)}
    scales["sy"] = 128 * (scales["sa"] * scales["sb"])
    model.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name)
                                   for name, value in (scales | {"zy": np.int8(0)}).items())
    weights = rng.integers(-8, 8, (72, 432, 1, 1))
    model.graph.initializer.append(helper.make_tensor("b", onnx.TensorProto.INT4, weights.shape,
                                                      weights.flatten().tolist()))
    file = folder / "threads.onnx"
    onnx.save(model, file)
    codes = rng.integers(-128, 128, (1, 432, 11, 11)).astype(np.int8)
    given = folder / "a.npy"
    np.save(given, codes)
    answers = {}
    for threads in (1, 2):
        outcome = tool.compile(file, folder / "threads.pbl")
        out = folder / f"out_{threads}"
        outcome = tool.run(folder / "threads.pbl", {"a": given}, out, "--threads", threads)
        if not outcome.ok:
            report.add("threads", False, f"{outcome.kind}: {outcome.message}")
            return
        answers[threads] = (pebble.load_outputs(out)[0],) + tuple(
            quantized_peer.session(model, answer, threads).run(None, {"a": codes})[0]
            for answer in ("integer", "default"))
    (ours, integer, default), (ours2, integer2, default2) = answers[1], answers[2]
    print(f"Conv on 1 and 2 threads: {ours.size} codes; ONNX Runtime's default differs in "
          f"{quantized_peer.difference(default, default2)[0]}, from Pebble in "
          f"{quantized_peer.difference(ours, default)[0]}")
    report.add("threads: Pebble", np.array_equal(ours, ours2), "codes depend on the threads")
    report.add("threads: integer kernels", np.array_equal(integer, ours)
               and np.array_equal(integer2, ours), "codes differ from Pebble's")
    report.add("threads: default", quantized_peer.difference(ours, default)[1] <= 1,
               "codes differ by more than 1")


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build)
    with tempfile.TemporaryDirectory(prefix="deviations") as scratch:
        for case in CASES:
            check(tool, report, case, pathlib.Path(scratch))
        check_threads(tool, report, pathlib.Path(scratch))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
