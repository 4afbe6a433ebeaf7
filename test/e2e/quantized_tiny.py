#!/usr/bin/env python3
"""The quantized networks of MLPerf Tiny against ONNX Runtime, code by code.

For each network, the codes in front of its last DequantizeLinear are compared with ONNX Runtime's
integer kernels (all optimizations) and with its float arithmetic (none), on all samples that there
are; then the float outputs, and the share of right answers on labelled samples. Where the integer
kernels of the peer are integers throughout, no code may differ.
"""
import os
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, results, shared_object  # noqa: E402

# The float tail behind the codes.
TAIL = 1e-6


def kws_samples(data):
    codes = np.load(data / "mlperf-tiny/samples/kws1000_requant_i8_49x10.npy").astype(np.float32)
    labels = np.load(data / "mlperf-tiny/samples/kws1000_y_u8.npy")
    return (codes - 83) * np.float32(0.584703), labels


def vww_samples(data):
    pictures = np.load(data / "mlperf-tiny/samples/vww200_rgb_u8_nhwc.npy")
    pictures = pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255
    return pictures, np.load(data / "mlperf-tiny/samples/vww200_y_u8.npy")


def ic_samples(data):
    pictures = np.load(data / "datasets/cifar10_ic500/x_u8_nhwc.npy").astype(np.float32)
    return pictures, np.load(data / "datasets/cifar10_ic500/y_u8.npy")


def ad_samples(data):
    path = data / "mlperf-tiny/samples/ad_normal_id_01_00000000_f32_40x640.bin"
    return np.fromfile(path, np.float32).reshape(-1, 640), None


# name, samples, whether the peer's integer kernels are integers throughout, least right answers of
# the samples.
NETWORKS = [
    ("kws", kws_samples, True, 0.905),
    ("vww", vww_samples, True, 0.9),
    ("ic", ic_samples, False, 0.878),
    ("ad", ad_samples, True, None),
]


def cut_at_codes(model):
    """The model up to the codes in front of its last DequantizeLinear."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    computed = {name for node in model.graph.node for name in node.output}
    last = [node for node in model.graph.node
            if node.op_type == "DequantizeLinear" and node.input[0] in computed][-1]
    codes = last.input[0]
    inferred = onnx.shape_inference.infer_shapes(model)
    value = next(v for v in inferred.graph.value_info if v.name == codes)
    del cut.graph.output[:]
    cut.graph.output.append(value)
    used, nodes = {codes}, []
    for node in reversed(model.graph.node):
        if used & set(node.output):
            used |= set(node.input)
            nodes.append(node)
    del cut.graph.node[:]
    cut.graph.node.extend(reversed(nodes))
    return cut


def peer(model, optimized):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def compiled(tool, model, folder, name, *options):
    file = folder / f"{name}.onnx"
    onnx.save(model, file)
    outcome = tool.compile(file, folder / f"{name}.so", "--emit", "so", *options)
    if not outcome.ok:
        raise RuntimeError(f"compile: {outcome.kind}: {outcome.message}")
    return shared_object.SharedObject(folder / f"{name}.so", *shared_object.signature(model))


def difference(ours, theirs):
    """(number of differing codes, largest difference)."""
    distance = np.abs(ours.astype(np.int32) - theirs.astype(np.int32))
    return int(np.count_nonzero(distance)), int(distance.max(initial=0))


def check(tool, report, data, row, folder):
    name, load, isExact, least = row
    model = onnx.load(data / f"mlperf-tiny/onnx/{name}_qdq_int8.onnx")
    samples, labels = load(data)
    cut = cut_at_codes(model)
    ours, whole = compiled(tool, cut, folder, f"{name}_codes"), compiled(tool, model, folder, name)
    integer, literal, full = peer(cut, True), peer(cut, False), peer(model, True)
    feed = cut.graph.input[0].name
    shape = shared_object.signature(cut)[0][0][0]
    codes, tail, right = {"ours": [], "integer": [], "float": []}, 0.0, 0
    for index, sample in enumerate(samples):
        x = sample.reshape(shape).astype(np.float32)
        codes["ours"].append(ours.run([x])[0].copy())
        codes["integer"].append(integer.run(None, {feed: x})[0])
        codes["float"].append(literal.run(None, {feed: x})[0])
        y = whole.run([x])[0]
        if np.array_equal(codes["ours"][-1], codes["integer"][-1]):
            tail = max(tail, float(np.abs(y - full.run(None, {feed: x})[0]).max()))
        if labels is not None:
            right += int(np.argmax(y) == labels[index])
    codes = {key: np.concatenate(value) for key, value in codes.items()}
    byInteger = difference(codes["ours"], codes["integer"])
    byFloat = difference(codes["ours"], codes["float"])
    peers = difference(codes["integer"], codes["float"])
    total = codes["ours"].size
    text = (f"{name}: {len(samples)} samples, {total} codes; differ from integer kernels: "
            f"{byInteger[0]} (largest {byInteger[1]}), from float: {byFloat[0]} (largest "
            f"{byFloat[1]}); the peer's two answers: {peers[0]} (largest {peers[1]}); "
            f"tail {tail:.2g}")
    if labels is not None:
        text += f"; right {right / len(samples):.3f}"
    print(text, flush=True)
    if isExact:
        report.add(f"{name}: codes", byInteger[0] == 0, f"{byInteger[0]} codes differ")
    report.add(f"{name}: tail", tail <= TAIL, f"float outputs differ by {tail:.3g}")
    if least is not None:
        report.add(f"{name}: answers", right / len(samples) >= least,
                   f"{right / len(samples):.3f} right; expected {least} or more")


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere"))
    if not (data / "mlperf-tiny").is_dir():
        for row in NETWORKS:
            report.skip(row[0], "no data: set PEBBLE_DATA")
        return report.finish()
    tool = pebble.Pebble(args.build, timeout=300)
    with tempfile.TemporaryDirectory(prefix="tiny") as scratch:
        for row in NETWORKS:
            check(tool, report, data, row, pathlib.Path(scratch))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
