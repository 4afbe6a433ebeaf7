#!/usr/bin/env python3
"""pebble quantize on small models with every kind of layer that it knows.

Each model is quantized on random samples and compiled; its integer layers are counted in the IR, no
layer may be left in float beside them, and on samples that were not used to calibrate the output
has to stay close to what ONNX Runtime computes from the float model. Then what the verb promises:
the same bytes however the samples come and however many threads there are, the bits that a policy
asks for, and old versions of the operator set.
"""
import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, results  # noqa: E402

# Layers on numbers that a quantized model may not have left.
FLOAT_LAYERS = re.compile(r"\bnn\.(conv|matmul|add|mul|relu|sigmoid|avg_pool|reduce_mean|"
                          r"softmax)\b")
INTEGER_LAYERS = re.compile(r"\bqnn\.(conv|matmul|add|mul|avg_pool|global_avg_pool|softmax|concat|"
                            r"lookup)\b")


class Builder:
    """Makes a model node by node; weights are random."""

    def __init__(self, shape, opset=13):
        self.rng = np.random.default_rng(5)
        self.shape, self.opset = shape, opset
        self.nodes, self.weights = [], []

    def weight(self, shape, spread=None, offset=0.0):
        value = self.rng.standard_normal(shape) * (spread or 1 / np.sqrt(np.prod(shape[1:])))
        return self.constant((value + offset).astype(np.float32))

    def constant(self, value):
        self.weights.append(numpy_helper.from_array(np.asarray(value), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def op(self, kind, *inputs, outputs=1, **attributes):
        names = [f"t{len(self.nodes)}_{i}" if i else f"t{len(self.nodes)}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names,
                                           name=f"{kind}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def conv(self, x, cin, cout, kernel=3, group=1, bias=True, **attributes):
        operands = [x, self.weight((cout, cin // group, kernel, kernel))]
        if bias:
            operands.append(self.weight((cout,), 0.2))
        return self.op("Conv", *operands, group=group, pads=[kernel // 2] * 4, **attributes)

    def norm(self, x, channels):
        variance = self.constant(self.rng.uniform(0.5, 2, channels).astype(np.float32))
        return self.op("BatchNormalization", x, self.weight((channels,), 0.3, 1.0),
                       self.weight((channels,), 0.2), self.weight((channels,), 0.2), variance)

    def model(self, *outputs):
        graph = helper.make_graph(
            self.nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(y, TensorProto.FLOAT, None) for y in outputs],
            self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=8)
        inferred = onnx.shape_inference.infer_shapes(made)
        onnx.checker.check_model(inferred)
        return inferred


def residual():
    """Norms that fold, a residual, pools, and a classifier's end."""
    b = Builder([1, 3, 16, 16])
    stem = b.op("Relu", b.norm(b.conv("x", 3, 8, bias=False), 8))
    deep = b.norm(b.conv(b.op("Relu", b.conv(stem, 8, 8, group=8)), 8, 8, 1), 8)
    added = b.op("Relu", b.op("Add", deep, stem))
    pooled = b.op("MaxPool", added, kernel_shape=[2, 2], strides=[2, 2])
    flat = b.op("Flatten", b.op("GlobalAveragePool", pooled))
    y = b.op("Gemm", flat, b.weight((10, 8)), b.weight((10,), 0.2), transB=1)
    # Conv, conv, conv, add, mean, product, softmax.
    return b.model(b.op("Softmax", y, axis=-1)), 7


def branches():
    """Concatenation, functions that become tables, a gate, and a product without Gemm."""
    b = Builder([1, 4, 12, 12])
    left = b.conv("x", 4, 8)
    left = b.op("Mul", left, b.op("Sigmoid", left))
    right = b.op("HardSwish", b.conv("x", 4, 8, 1), **{}) if b.opset >= 14 else \
        b.op("Tanh", b.conv("x", 4, 8, 1))
    joined = b.op("Concat", left, right, axis=1)
    gate = b.op("Sigmoid", b.conv(b.op("GlobalAveragePool", joined), 16, 16, 1))
    gated = b.op("Mul", joined, gate)
    clipped = b.op("Clip", b.conv(gated, 16, 8), b.constant(np.float32(0)),
                   b.constant(np.float32(1.5)))
    pooled = b.op("AveragePool", clipped, kernel_shape=[4, 4], strides=[4, 4])
    moved = b.op("Transpose", pooled, perm=[0, 2, 3, 1])
    rows = b.op("Reshape", moved, b.constant(np.array([1, 72], np.int64)))
    y = b.op("Add", b.op("MatMul", rows, b.weight((72, 6), 0.15)), b.weight((6,), 0.2))
    # Four convs, two functions, a sigmoid, a gate, two pools, a product; concat moves codes.
    return b.model(y), 11


def old_opset():
    """What changed its form since version 7: Clip, Squeeze, Softmax, the mean, Pad, Slice."""
    b = Builder([1, 3, 10, 10], opset=9)
    padded = b.op("Pad", "x", pads=[0, 0, 1, 1, 0, 0, 1, 1])
    weight, bias = b.weight((6, 3, 3, 3)), b.weight((6,), 0.2)
    y = b.op("Clip", b.op("Conv", padded, weight, bias), min=0.0, max=2.0)
    y = b.op("Slice", y, starts=[1], ends=[5], axes=[1])
    mean = b.op("ReduceMean", y, axes=[2, 3], keepdims=0)
    two = b.op("Unsqueeze", b.op("Squeeze", mean, axes=[0]), axes=[0])
    y = b.op("Gemm", two, b.weight((4, 5)), b.weight((5,), 0.2), alpha=0.5, beta=2.0)
    return b.model(b.op("Softmax", b.op("Dropout", y, ratio=0.3))), 4


def plain():
    b = Builder([1, 4, 8, 8])
    y = b.op("Relu", b.conv("x", 4, 8))
    y = b.op("Relu", b.conv(y, 8, 8))
    return b.model(b.conv(y, 8, 4, 1)), 3


def single():
    b = Builder([1, 4, 8, 8])
    return b.model(b.op("Relu", b.conv("x", 4, 8))), 1


MODELS = {"residual": residual, "branches": branches, "old_opset": old_opset, "plain": plain,
          "single": single}


def decibels(exact, approximate):
    noise = float(np.sum((exact - approximate) ** 2))
    return 10 * np.log10(float(np.sum(exact ** 2)) / noise) if noise else 200.0


class Suite:
    def __init__(self, args, folder):
        self.tool = pebble.Pebble(args.build, timeout=120)
        self.report = results.Results(args)
        self.folder = folder

    def samples(self, model, count, seed):
        dims = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
        return np.random.default_rng(seed).standard_normal((count, *dims[1:])).astype(np.float32)

    def prepare(self, name):
        model, layers = MODELS[name]()
        onnx.save(model, self.folder / f"{name}.onnx")
        np.savez(self.folder / f"{name}.npz", x=self.samples(model, 16, 1))
        return model, layers

    def quantize(self, name, target, *options, samples=None):
        return self.tool.call("quantize", self.folder / f"{name}.onnx", "--calibrate",
                              samples or self.folder / f"{name}.npz", "-o", self.folder / target,
                              *options)

    def layers(self, target):
        """(integer layers, float layers) after the phase that forms them."""
        ir = self.folder / "quantized.mlir"
        outcome = self.tool.call("compile", self.folder / target, "--compile-to=quantize", "-o", ir)
        text = ir.read_text() if outcome.ok else outcome.message
        return len(INTEGER_LAYERS.findall(text)), FLOAT_LAYERS.findall(text)

    def fidelity(self, name, target):
        """Decibels of Pebble's outputs on samples that did not calibrate."""
        model = onnx.load(self.folder / f"{name}.onnx")
        peer = onnxruntime.InferenceSession(model.SerializeToString(),
                                            providers=["CPUExecutionProvider"])
        outcome = self.tool.compile(self.folder / target, self.folder / "q.pbl")
        if not outcome.ok:
            return outcome.message
        exact, ours = [], []
        for sample in self.samples(model, 3, 2):
            np.save(self.folder / "x.npy", sample[None])
            outcome = self.tool.run(self.folder / "q.pbl", {"x": self.folder / "x.npy"},
                                    self.folder / "out")
            if not outcome.ok:
                return outcome.message
            ours.append(pebble.load_outputs(self.folder / "out")[0])
            exact.append(peer.run(None, {"x": sample[None]})[0])
        return decibels(np.stack(exact), np.stack(ours))

    def close(self, label, name, target, least):
        value = self.fidelity(name, target)
        self.report.add(label, isinstance(value, float) and value >= least,
                        f"{value} dB; expected {least} or more")

    def done(self, label, outcome):
        self.report.add(label, outcome.ok, f"{outcome.kind}: {outcome.message}")
        return outcome.ok


def check_models(suite):
    report, page = suite.folder / "report.json", suite.folder / "report.html"
    for name in ("residual", "branches", "old_opset"):
        _, expected = suite.prepare(name)
        if not suite.done(f"{name}: quantizes", suite.quantize(name, "q.onnx", "--json", report,
                                                               "--html", page)):
            continue
        data, text = json.loads(report.read_text()), page.read_text()
        suite.report.add(f"{name}: json", data["schema_version"] == 1 and not data["float"] and
                         all(layer["sqnr_db"] > 20 for layer in data["layers"]), str(data))
        suite.report.add(f"{name}: html", "http" not in text and
                         all(layer["name"] in text for layer in data["layers"]), text[:200])
        onnx.checker.check_model(onnx.load(suite.folder / "q.onnx"))
        integers, floats = suite.layers("q.onnx")
        suite.report.add(f"{name}: layers", integers == expected and not floats,
                         f"{integers} integer layers of {expected}, in float: {floats}")
        suite.close(f"{name}: output", name, "q.onnx", 27)


def check_ways(suite):
    """Each method makes the same bytes from the same samples, in whatever files they come, and with
    any number of threads."""
    suite.prepare("single")
    samples = np.load(suite.folder / "single.npz")["x"]
    for index, sample in enumerate(samples):
        for kind in ("npy", "npz", f"pb/test_data_set_{index}"):
            (suite.folder / kind).mkdir(parents=True, exist_ok=True)
        np.save(suite.folder / f"npy/{index}.npy", sample)
        np.savez(suite.folder / f"npz/{index}.npz", x=sample[None])
        (suite.folder / f"pb/test_data_set_{index}/input_0.pb").write_bytes(
            numpy_helper.from_array(sample[None], "x").SerializeToString())
    np.save(suite.folder / "all.npy", samples)
    made = set()
    for method, (first, second) in {"minmax": ("single.npz", "npy"), "kl": ("npz", "pb"),
                                    "percentile": ("all.npy", "npy"), "mse": ("all.npy", "pb")
                                    }.items():
        for target, way, threads in (("a.onnx", first, "1"), ("b.onnx", second, "3")):
            suite.done(f"{method}, {way}",
                       suite.quantize("single", target, "--method", method, "--threads", threads,
                                      samples=suite.folder / way))
        bytes_a, bytes_b = ((suite.folder / target).read_bytes() for target in ("a.onnx", "b.onnx"))
        suite.report.add(f"{method}: bytes", bytes_a == bytes_b,
                         f"{first} and {second} make different models")
        made.add(bytes_a)
    suite.report.add("methods", len(made) == 4, f"4 methods make {len(made)} models")
    suite.quantize("single", "b.onnx", "--samples", "2")
    suite.report.add("--samples", (suite.folder / "b.onnx").read_bytes() != bytes_a,
                     "fewer samples made the same model")


def check_equalization(suite):
    suite.prepare("plain")
    report = suite.folder / "report.json"
    if suite.done("equalized", suite.quantize("plain", "q.onnx", "--weights", "per-tensor",
                                              "--equalize=on", "--json", report)):
        value = json.loads(report.read_text())["outputs"][0]["sqnr_db"]
        suite.report.add("equalized: output", value > 25, f"{value} dB")
    for name in ("plain", "residual"):
        suite.prepare(name)
        noise = {}
        for how in ("on", "off", "auto"):
            if suite.done(f"{name}: {how}", suite.quantize(name, "q.onnx", f"--equalize={how}",
                                                           "--json", report)):
                noise[how] = json.loads(report.read_text())["outputs"][0]["sqnr_db"]
        suite.report.add(f"{name}: the better one", len(noise) == 3
                         and noise["on"] != noise["off"]
                         and noise["auto"] == max(noise["on"], noise["off"]), str(noise))


def check_biases(suite):
    """Where codes are exact nothing is left to correct, however the later samples differ."""
    b = Builder([1, 2, 4, 4])
    weights = b.rng.integers(-127, 128, (3, 2, 1, 1))
    weights[:, 0] = 127
    bias = b.rng.integers(-50, 50, 3)
    y = b.op("Conv", "x", *(b.constant(value.astype(np.float32)) for value in (weights, bias)))
    onnx.save(b.model(y), suite.folder / "exact.onnx")
    samples = b.rng.integers(0, 256, (200, 2, 4, 4))
    samples[128:] //= 3
    samples[0, 0, 0, 0], samples[0, 0, 0, 1] = 0, 255
    np.savez(suite.folder / "exact.npz", x=samples.astype(np.float32))
    if suite.done("exact", suite.quantize("exact", "q.onnx", "--method", "minmax")):
        left = codes(onnx.load(suite.folder / "q.onnx"), "w1/codes")
        suite.report.add("exact: biases", np.array_equal(left, bias), f"{left} instead of {bias}")


def codes(model, name):
    return numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name))


def check_policy(suite):
    """Every width: the weights' codes, the activations' numbers, and layers that stay in float."""
    suite.prepare("plain")
    for widths in (((8, 8), (2, 4), (8, 2)), ((3, 3), (5, 7), (6, 6)), ((4, 8), (7, 5), (4, 4))):
        names = ["Conv_0", "Conv_2", "Conv_4"]
        policy = {"schema_version": 1, "layers": {
            name: {"weights": w, "activations": a} for name, (w, a) in zip(names, widths)}}
        (suite.folder / "bits.json").write_text(json.dumps(policy))
        if not suite.done(f"{widths}", suite.quantize("plain", "q.onnx", "--equalize=off", "--bits",
                                                      suite.folder / "bits.json")):
            continue
        model = onnx.load(suite.folder / "q.onnx")
        onnx.checker.check_model(model)
        for weight, operand, (weights, activations) in zip(("w0", "w2", "w4"),
                                                           ("x/quantized", "t1", "t3"), widths):
            most = int(np.abs(codes(model, f"{weight}/codes").astype(np.int32)).max())
            numbers = numbers_of(suite, model, operand)
            suite.report.add(f"{weights}/{activations} bits",
                             most == 2 ** (weights - 1) - 1 and
                             2 ** activations / 2 < numbers <= 2 ** activations,
                             f"the largest code is {most}, there are {numbers} numbers")
        integers, floats = suite.layers("q.onnx")
        suite.report.add(f"{widths}: layers", integers == 3 and not floats,
                         f"{integers} integer layers, in float: {floats}")
    policy["layers"] = {"Conv_2": "float"}
    (suite.folder / "bits.json").write_text(json.dumps(policy))
    suite.done("a layer in float", suite.quantize("plain", "q.onnx", "--equalize=off", "--bits",
                                                  suite.folder / "bits.json"))
    suite.report.add("a layer in float: layers", suite.layers("q.onnx") == (2, ["conv", "relu"]),
                     str(suite.layers("q.onnx")))
    done = suite.tool.call("quantize", suite.folder / "plain.onnx", "--print-policy", "--bits",
                           suite.folder / "bits.json")
    suite.done("--print-policy", done)


def numbers_of(suite, model, tensor):
    """How many different numbers a tensor takes, by ONNX Runtime."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    cut.graph.output.append(helper.make_tensor_value_info(tensor, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    # Its integer kernels do not take the types of 2 bits.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(cut.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    return len(np.unique(np.concatenate([session.run([tensor], {"x": sample[None]})[0]
                                         for sample in suite.samples(model, 16, 3)])))


def check_shared_operand(suite):
    """A tensor that one layer reads with 4 bits and another with 8 is requantized for the first."""
    suite.prepare("residual")
    policy = {"schema_version": 1, "layers": {"Conv_3": {"weights": 4, "activations": 4}}}
    (suite.folder / "bits.json").write_text(json.dumps(policy))
    suite.done("shared operand", suite.quantize("residual", "q.onnx", "--equalize=off", "--bits",
                                                suite.folder / "bits.json"))
    integers, floats = suite.layers("q.onnx")
    suite.report.add("shared operand: layers", integers == 8 and not floats,
                     f"{integers} integer layers of 8, in float: {floats}")


def main():
    args = results.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="quantize") as scratch:
        suite = Suite(args, pathlib.Path(scratch))
        for check in (check_models, check_ways, check_equalization, check_biases,
                      check_policy, check_shared_operand):
            check(suite)
        return suite.report.finish()


if __name__ == "__main__":
    sys.exit(main())
