#!/usr/bin/env python3
"""The quantized networks of MLPerf Tiny against ONNX Runtime, code by code.

For each network, the codes in front of its last DequantizeLinear are compared with the three
answers of ONNX Runtime (support/quantized_peer.py), on all samples that there are; then the float
outputs, and the share of right answers on labelled samples. From its integer kernels no code may
differ, and from its default none where that is integers throughout.
"""
import os
import pathlib
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, quantized_peer, results, shared_object  # noqa: E402

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


# name, samples, whether the peer computes it in integers by default, least right answers of the
# samples.
NETWORKS = [
    ("kws", kws_samples, True, 0.905),
    ("vww", vww_samples, True, 0.9),
    ("ic", ic_samples, False, 0.878),
    ("ad", ad_samples, True, None),
]


def compiled(tool, model, folder, name, *options):
    file = folder / f"{name}.onnx"
    onnx.save(model, file)
    outcome = tool.compile(file, folder / f"{name}.so", "--emit", "so", *options)
    if not outcome.ok:
        raise RuntimeError(f"compile: {outcome.kind}: {outcome.message}")
    return shared_object.SharedObject(folder / f"{name}.so", *shared_object.signature(model))


def check(tool, report, data, row, folder):
    name, load, isExact, least = row
    model = onnx.load(data / f"mlperf-tiny/onnx/{name}_qdq_int8.onnx")
    samples, labels = load(data)
    cut = quantized_peer.cut_at_codes(model)
    ours, whole = compiled(tool, cut, folder, f"{name}_codes"), compiled(tool, model, folder, name)
    peers = {answer: quantized_peer.session(cut, answer) for answer in quantized_peer.ANSWERS}
    full = quantized_peer.session(model, "integer")
    feed = cut.graph.input[0].name
    shape = shared_object.signature(cut)[0][0][0]
    differing = {answer: [0, 0] for answer in peers}
    total, tail, right = 0, 0.0, 0
    for index, sample in enumerate(samples):
        x = sample.reshape(shape).astype(np.float32)
        codes = ours.run([x])[0].copy()
        total += codes.size
        for answer, peer in peers.items():
            count, largest = quantized_peer.difference(codes, peer.run(None, {feed: x})[0])
            differing[answer][0] += count
            differing[answer][1] = max(differing[answer][1], largest)
        y = whole.run([x])[0]
        tail = max(tail, float(np.abs(y - full.run(None, {feed: x})[0]).max()))
        if labels is not None:
            right += int(np.argmax(y) == labels[index])
    text = f"{name}: {len(samples)} samples, {total} codes; differ from ONNX Runtime's answers: "
    text += ", ".join(f"{answer} {count} (largest {largest})"
                      for answer, (count, largest) in differing.items())
    text += f"; tail {tail:.2g}"
    if labels is not None:
        text += f"; right {right / len(samples):.3f}"
    print(text, flush=True)
    for answer in ("integer", "default") if isExact else ("integer",):
        report.add(f"{name}: codes, {answer}", differing[answer][0] == 0,
                   f"{differing[answer][0]} codes differ")
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
