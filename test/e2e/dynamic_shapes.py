#!/usr/bin/env python3
"""A package whose dims are left dynamic computes the same bits as one compiled for each size, and
allocates nothing while its dims stay.

One network of seeded weights holds every kind of layer whose code depends on sizes, another windows
that reach into padding in many ways: where sizes are known that is skipped, and otherwise the image
is copied into zeros. The others are real models. For each size a static package is compiled with
--dim and both are run on one input. Sanitizers allocate for themselves: the program that counts is
not built with them.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, pebble, reference, results  # noqa: E402

# Dims of the input [N, C, H, W] that are tried, by model.
IMAGE_SIZES = [(1, 24, 40), (2, 7, 9), (3, 33, 5), (1, 16, 129)]
PADDED_SIZES = [(1, 9, 14), (2, 5, 31), (1, 7, 70)]
# Of convolutions of 6 channels: outputs, kernel, pads, strides, dilations, group.
PADDED = [
    (32, [3, 3], [1, 1, 1, 1], [1, 1], [1, 1], 1), (20, [3, 3], [0, 1, 1, 0], [2, 2], [1, 1], 1),
    (40, [5, 5], [2, 2, 2, 2], [1, 2], [1, 1], 1), (9, [7, 7], [3, 3, 3, 3], [2, 2], [1, 1], 3),
    (4, [1, 1], [1, 2, 0, 1], [1, 1], [1, 1], 1), (12, [3, 3], [2, 4, 2, 4], [1, 1], [2, 4], 2),
    (18, [1, 7], [0, 3, 0, 3], [1, 1], [1, 1], 1), (18, [5, 1], [4, 0, 4, 0], [1, 3], [1, 1], 6),
    (8, [2, 4], [1, 3, 1, 3], [3, 1], [1, 1], 1), (8, [3, 3], [2, 9, 2, 9], [1, 1], [2, 9], 1),
]
REAL = {
    "ppocr_cls": [(1, 48, 192), (3, 48, 100)],
    "ppocr6_tiny_rec": [(1, 48, 160), (2, 48, 77)],
    "cifar_vit": [(1, 32, 32), (4, 32, 32)],
    "mobilenetv2_0.35": [(1, 128, 128), (2, 128, 128)],
}


class Network:
    """Builds a graph layer by layer."""

    def __init__(self):
        self.rng = np.random.default_rng(0)
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, *shape):
        scale = 1 / np.sqrt(max(1, np.prod(shape[1:])))
        return self.constant((self.rng.standard_normal(shape) * scale).astype(np.float32))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def add(self, op, *inputs, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def save(self, path, *results):
        graph = helper.make_graph(
            self.nodes, path.stem,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in results],
            self.constants)
        opset = helper.make_opsetid("", 18)
        onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
        return path


def build_layers(path):
    """Convolutions, depthwise and grouped ones, pools, residuals, attention over the pixels."""
    net = Network()
    x = net.add("Conv", "x", net.weights(20, 3, 3, 3), net.weights(20), pads=[1, 1, 1, 1])
    x = net.add("Relu", x)
    y = net.add("Conv", x, net.weights(20, 1, 3, 3), net.weights(20), group=20, pads=[1, 1, 1, 1])
    y = net.add("Mul", y, net.add("Sigmoid", y))
    y = net.add("Conv", y, net.weights(20, 10, 3, 1), group=2, pads=[1, 0, 1, 0])
    x = net.add("Relu", net.add("Add", x, y))
    pooled = net.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = net.add("Concat", x, pooled, axis=1)
    x = net.add("Conv", x, net.weights(40, 40, 3, 3), net.weights(40), strides=[1, 2],
                dilations=[2, 1], pads=[2, 0, 2, 1])
    squeezed = net.add("GlobalAveragePool", x)
    squeezed = net.add("Relu", net.add("Conv", squeezed, net.weights(8, 40, 1, 1)))
    squeezed = net.add("HardSigmoid", net.add("Conv", squeezed, net.weights(40, 8, 1, 1)))
    x = net.add("Mul", x, squeezed)
    # [N, pixels, 40]; queries, keys and values in four heads.
    x = net.add("Transpose", net.add("Reshape", x, net.ints(0, 40, -1)), perm=[0, 2, 1])
    heads = []
    for perm in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]):
        part = net.add("MatMul", x, net.weights(40, 40))
        part = net.add("Reshape", part, net.ints(0, -1, 4, 10))
        heads.append(net.add("Transpose", part, perm=perm))
    scores = net.add("Softmax", net.add("MatMul", heads[0], heads[1]), axis=-1)
    mixed = net.add("Transpose", net.add("MatMul", scores, heads[2]), perm=[0, 2, 1, 3])
    mixed = net.add("Add", x, net.add("Reshape", mixed, net.ints(0, -1, 40)))
    first = net.add("Gather", mixed, net.ints(0), axis=1)
    logits = net.add("MatMul", net.add("Reshape", first, net.ints(-1, 40)), net.weights(40, 37))
    return net.save(path, mixed, logits)


def build_padded(path):
    """Each convolution of PADDED on the same image."""
    net = Network()
    x = net.add("Conv", "x", net.weights(6, 3, 1, 1))
    results = []
    for outputs, kernel, pads, strides, dilations, group in PADDED:
        y = net.add("Conv", x, net.weights(outputs, 6 // group, *kernel), net.weights(outputs),
                    pads=pads, strides=strides, dilations=dilations, group=group)
        results.append(net.add("Relu", y))
    return net.save(path, *results)


def free_batch(file, target):
    """The model with a batch that only the run knows."""
    model = onnx.load(file)
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    del model.graph.value_info[:]
    onnx.save(model, target)
    return target


def run(tool, package, name, value, folder):
    folder.mkdir()
    np.save(folder / "input.npy", value)
    outcome = tool.run(package, {name: folder / "input.npy"}, folder / "out")
    return pebble.load_outputs(folder / "out") if outcome.ok else outcome.message


def check_allocations(tool, report, name, package, sizes):
    """Runs of the dims of the run before ask for no memory, whatever came earlier."""
    counter = tool.binary.parent / "count-allocations"
    if not counter.exists():
        report.skip(f"{name}: allocations", "count-allocations is not built")
        return
    dims = [f"{batch},3,{height},{width}" for batch, height, width in sizes]
    done = subprocess.run([counter, package, *dims, *dims], capture_output=True, text=True,
                          timeout=300)
    counts = re.findall(r": (\d+) allocations, arena of (\d+) bytes", done.stdout)
    report.add(f"{name}: allocations",
               len(counts) == 2 * len(dims) and all(count == "0" for count, _ in counts),
               done.stdout + done.stderr)
    if counts:
        print(f"{name}: arena of {int(counts[-1][1]):,} bytes for {', '.join(dims)}")


def check(tool, report, name, file, sizes, tmp):
    session = reference.session(file)
    (signature,) = session.get_inputs()
    dynamic = tmp / "dynamic.pbl"
    outcome = tool.compile(file, dynamic)
    if not outcome.ok:
        report.add(name, False, outcome.message)
        return
    check_allocations(tool, report, name, dynamic, sizes)
    rng = np.random.default_rng(1)
    for batch, height, width in sizes:
        shape = [batch, 3, height, width]
        case = f"{name} {shape}"
        value = rng.standard_normal(shape).astype(np.float32)
        bindings = [word for axis, (dim, size) in enumerate(zip(signature.shape, shape))
                    if not isinstance(dim, int)
                    for word in ("--dim", f"{dim or f'{signature.name}.{axis}'}={size}")]
        static = tmp / f"{len(list(tmp.iterdir()))}.pbl"
        outcome = tool.compile(file, static, *bindings)
        if not outcome.ok:
            report.add(case, False, outcome.message)
            continue
        ours = run(tool, dynamic, signature.name, value, tmp / f"{static.stem}_dynamic")
        theirs = run(tool, static, signature.name, value, tmp / f"{static.stem}_static")
        if isinstance(ours, str) or isinstance(theirs, str):
            report.add(case, False, f"dynamic: {ours}; static: {theirs}")
            continue
        same = len(ours) == len(theirs) and all(
            a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in zip(ours, theirs))
        peer = session.run(None, {signature.name: value})
        worst = max(pebble.worst_ratio(a, b) for a, b in zip(ours, peer))
        off = [pebble.worst_ratio(a, b) for a, b in zip(ours, theirs)]
        report.add(f"{case}: static", same, f"dynamic and static packages differ by {off}")
        report.add(f"{case}: ONNX Runtime", worst <= 1e-4, f"off by {worst:.3g}")


def main():
    p = results.parser(__doc__)
    p.add_argument("--filter", default="", help="only the models whose name contains this")
    args = p.parse_args()
    tool = pebble.Pebble(args.build, timeout=300)
    report = results.Results(args)
    table = {model.name: model for model in models.table()}
    seeded = {"layers": build_layers, "padded": build_padded}
    for name, sizes in [("layers", IMAGE_SIZES), ("padded", PADDED_SIZES), *REAL.items()]:
        if args.filter not in name:
            continue
        with tempfile.TemporaryDirectory(prefix="dynamic") as scratch:
            tmp = pathlib.Path(scratch)
            file = (seeded[name](tmp / f"{name}.onnx") if name in seeded
                    else table[name].find(tmp))
            if file is None:
                report.skip(name, f"no data ({table[name].model})")
                continue
            if name not in seeded:
                file = free_batch(file, tmp / "model.onnx")
            check(tool, report, name, file, sizes, tmp)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
