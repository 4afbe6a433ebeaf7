#!/usr/bin/env python3
"""Graphs whose tensors have element types of less than 16 bits: operators that move elements,
loops, quantization, files, and what is refused."""
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import narrow, pebble, results  # noqa: E402

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
OPSETS = [helper.make_opsetid("", 25)]


def info(name, number, shape):
    return helper.make_tensor_value_info(name, number, shape)


def model_of(nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=13)


class Runner:
    def __init__(self, args):
        self.report = results.Results(args)
        self.tool = pebble.Pebble(args.build)

    def outcome(self, model, values, folder, *options):
        folder = pathlib.Path(folder)
        onnx.save(model, folder / "model.onnx")
        files = {}
        for name, array in values.items():
            files[name] = folder / f"{name}.npy"
            np.save(files[name], array)
        outcome = self.tool.compile(folder / "model.onnx", folder / "model.pbl", *options)
        if outcome.ok:
            outcome = self.tool.run(folder / "model.pbl", files, folder / "out", "--threads", "1")
        return outcome

    def check(self, name, model, values, expected, *options):
        with tempfile.TemporaryDirectory(prefix="narrow") as folder:
            outcome = self.outcome(model, values, folder, *options)
            ours = pebble.load_outputs(pathlib.Path(folder) / "out") if outcome.ok else []
        if not outcome.ok:
            self.report.add(name, False, outcome.message)
            return
        for i, (a, b) in enumerate(zip(ours, expected, strict=True)):
            b = np.asarray(b)
            same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
            self.report.add(f"{name} [{i}]", same, f"{a.dtype} {a.tolist()} for {b.tolist()}")

    def refuses(self, name, model, kind, text, values=None):
        with tempfile.TemporaryDirectory(prefix="narrow") as folder:
            outcome = self.outcome(model, values or {}, folder)
        self.report.add(name, outcome.kind == kind and text in outcome.message,
                        f"{outcome.kind}: {outcome.message}")


def some_codes(of, shape, seed=5):
    return of.bytes_of(np.random.default_rng(seed).integers(0, 2 ** of.bits, shape))


def ints(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def moving(runner):
    """Operators that move elements, each on a type of every kind."""
    node = helper.make_node
    for of in (narrow.E4M3FN, narrow.E2M1, narrow.E8M0, narrow.INTS[0], narrow.INTS[3]):
        x, z = some_codes(of, (4, 6)), some_codes(of, (4, 6), 6)
        condition = np.arange(24).reshape(4, 6) % 3 == 0
        pad = numpy_helper.from_array(x[0, 0].reshape(()).view(of.dtype), "pad")
        cases = [
            (node("Identity", ["x"], ["y"]), x),
            (node("Reshape", ["x", "s"], ["y"]), x.reshape(3, 8)),
            (node("Transpose", ["x"], ["y"], perm=[1, 0]), np.ascontiguousarray(x.T)),
            (node("Flatten", ["x"], ["y"], axis=2), x.reshape(24, 1)),
            (node("Unsqueeze", ["x", "one"], ["y"]), x.reshape(4, 1, 6)),
            (node("Concat", ["x", "z"], ["y"], axis=0), np.concatenate([x, z])),
            (node("Slice", ["x", "one", "three", "one"], ["y"]), x[:, 1:3].copy()),
            (node("Gather", ["x", "one"], ["y"], axis=1), x[:, [1]]),
            (node("Expand", ["x", "wide"], ["y"]), np.stack([x, x])),
            (node("Tile", ["x", "twice"], ["y"]), np.tile(x, (2, 1))),
            (node("Where", ["c", "x", "z"], ["y"]), np.where(condition, x, z)),
            (node("Pad", ["x", "pads", "pad"], ["y"]),
             np.pad(x, ((1, 0), (0, 2)), constant_values=x[0, 0])),
            (node("Dropout", ["x"], ["y"]), x),
        ]
        constants = [ints("s", [3, 8]), ints("one", [1]), ints("three", [3]), pad,
                     ints("wide", [2, 4, 6]), ints("twice", [2, 1]), ints("pads", [1, 0, 0, 2]),
                     numpy_helper.from_array(condition, "c")]
        nodes, outputs, expected = [], [], []
        for i, (made, value) in enumerate(cases):
            made.output[0] = f"y{i}"
            nodes.append(made)
            outputs.append(info(f"y{i}", of.number, value.shape))
            expected.append(value)
        nodes += [node("Shape", ["x"], ["shape"]), node("Size", ["x"], ["size"])]
        outputs += [info("shape", INT64, [2]), info("size", INT64, [])]
        expected += [np.array([4, 6]), np.array(24)]
        inputs = [info("x", of.number, [4, 6]), info("z", of.number, [4, 6])]
        runner.check(f"moves {of.name}", model_of(nodes, inputs, outputs, constants),
                     {"x": x, "z": z}, expected)


def floats_of_their_own(runner):
    of = narrow.E5M2
    codes = of.all_codes()
    numbers = of.numbers(codes)
    nodes = [helper.make_node("IsNaN", ["x"], ["n"]), helper.make_node("IsInf", ["x"], ["i"]),
             helper.make_node("BitCast", ["x"], ["b"], to=TensorProto.UINT8),
             helper.make_node("BitCast", ["b"], ["c"], to=of.number)]
    model = model_of(nodes, [info("x", of.number, [256])],
                     [info("n", TensorProto.BOOL, [256]), info("i", TensorProto.BOOL, [256]),
                      info("b", TensorProto.UINT8, [256]), info("c", of.number, [256])])
    model.opset_import[0].version = 26
    runner.check("IsNaN, IsInf, BitCast", model, {"x": codes},
                 [np.isnan(numbers), np.isinf(numbers), codes, codes])


def control(runner):
    """Codes that branches give, that loops carry and stack, and that scans read."""
    of = narrow.E4M3FN
    x = some_codes(of, (3, 4))
    row, number = [4], of.number
    branch = [helper.make_graph([helper.make_node("Identity", [name], ["r"])], name, [],
                                [info("r", number, [3, 4])]) for name in ("x", "z")]
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["again"]),
         helper.make_node("Transpose", ["a"], ["b"], perm=[0]),
         helper.make_node("Identity", ["b"], ["part"])], "body",
        [info("i", INT64, []), info("c", TensorProto.BOOL, []), info("a", number, row)],
        [info("again", TensorProto.BOOL, []), info("b", number, row), info("part", number, row)])
    scan = helper.make_graph(
        [helper.make_node("Cast", ["e"], ["f"], to=FLOAT),
         helper.make_node("Add", ["sum", "f"], ["total"]),
         helper.make_node("Identity", ["e"], ["same"])], "scan",
        [info("sum", FLOAT, row), info("e", number, row)],
        [info("total", FLOAT, row), info("same", number, row)])
    nodes = [
        helper.make_node("If", ["p"], ["chosen"], then_branch=branch[0], else_branch=branch[1]),
        helper.make_node("Gather", ["x", "first"], ["row"], axis=0),
        helper.make_node("Loop", ["three", "", "row"], ["last", "stack"], body=body),
        helper.make_node("Scan", ["zeros", "x"], ["total", "rows"], body=scan, num_scan_inputs=1)]
    z = some_codes(of, (3, 4), 8)
    model = model_of(
        nodes, [info("x", number, [3, 4]), info("z", number, [3, 4]),
                info("p", TensorProto.BOOL, [])],
        [info("chosen", number, [3, 4]), info("last", number, row), info("stack", number, [3, 4]),
         info("total", FLOAT, row), info("rows", number, [3, 4])],
        [ints("first", 0), ints("three", 3),
         numpy_helper.from_array(np.zeros(4, np.float32), "zeros")])
    x, z = x & 0x3f, z & 0x3f  # No NaNs, whose sum is not worth comparing.
    total = of.numbers(x).astype(np.float32).sum(axis=0, dtype=np.float32)
    for p in (True, False):
        runner.check(f"control flow, {p}", model, {"x": x, "z": z, "p": np.array(p)},
                     [x if p else z, x[0], np.stack([x[0]] * 3), total, x])
    other = helper.make_graph([helper.make_node("BitCast", ["x"], ["r"], to=TensorProto.UINT8)],
                              "other", [], [info("r", TensorProto.UINT8, [3, 4])])
    nodes = [helper.make_node("If", ["p"], ["y"], name="bad", then_branch=branch[0],
                              else_branch=other)]
    mixed = model_of(nodes, [info("x", number, [3, 4]), info("p", TensorProto.BOOL, [])],
                     [info("y", number, [3, 4])])
    mixed.opset_import[0].version = 26
    runner.refuses("branches of two types", mixed, "rejected", "changes between branches")


LAYOUTS = {  # scale shape, attributes
    "tensor": ((), {}),
    "axis": ((6,), {"axis": 1}),
    "blocks": ((4, 2), {"axis": 1, "block_size": 3}),
}


def quantization(runner):
    """QuantizeLinear and DequantizeLinear of every type and layout, beside ONNX's reference."""
    rng = np.random.default_rng(11)
    x = rng.normal(0, 30, (4, 6)).astype(np.float32)
    x[0] = [0.0, -0.0, 0.25, -0.75, 1e6, -1e6]
    for of in [*narrow.FLOATS, *narrow.INTS]:
        codes = some_codes(of, (4, 6))
        inputs = [info("x", FLOAT, [4, 6]), info("c", of.number, [4, 6])]
        nodes, outputs, parameters = [], [], {}
        for layout, (shape, attributes) in LAYOUTS.items():
            points = np.zeros(shape) if of.is_float else rng.integers(0, 2 ** of.bits, shape)
            s, z = f"s_{layout}", f"z_{layout}"
            parameters[s] = np.exp2(rng.integers(-3, 3, shape)).astype(np.float32)
            parameters[z] = of.bytes_of(points.astype(np.int64)).view(of.dtype)
            for op, names, number, more in (
                    ("QuantizeLinear", ["x", s, z], of.number, {}),
                    ("QuantizeLinear", ["x", s], of.number,
                     {"output_dtype": of.number, "saturate": 0}),
                    ("DequantizeLinear", ["c", s, z], FLOAT, {})):
                result = f"y{len(nodes)}"
                nodes.append(helper.make_node(op, names, [result], **attributes, **more))
                outputs.append(info(result, number, [4, 6]))
        given = [info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
                 for name, a in parameters.items()]
        constants = [numpy_helper.from_array(np.asarray(a), name) for name, a in parameters.items()]
        values = {"x": x, "c": codes}
        feeds = {"x": x, "c": codes.view(of.dtype), **parameters}
        expected = ReferenceEvaluator(model_of(nodes, inputs + given, outputs)).run(None, feeds)
        expected = [of.bytes_of(e.view(np.uint8)) if e.dtype.itemsize == 1 else e for e in expected]
        for options in ([], ["--qdq", "float"])[:1 if of.is_float else 2]:
            name = f"{of.name} {' '.join(options)}"
            runner.check(f"{name} constant", model_of(nodes, inputs, outputs, constants), values,
                         expected, *options)
            runner.check(f"{name} given", model_of(nodes, inputs + given, outputs),
                         {**values, **parameters}, expected, *options)


def half_scales(runner):
    """A scale of f16 makes the division one of f16; `precision` overrides that."""
    of = narrow.E4M3FN
    shape = [64, 64]
    x = np.random.default_rng(2).normal(0, 40, shape).astype(np.float32)
    scale = np.float16(0.3)
    nodes = [helper.make_node("QuantizeLinear", ["x", "s"], ["half"], output_dtype=of.number),
             helper.make_node("QuantizeLinear", ["x", "s"], ["single"], output_dtype=of.number,
                              precision=FLOAT),
             helper.make_node("DequantizeLinear", ["half", "s"], ["back"])]
    model = model_of(nodes, [info("x", FLOAT, shape)],
                     [info("half", of.number, shape), info("single", of.number, shape),
                      info("back", TensorProto.FLOAT16, shape)],
                     [numpy_helper.from_array(np.array(scale), "s")])
    half = narrow.encode(x.astype(np.float16) / scale, of)
    single = narrow.encode(x / np.float32(scale), of)
    back = (of.numbers(half).astype(np.float32) * np.float32(scale)).astype(np.float16)
    runner.check("scales of f16", model, {"x": x}, [half, single, back])
    runner.report.add("the two precisions differ", not np.array_equal(half, single))


def files(runner):
    """The forms of .npy files, and what outputs.json says."""
    for of, descr in ((narrow.E4M3FN, "|V1"), (narrow.E5M2, "<f1"), (narrow.INTS[0], "|V1")):
        model = model_of([helper.make_node("Identity", ["x"], ["y"])],
                         [info("x", of.number, [16])], [info("y", of.number, [16])])
        codes = some_codes(of, 16)
        with tempfile.TemporaryDirectory(prefix="narrow") as folder:
            folder = pathlib.Path(folder)
            for form, array in (("integers", codes), ("ml_dtypes", codes.view(of.dtype))):
                outcome = runner.outcome(model, {"x": array}, folder)
                ours = pebble.load_outputs(folder / "out") if outcome.ok else [None]
                runner.report.add(f"{of.name} file of {form}",
                                  outcome.ok and np.array_equal(ours[0], codes), outcome.message)
            listed = json.loads((folder / "out" / "outputs.json").read_text())["outputs"][0]
            runner.report.add(f"{of.name} in outputs.json", "note" in listed and
                              listed["dtype"] in ("f8e4m3fn", "f8e5m2", "i4"), str(listed))
            runner.report.add(f"{of.name} has the type of the test",
                              np.dtype(of.dtype).str in (descr, descr.replace("|", "<")),
                              np.dtype(of.dtype).str)
    plain = model_of([helper.make_node("Identity", ["x"], ["y"])],
                     [info("x", TensorProto.UINT8, [16])], [info("y", TensorProto.UINT8, [16])])
    with tempfile.TemporaryDirectory(prefix="narrow") as folder:
        codes = some_codes(narrow.E4M3FN, 16).view(narrow.E4M3FN.dtype)
        outcome = runner.outcome(plain, {"x": codes}, folder)
    runner.report.add("no u8 from a file of floats", outcome.kind == "usage" and
                      "a type that it cannot name" in outcome.message, outcome.message)


def refusals(runner):
    of = narrow.E4M3FN
    x, y = info("x", of.number, [2, 2]), info("y", of.number, [2, 2])
    one = {"Add": ["x", "x"], "Relu": ["x"], "MatMul": ["x", "x"], "Softmax": ["x"]}
    for op, inputs in one.items():
        runner.refuses(f"{op} of codes", model_of([helper.make_node(op, inputs, ["y"])], [x], [y]),
                       "unsupported", "has element type float8e4m3fn, which it does not take")
    scale = numpy_helper.from_array(np.array(0.5, np.float32), "s")
    quantize = helper.make_node("QuantizeLinear", ["x", "s"], ["y"])
    runner.refuses("quantization of codes", model_of([quantize], [x], [y], [scale]),
                   "unsupported", "which it does not take")
    concat = helper.make_node("Concat", ["x", "u"], ["y"], axis=0)
    runner.refuses("codes beside bytes", model_of([concat], [
        x, info("u", TensorProto.UINT8, [2, 2])], [info("y", of.number, [4, 2])]),
        "rejected", "differ in their element types")
    runner.refuses("a declared type", model_of([helper.make_node("Identity", ["x"], ["y"])], [x],
                                               [info("y", narrow.E5M2.number, [2, 2])]),
                   "rejected", "is declared as float8e5m2, but its value is float8e4m3fn")
    runner.refuses("a declared byte", model_of([helper.make_node("Identity", ["x"], ["y"])], [x],
                                               [info("y", TensorProto.UINT8, [2, 2])]),
                   "rejected", "is declared as uint8, but its value is float8e4m3fn")
    zero = numpy_helper.from_array(np.zeros((), narrow.E5M2.dtype), "z")
    mixed = helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y"])
    runner.refuses("a zero point of another type",
                   model_of([mixed], [x], [info("y", FLOAT, [2, 2])], [scale, zero]),
                   "rejected", "are of two types")
    powers = model_of([helper.make_node("DequantizeLinear", ["x", "s"], ["y"])],
                      [info("x", narrow.E8M0.number, [2])], [info("y", FLOAT, [2])], [scale])
    runner.refuses("codes of float8e8m0", powers, "unsupported", "dequantization of other types")
    pad = helper.make_node("Pad", ["x", "pads"], ["y"])
    runner.refuses("padding with a number that is none",
                   model_of([pad], [info("x", narrow.E8M0.number, [2])],
                            [info("y", narrow.E8M0.number, [4])], [ints("pads", [1, 1])]),
                   "rejected", "pads with 0, which float8e8m0 lacks")
    bits = model_of([helper.make_node("BitCast", ["x"], ["y"], to=TensorProto.INT4)], [x],
                    [info("y", TensorProto.INT4, [2, 2])])
    bits.opset_import[0].version = 26
    runner.refuses("BitCast to other bits", bits, "rejected", "differ in their bits")
    cast = helper.make_node("Cast", ["f"], ["y"], to=narrow.E8M0.number, round_mode="sideways")
    runner.refuses("a rounding that is none",
                   model_of([cast], [info("f", FLOAT, [2])], [info("y", narrow.E8M0.number, [2])]),
                   "rejected", "expected one of up, down, nearest")


def damaged(runner):
    """Initializers with too few, too many and out-of-range packed elements."""
    for of in (narrow.INTS[0], narrow.INTS[2], narrow.E2M1, narrow.E4M3FN):
        elements = 6
        needed = -(-elements * of.bits // 8)
        for count in (0, needed - 1, needed, needed + 1):
            for typed in (False, True):
                tensor = onnx.TensorProto(data_type=of.number, dims=[elements], name="c")
                if typed:
                    tensor.int32_data.extend([-1] * count)
                else:
                    tensor.raw_data = bytes([255] * count)
                model = model_of([helper.make_node("Identity", ["c"], ["y"])], [],
                                 [info("y", of.number, [elements])], [tensor])
                name = f"{of.name}, {count} {'values' if typed else 'bytes'} for {needed}"
                if count == needed:
                    all_ones = of.bytes_of(np.full(elements, 2 ** of.bits - 1))
                    runner.check(name, model, {}, [all_ones])
                else:
                    runner.refuses(name, model, "rejected", f"need {needed}")


def main():
    runner = Runner(results.parser(__doc__).parse_args())
    moving(runner)
    floats_of_their_own(runner)
    control(runner)
    quantization(runner)
    half_scales(runner)
    files(runner)
    refusals(runner)
    damaged(runner)
    return runner.report.finish()


if __name__ == "__main__":
    sys.exit(main())
