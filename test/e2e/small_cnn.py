#!/usr/bin/env python3
"""One small network on all three targets: x86, an emulated Cortex-M4, and PTX that ptxas accepts.

The network is mnist-8 where $PEBBLE_DATA has it, and otherwise one made here with seeded weights.
Prints the logits of each side by side with ONNX Runtime's.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, reference, results  # noqa: E402

TOLERANCE = 1e-4
CHIPS = ["sm_75", "sm_90"]
# Of the package nvidia-cuda-nvcc, on the PATH, or where the toolkit is usually installed.
PTXAS_PLACES = [pathlib.Path(sysconfig.get_path("purelib")) / "nvidia/cu13/bin/ptxas",
                pathlib.Path(shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas")]
PTXAS = next((place for place in PTXAS_PLACES if place.exists()), PTXAS_PLACES[0])


def seeded_cnn():
    """Two convolutions with bias, ReLU and pooling, and a classifier on top."""
    rng = np.random.default_rng(0)
    weights = []

    def weight(name, *shape):
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 100
        value = (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)
        weights.append(numpy_helper.from_array(value, name))
        return name

    def pool(source, target):
        return helper.make_node("MaxPool", [source], [target], kernel_shape=[2, 2],
                                strides=[2, 2])

    nodes = [
        helper.make_node("Conv", ["image", weight("w1", 8, 1, 5, 5), weight("b1", 8)], ["c1"],
                         "conv1", pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"), pool("r1", "p1"),
        helper.make_node("Conv", ["p1", weight("w2", 16, 8, 5, 5), weight("b2", 16)], ["c2"],
                         "conv2", pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["c2"], ["r2"], "relu2"), pool("r2", "p2"),
        helper.make_node("Flatten", ["p2"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", weight("w3", 784, 10), weight("b3", 10)], ["logits"],
                         "classifier"),
    ]
    graph = helper.make_graph(
        nodes, "small_cnn",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def find_model(tmp):
    file = pathlib.Path(os.environ.get("PEBBLE_DATA", "")) / "onnx-models/mnist-8.onnx"
    if file.is_file():
        return file
    onnx.save(seeded_cnn(), tmp / "small_cnn.onnx")
    return tmp / "small_cnn.onnx"


def run_on(tool, tmp, model, files, name, compile_options, run_options=()):
    """(logits, what is wrong or None)."""
    package, out = tmp / f"{name}.pbl", tmp / name
    outcome = tool.call("compile", model, *compile_options, "-o", package)
    if outcome.ok:
        outcome = tool.run(package, files, out, *run_options)
    if not outcome.ok:
        return None, f"{outcome.kind}: {outcome.message}"
    return pebble.load_outputs(out)[0], None


def check_ptx(tool, tmp, model, chip):
    """What is wrong with the PTX for one chip, or None."""
    ptx = tmp / f"{chip}.ptx"
    outcome = tool.call("compile", model, "--target", "cuda", "--cpu", chip, "--emit", "ptx",
                        "-o", ptx)
    if not outcome.ok:
        return f"{outcome.kind}: {outcome.message}"
    done = subprocess.run([PTXAS, f"-arch={chip}", "-o", tmp / f"{chip}.cubin", ptx],
                          capture_output=True, text=True)
    print(f"ptxas -arch={chip}: {ptx.stat().st_size} bytes of PTX, exit {done.returncode}")
    return done.stderr.strip() or "refused" if done.returncode else None


def main():
    args = results.parser(__doc__).parse_args()
    tool = pebble.Pebble(args.build, timeout=300)
    report = results.Results(args)
    with tempfile.TemporaryDirectory(prefix="small_cnn") as scratch:
        tmp = pathlib.Path(scratch)
        model = find_model(tmp)
        session = reference.session(model)
        info = session.get_inputs()[0]
        image = np.random.default_rng(1).uniform(0, 1, info.shape).astype(np.float32)
        np.save(tmp / "image.npy", image)
        files = {info.name: tmp / "image.npy"}
        expected = session.run(None, {info.name: image})[0]
        rows = {"ONNX Runtime": expected}

        machines = {"x86": (["--target", "x86"], []),
                    "qemu-m4": (["--target", "cortexm", "--board", "qemu-m4"],
                                ["--board", "qemu-m4"])}
        if not shutil.which("qemu-system-arm"):
            report.skip("qemu-m4", "no qemu-system-arm")
            del machines["qemu-m4"]
        for name, (compile_options, run_options) in machines.items():
            logits, why = run_on(tool, tmp, model, files, name, compile_options, run_options)
            if logits is not None:
                rows[name] = logits
                ratio = pebble.worst_ratio(logits, expected)
                why = None if ratio <= TOLERANCE else f"off by {ratio:.3g} of the largest logit"
            report.add(name, why is None, why)
        print(f"logits of {model.name}:")
        for name, logits in rows.items():
            print(f"  {name:14}" + " ".join(f"{value:10.5f}" for value in logits.ravel()))

        for chip in CHIPS:
            if not PTXAS.exists():
                report.skip(f"ptx {chip}", "no ptxas (package nvidia-cuda-nvcc)")
                continue
            why = check_ptx(tool, tmp, model, chip)
            report.add(f"ptx {chip}", why is None, why)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
