#!/usr/bin/env python3
"""What pebble quantize is given and cannot use: policies, calibration sets, models.

Each case must end with the promised exit code and a message that says what is wrong, and must leave
no file behind.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import results  # noqa: E402

USAGE, REJECTED, UNSUPPORTED = 1, 2, 3


def make_model(weight=None, nodes=None, inputs=("x",), shape=(1, 2, 4, 4), opset=13):
    weight = np.ones((3, 2, 1, 1), np.float32) if weight is None else weight
    nodes = nodes or [helper.make_node("Conv", ["x", "w"], ["y"], name="conv"),
                      helper.make_node("GlobalAveragePool", ["y"], ["z"], name="pool")]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(i, TensorProto.FLOAT, shape) for i in inputs],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def two_inputs():
    return make_model(nodes=[helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
                             helper.make_node("Conv", ["x2", "w"], ["d"], name="conv2"),
                             helper.make_node("Add", ["c", "d"], ["y"], name="add")],
                      inputs=("x", "x2"))


def quantized():
    return make_model(nodes=[helper.make_node("QuantizeLinear", ["x", "w"], ["y"], name="q")],
                      weight=np.float32(1))


LAYERS = {"schema_version": 1, "layers": {}}
# name, text of the policy, what the messages have to name.
POLICIES = [
    ("no json", "{", ["not JSON"]),
    ("a list", "[]", ["no JSON object"]),
    ("no version", {"layers": {}}, ["schema_version is missing"]),
    ("a new version", {"schema_version": 2}, ["schema_version is 2; expected 1"]),
    ("unknown key", LAYERS | {"layer": {}}, ["'layer' is unknown"]),
    ("layers no object", LAYERS | {"layers": [1]}, ["layers is no object"]),
    ("several", LAYERS | {"default": {"weights": 9}, "layers": {
        "nowhere": {"weights": 4}, "conv": {"weights": 1, "activations": 8.5},
        "pool": {"bits": 4}}},
     ["default gives weights 9 bits; expected an integer from 2 to 8",
      "layer 'conv' gives weights 1 bits", "layer 'conv' gives activations 8.5 bits",
      "layer 'pool' has the unknown key 'bits'"]),
    ("unknown layers", LAYERS | {"layers": {"nowhere": {"weights": 4}, "Conv": "float"}},
     ["layer 'nowhere' is none of the model's", "layer 'Conv' is none of the model's"]),
    ("weights of a pool", LAYERS | {"layers": {"pool": {"weights": 4}}}, ["has no weights"]),
    ("a word", LAYERS | {"layers": {"conv": "int4"}}, ["layer 'conv' is \"int4\""]),
    ("a huge number", '{"schema_version": 1, "default": {"weights": 1e99}}', ["1e+99 bits"]),
    ("given twice", '{"schema_version": 1, "layers": {"conv": "float", "conv": "float"}}',
     ["'conv' is given twice"]),
    ("deep", "[" * 100000, ["not JSON"]),
    ("bad utf-8", b'{"schema_version": 1, "layers": {"\xff": "float"}}', ["not JSON"]),
]


def sample(*dims, dtype=np.float32):
    return np.ones(dims, dtype)


# name, a model, what makes the calibration set in a folder and returns its path, the message.
CALIBRATIONS = [
    ("missing", make_model, lambda f: f / "none.npz", "cannot read"),
    ("another kind of file", make_model, lambda f: write(f / "x.txt", b"1"),
     "no calibration set"),
    ("no zip", make_model, lambda f: write(f / "x.npz", b"PK"), "not a readable .npz"),
    ("cut zip", make_model, lambda f: cut(npz(f, x=sample(4, 2, 4, 4))), "not a readable .npz"),
    ("other name", make_model, lambda f: npz(f, y=sample(4, 2, 4, 4)), "'y', which is no input"),
    ("doubles", make_model, lambda f: npz(f, x=sample(4, 2, 4, 4, dtype=np.float64)),
     "convert it with astype"),
    ("other dims", make_model, lambda f: npz(f, x=sample(4, 2, 4, 5)), "f32 [4, 2, 4, 5]"),
    ("no samples", make_model, lambda f: npz(f, x=sample(0, 2, 4, 4)), "holds no samples"),
    ("an input is missing", two_inputs, lambda f: npz(f, x=sample(4, 2, 4, 4)),
     "does not hold input 'x2'"),
    ("unequal numbers", two_inputs,
     lambda f: npz(f, x=sample(4, 2, 4, 4), x2=sample(3, 2, 4, 4)), "3 samples of input 'x2'"),
    ("no multiple of the batch", lambda: make_model(shape=(2, 2, 4, 4)),
     lambda f: npz(f, x=sample(5, 2, 4, 4)), "expected a multiple"),
    ("one array for two inputs", two_inputs, lambda f: npy(f / "x.npy", sample(4, 2, 4, 4)),
     "holds one array"),
    ("empty folder", make_model, lambda f: folder(f), "holds no samples"),
    ("mixed folder", make_model,
     lambda f: npy(folder(f) / "1.npy", sample(2, 4, 4)) and npz(f / "set", x=sample(1, 2, 4, 4))
     and f / "set", "mixes kinds"),
    ("a bad file in a folder", make_model,
     lambda f: npy(folder(f) / "1.npy", sample(2, 4, 4)) and write(f / "set/2.npy", b"no") and
     f / "set", "2.npy' is not a .npy file"),
    ("a bad shape in a folder", make_model,
     lambda f: npy(folder(f) / "1.npy", sample(2, 4, 4)) and
     npy(f / "set/2.npy", sample(3, 4, 4)) and f / "set", "2.npy' holds f32 [1, 3, 4, 4]"),
    ("not a number", make_model, lambda f: npz(f, x=sample(4, 2, 4, 4) * np.nan),
     "calibration sample 0 makes infinities or NaN"),
]
UNSUPPORTED_CALIBRATIONS = {"not a number"}

# name, model, exit code, message.
MODELS = [
    ("no file", None, REJECTED, "cannot open"),
    ("no model", b"\xff\xff", REJECTED, "not an ONNX model"),
    ("quantized already", quantized, UNSUPPORTED, "quantized already"),
    ("infinite weights", lambda: make_model(np.full((3, 2, 1, 1), np.inf, np.float32)), UNSUPPORTED,
     "infinities or NaN"),
    ("nothing to quantize",
     lambda: make_model(nodes=[helper.make_node("Erf", ["x"], ["y"])]), UNSUPPORTED,
     "no layer that can be quantized"),
    ("a meaning that changed",
     lambda: make_model(nodes=[helper.make_node("BatchNormalization", ["x", "w", "w", "w", "w"],
                                                ["y"], name="norm", spatial=0)], opset=8),
     UNSUPPORTED, "node 'norm' (BatchNormalization): spatial = 0"),
]


def write(path, data):
    path.write_bytes(data)
    return path


def npz(place, **arrays):
    np.savez(place / "x.npz", **arrays)
    return place / "x.npz"


def npy(path, array):
    np.save(path, array)
    return path


def cut(path):
    return write(path, path.read_bytes()[:-40])


def folder(place):
    (place / "set").mkdir()
    return place / "set"


class Suite:
    def __init__(self, args):
        self.binary = pathlib.Path(args.build).resolve() / "bin" / "pebble"
        self.report = results.Results(args)

    def expect(self, label, code, texts, place, *options):
        target = place / "out.onnx"
        done = subprocess.run([str(self.binary), "quantize", str(place / "model.onnx"), "-o",
                               str(target), *map(str, options)], capture_output=True, timeout=60)
        printed = (done.stdout + done.stderr).decode(errors="replace")
        missing = [text for text in texts if text not in printed]
        left = [path.name for path in place.iterdir() if path.name.startswith("out")]
        self.report.add(label, done.returncode == code and not missing and not left,
                        f"exit {done.returncode} for {code}; not said: {missing}; left: {left}; "
                        f"printed: {printed[:600]}")

    def place(self, scratch, model):
        place = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        if isinstance(model, bytes):
            (place / "model.onnx").write_bytes(model)
        elif model:
            onnx.save(model(), place / "model.onnx")
        return place


def main():
    args = results.parser(__doc__).parse_args()
    suite = Suite(args)
    with tempfile.TemporaryDirectory(prefix="quantize") as scratch:
        for name, text, texts in POLICIES:
            place = suite.place(scratch, make_model)
            data = text if isinstance(text, bytes) else \
                (text if isinstance(text, str) else json.dumps(text)).encode()
            policy = write(place / "bits.json", data)
            suite.expect(f"policy: {name}", USAGE, ["error[E1010]", *texts], place, "--bits",
                         policy, "--calibrate", npz(place, x=sample(4, 2, 4, 4)))
        for name, model, make, text in CALIBRATIONS:
            place = suite.place(scratch, model)
            code = UNSUPPORTED if name in UNSUPPORTED_CALIBRATIONS else USAGE
            suite.expect(f"calibration: {name}", code, [text], place, "--calibrate", make(place))
        for name, model, code, text in MODELS:
            place = suite.place(scratch, model)
            suite.expect(f"model: {name}", code, [text], place, "--calibrate",
                         npz(place, x=sample(4, 2, 4, 4)))
        place = suite.place(scratch, make_model)
        suite.expect("no calibration set", USAGE, ["--calibrate and -o are needed"], place)
        suite.expect("report nowhere", USAGE, ["there is no folder"], place, "--calibrate",
                     npz(place, x=sample(4, 2, 4, 4)), "--json", place / "none/report.json")
    return suite.report.finish()


if __name__ == "__main__":
    sys.exit(main())
