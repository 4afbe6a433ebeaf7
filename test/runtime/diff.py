#!/usr/bin/env python3
"""The verb diff, on small models whose tensors are known to agree or to part at a known place."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import numpy_helper, parser

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import results  # noqa: E402

FLOAT = """<ir_version: 8, opset_import: ["" : 13]>
net (float[1, 3, 8, 8] x) => (float[1, 4, 8, 8] y) {
  a = Conv <pads = [1, 1, 1, 1]> (x, w1)
  b = Relu (a)
  c = Conv (b, w2)
  y = Sigmoid (c)
}"""

QUANTIZED = """<ir_version: 8, opset_import: ["" : 13]>
net (float[1, 3, 8, 8] x) => (float[1, 4, 8, 8] y) {
  xq = QuantizeLinear (x, sx, zx)
  xd = DequantizeLinear (xq, sx, zx)
  w1d = DequantizeLinear (w1q, sw, zw)
  a = Conv <pads = [1, 1, 1, 1]> (xd, w1d)
  b = Relu (a)
  bq = QuantizeLinear (b, sb, zb)
  bd = DequantizeLinear (bq, sb, zb)
  w2d = DequantizeLinear (w2q, sw, zw)
  c = Conv (bd, w2d)
  cq = QuantizeLinear (c, sc, zc)
  cd = DequantizeLinear (cq, sc, zc)
  y = Sigmoid (cd)
}"""


def weights():
    rng = np.random.default_rng(0)
    return {"w1": rng.normal(size=(4, 3, 3, 3)).astype(np.float32) / 4,
            "w2": rng.normal(size=(4, 4, 1, 1)).astype(np.float32) / 2}


def quantized_weights():
    codes = {f"{name}q": np.clip(np.rint(value * 64), -127, 127).astype(np.int8)
             for name, value in weights().items()}
    scales = {"sx": 1 / 255, "sw": 1 / 64, "sb": 0.02, "sc": 0.03}
    zeros = {"zx": np.uint8(0), "zw": np.int8(0), "zb": np.uint8(0), "zc": np.uint8(128)}
    return codes | {name: np.float32(value) for name, value in scales.items()} | zeros


class Suite:
    def __init__(self, args, folder):
        self.pebble = pathlib.Path(args.build).resolve() / "bin" / "pebble"
        self.folder = folder
        self.report = results.Results(args)
        self.environment = {**os.environ, "PEBBLE_PYTHON": sys.executable}

    def call(self, *arguments):
        return subprocess.run([str(self.pebble), *map(str, arguments)], capture_output=True,
                              text=True, timeout=60, env=self.environment)

    def model(self, name, text, constants):
        model = parser.parse_model(text)
        model.graph.initializer.extend(numpy_helper.from_array(np.asarray(value), constant)
                                       for constant, value in constants.items())
        path = self.folder / f"{name}.onnx"
        onnx.save(model, path)
        return path

    def expect(self, name, code, text, *arguments):
        """The exit code and a part of what is printed; the JSON of a comparison."""
        file = self.folder / "diff.json"
        file.unlink(missing_ok=True)
        done = self.call("diff", *arguments, "--json", file)
        printed = done.stdout + done.stderr
        self.report.add(name, done.returncode == code and text in printed,
                        f"exit {done.returncode} for {code}, lacks {text!r}: {printed}")
        compared = code in (0, 5)
        self.report.add(f"{name}: JSON", file.exists() == compared, "written without a comparison")
        return json.loads(file.read_text()) if file.exists() and compared else None

    def check(self, name, condition, shown):
        self.report.add(name, condition, str(shown))


def names(report):
    return [row["name"] for row in report["tensors"]]


def row(report, name):
    return next(entry for entry in report["tensors"] if entry["name"] == name)


def test_float(suite):
    model = suite.model("float", FLOAT, weights())
    report = suite.expect("float model", 0, "4 tensors, all within tolerance", model, "--against",
                          "onnxruntime")
    suite.check("float model: tensors", names(report) == ["a", "b", "c", "y"]
                and report["first_divergent"] is None and report["schema_version"] == 1
                and row(report, "a")["max_codes"] is None and report["within"], report)
    report = suite.expect("node by node", 5, "the first to differ is 'a', of node 'a' (Conv)",
                          model, "--against", "onnxruntime", "--optimizations", "none", "--rtol",
                          "0", "--atol", "0")
    suite.check("node by node: figures", row(report, "a")["max_abs"] < 1e-5
                and row(report, "a")["sqnr_db"] > 100 and not row(report, "a")["within"], report)
    other = weights()
    other["w2"][2] += 0.25
    changed = suite.model("changed", FLOAT, other)
    report = suite.expect("changed weights", 5, "the first to differ is 'c', of node 'c' (Conv)",
                          model, "--against", changed)
    suite.check("changed weights: the tensors before", row(report, "b")["differing"] == 0
                and row(report, "b")["sqnr_db"] is None
                and 0 < row(report, "c")["differing"] <= 64, report)
    suite.expect("within a tolerance", 0, "all within", model, "--against", changed, "--rtol", "1")
    package = suite.folder / "changed.pbl"
    suite.call("compile", changed, "-o", package)
    report = suite.expect("a package", 5, "the first to differ is 'y'", model, "--against", package)
    suite.check("a package: outputs alone", names(report) == ["y"], report)
    suite.expect("two packages", 0, "1 tensors, all within", package, "--against", package)


def test_quantized(suite):
    model = suite.model("quantized", QUANTIZED, quantized_weights())
    report = suite.expect("quantized model", 0, "all within", model, "--against", "onnxruntime")
    suite.check("codes are compared", names(report) == ["xq", "bq", "cq", "y"]
                and row(report, "bq")["max_codes"] == 0 and row(report, "bq")["differing"] == 0
                and not report["disturbed"] + report["other_disturbed"], report)
    report = suite.expect("all tensors", 0, "", model, "--against", "onnxruntime", "--all",
                          "--max-codes", "1")
    suite.check("all tensors: names", names(report) == ["xq", "a", "b", "bq", "c", "cq", "y"],
                report)
    suite.expect("itself in float", 0, "all within", model, "--against", "float", "--max-codes",
                 "1", "--rtol", "0.02")
    suite.expect("float against float", 0, "all within", model, "--qdq", "float", "--against",
                 "float")
    float_model = suite.model("float", FLOAT, weights())
    report = suite.expect("float against quantized", 0, "b / bq", float_model, "--against", model,
                          "--rtol", "0.1")
    suite.check("float against quantized: figures", names(report) == ["b", "c", "y"]
                and 20 < row(report, "b")["sqnr_db"] < 60
                and 0.4 < row(report, "b")["max_codes"] < 10
                and row(report, "b")["other_name"] == "bq", report)
    # One weight's code off by one: the first layer that has it is named, and by one code.
    constants = quantized_weights()
    constants["w2q"][1, 0, 0, 0] += 1
    changed = suite.model("changed_q", QUANTIZED, constants)
    report = suite.expect("a changed code", 5, "the first to differ is 'cq'", model, "--against",
                          changed)
    suite.check("a changed code: figures", 0 < row(report, "cq")["differing"] <= 64
                and row(report, "cq")["max_codes"] == 1
                and report["first_divergent"]["name"] == "cq", report)
    suite.expect("a code's tolerance", 0, "all within", model, "--against", changed, "--max-codes",
                 "1", "--rtol", "0.1")


# A product that is half a code: the integer contract rounds the code, f32 arithmetic the number.
TIE = """<ir_version: 8, opset_import: ["" : 13]>
net (uint8[4] xq) => (uint8[4] yq) {
  x = DequantizeLinear (xq, s, z)
  w = DequantizeLinear (wq, s, z)
  y = Mul (x, w)
  yq = QuantizeLinear (y, two, one)
}"""


def test_inputs(suite):
    constants = {"s": np.float32(1), "two": np.float32(2), "z": np.uint8(0), "one": np.uint8(1),
                 "wq": np.array([1, 1, 1, 1], np.uint8)}
    model = suite.model("tie", TIE, constants)
    given = suite.folder / "ties.npy"
    np.save(given, np.array([1, 2, 3, 5], np.uint8))
    arguments = (model, "--against", "float", "--input", f"xq={given}")
    report = suite.expect("ties", 5, "the first to differ is 'yq', of node 'yq' (QuantizeLinear)",
                          *arguments)
    suite.check("ties: figures", row(report, "yq")["differing"] == 3
                and row(report, "yq")["max_abs"] == 2 and row(report, "yq")["max_codes"] == 1,
                report)
    suite.expect("ties within a code", 0, "all within", *arguments, "--max-codes", "1")
    folder = suite.folder / "set"
    folder.mkdir()
    (folder / "input_0.pb").write_bytes(numpy_helper.from_array(
        np.array([2, 4, 6, 8], np.uint8)).SerializeToString())
    suite.expect("test data without outputs", 0, "1 tensors, all within", model, "--against",
                 "float", "--test-data", folder)
    suite.expect("unknown input", 1, "there is no input 'q'", model, "--against", "float",
                 "--input", f"q={given}")
    dynamic = suite.model("dynamic", FLOAT.replace("[1, 3, 8, 8]", "[N, 3, 8, W]").replace(
        "[1, 4, 8, 8]", "[N, 4, 8, W]"), weights())
    report = suite.expect("bound dims", 0, "all within", dynamic, "--against", "onnxruntime",
                          "--dim", "N=2", "--dim", "W=5")
    suite.check("bound dims: shapes", row(report, "a")["type"] == "f32 [2, 4, 8, 5]", report)


SPECIAL = """<ir_version: 8, opset_import: ["" : 13]>
net (float[2] x) => (float[2] y, int64[2] i, float[2] x) {
  s = Sub (x, limit)
  y = Log (s)
  i = Cast <to = 7> (x)
  k = Neg (limit)
  e = Identity (k)
}"""


def test_special(suite):
    """NaN, integers, outputs that no node computes, constants, tensors of other shapes."""
    model = suite.model("special", SPECIAL, {"limit": np.float32(0.5)})
    given = suite.folder / "special.npy"
    np.save(given, np.array([0.25, 4], np.float32))
    report = suite.expect("NaN equals NaN", 0, "all within", model, "--against", "onnxruntime",
                          "--input", f"x={given}")
    suite.check("constants are left out", names(report) == ["s", "y", "i", "x"], report)
    other = suite.model("special_2", SPECIAL, {"limit": np.float32(0)})
    suite.expect("a tolerance for each tensor", 5, "first to differ is 's'", model, "--against",
                 other, "--input", f"x={given}")
    report = suite.expect("NaN is out of any tolerance", 5, "first to differ is 'y'", model,
                          "--against", other, "--input", f"x={given}", "--rtol", "1e9")
    suite.check("NaN: figures", row(report, "y")["max_abs"] is None
                and row(report, "y")["sqnr_db"] is None, report)
    cast = suite.model("special_3", SPECIAL.replace("Cast <to = 7> (x)", "Cast <to = 7> (s)"),
                       {"limit": np.float32(0.5)})
    report = suite.expect("integers are equal or not", 5, "first to differ is 'i'", model,
                          "--against", cast, "--input", f"x={given}", "--max-codes", "9")
    wide = suite.model("special_4", SPECIAL.replace("float[2] y", "float[1,2] y").replace(
        "float[2] x)", "float[2] x)"), {"limit": np.array([[0.5, 0.5]], np.float32)})
    report = suite.expect("other shapes", 5, "is f32 [2], the other f32 [1, 2]", model, "--against",
                          wide, "--input", f"x={given}")
    suite.check("other shapes: problem", "problem" in row(report, "s"), report)


MASK = """<ir_version: 8, opset_import: ["" : 13]>
net (float[N, 3, 6, W] x) => (bool[N, 5, 6, W] y, uint8[N, 5, 6, W] z) {
  a = Conv (x, w)
  b = Sigmoid (a)
  y = Greater (b, half)
  c = Mul (b, large)
  z = Cast <to = 2> (c)
}"""


def test_masks(suite):
    """Kernels whose results are of other types than the sums they follow from: with and without
    their inner tensors as outputs, of known and unknown sizes."""
    rng = np.random.default_rng(1)
    model = suite.model("mask", MASK, {
        "w": rng.normal(size=(5, 3, 1, 1)).astype(np.float32), "half": np.float32(0.5),
        "large": np.float32(255)})
    for dims in (("--dim", "N=1", "--dim", "W=7"), ()):
        report = suite.expect(f"masks {dims}", 0, "5 tensors, all within", model, "--against",
                              "onnxruntime", *dims)
        suite.check(f"masks {dims}: undisturbed", report and not report["disturbed"], report)


def test_messages(suite):
    folder = suite.folder
    model = suite.model("float", FLOAT, weights())
    package = folder / "float.pbl"
    suite.call("compile", model, "-o", package)
    text = folder / "text.onnx"
    text.write_text("no model at all")
    suite.expect("a package against float", 1, "needs the ONNX model", package, "--against",
                 "float")
    suite.expect("no such thing", 1, "is not onnxruntime, float, or the file", model, "--against",
                 "openvino")
    suite.expect("no model", 2, "error[E2002]", text, "--against", "float")
    suite.expect("against no model", 2, "error[E2002]", model, "--against", text)
    suite.expect("an unknown dim", 2, "no input has a symbolic dim", model, "--against", "float",
                 "--dim", "N=1")
    renamed = suite.model("renamed", "<ir_version: 8, opset_import: [\"\" : 13]>\n"
                          "net (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] z) { z = Relu (x) }", {})
    suite.expect("nothing in common", 1, "no tensor of the same name", model, "--against", renamed)
    other = suite.model("other_input", FLOAT.replace("(float[1, 3, 8, 8] x)",
                                                     "(float[1, 3, 8, 8] v)").replace(
        "(x, w1)", "(v, w1)"), weights())
    suite.expect("other inputs", 1, "there is no input 'x'", model, "--against", other)
    suite.environment["PEBBLE_PYTHON"] = "/no/such/python"
    suite.expect("no Python", 1, "for --against onnxruntime", model, "--against", "onnxruntime")
    suite.environment["PEBBLE_PYTHON"] = sys.executable
    done = suite.call("diff", model, "--against", "float", "--json", folder / "none" / "x.json")
    suite.check("a report that cannot be written", done.returncode == 1
                and "cannot write" in done.stderr, done)
    # What the parser would refuse: operators without operands.
    broken = onnx.load(model)
    for op in ("QuantizeLinear", "DequantizeLinear", "Reshape", "QLinearConv"):
        del broken.graph.node[1].input[:]
        broken.graph.node[1].op_type = op
        file = folder / "broken.onnx"
        onnx.save(broken, file)
        suite.expect(f"{op} without operands", 2, "error[E2040]", file, "--against", "onnxruntime")


def main():
    args = results.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="pebble-diff") as scratch:
        suite = Suite(args, pathlib.Path(scratch))
        for test in (test_float, test_quantized, test_inputs, test_special, test_masks,
                     test_messages):
            test(suite)
    return suite.report.finish()


if __name__ == "__main__":
    sys.exit(main())
