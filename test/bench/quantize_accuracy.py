#!/usr/bin/env python3
"""How accurate post-training quantization leaves labelled models, beside ONNX Runtime's quantizer.

`pebble quantize` and onnxruntime.quantization (static QDQ, weights a channel, with MinMax, Entropy
and Percentile) get the same float model and calibration samples; no sample is in both sets.
What they write is compiled by Pebble with integer layers and run on the evaluation set, and run by
ONNX Runtime. The pictures are in $PEBBLE_DATA, and reading them needs the package Pillow. It is no
test: it takes minutes. Fails where a model is less accurate than the peer's best.
"""
import argparse
import io
import json
import logging
import os
import pathlib
import sys
import tarfile
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnxruntime import quantization
from onnxruntime.quantization import shape_inference

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, shared_object  # noqa: E402

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
METHODS = {"MinMax": quantization.CalibrationMethod.MinMax,
           "Entropy": quantization.CalibrationMethod.Entropy,
           "Percentile": quantization.CalibrationMethod.Percentile}


def decode(data):
    from PIL import Image
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def cifar(data, scale, calibration, evaluation):
    """Training pictures to calibrate, the lossless and the JPEG test pictures to evaluate."""
    rng = np.random.default_rng(0)
    with tarfile.open(data / "datasets/cifar10_jpeg60k/cifar10_jpeg60k.tar.xz") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.name.endswith(".jpg")}
    train = sorted(name for name in files if name.startswith("train/"))
    test = sorted(name for name in files if name.startswith("test/"))
    chosen = rng.choice(len(train), calibration, replace=False)
    test = [test[i] for i in rng.permutation(len(test))[:evaluation]]
    lossless = np.load(data / "datasets/cifar10_ic500/x_u8_nhwc.npy")
    labels = np.load(data / "datasets/cifar10_ic500/y_u8.npy")
    return (scale(np.stack([decode(files[train[i]]) for i in chosen])),
            {"ic500": (scale(lossless), labels),
             "jpeg": (scale(np.stack([decode(files[name]) for name in test])),
                      np.array([CLASSES.index(name.split("/")[1]) for name in test]))})


def vww(data, calibration, evaluation):
    rows = (data / "mlperf-tiny/samples/vww1000_labels.csv").read_text().split()[1:]
    labels = {name: int(label) for name, label in (row.split(",") for row in rows)}
    with tarfile.open(data / "mlperf-tiny/samples/vww1000_jpg.tar.xz") as archive:
        files = {pathlib.Path(m.name).name: archive.extractfile(m).read()
                 for m in archive if m.name.endswith(".jpg")}
    names = sorted(files)
    order = np.random.default_rng(0).permutation(len(names))
    # Red and blue are swapped in the files.
    pictures = np.stack([decode(files[names[i]])[..., ::-1] for i in order])
    pictures = pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255
    truth = np.array([labels[names[i]] for i in order])
    rest = slice(calibration, calibration + evaluation)
    return pictures[:calibration], {"rest": (pictures[rest], truth[rest])}


def raw(pictures):
    return pictures.transpose(0, 3, 1, 2).astype(np.float32)


def normalized(pictures):
    mean = np.array([.4914, .4822, .4465], np.float32)
    deviation = np.array([.2471, .2435, .2616], np.float32)
    return ((pictures.astype(np.float32) / 255 - mean) / deviation).transpose(0, 3, 1, 2)


NETWORKS = {
    "ic": ("mlperf-tiny/onnx/ic_fp32.onnx", lambda data, c, e: cifar(data, raw, c, e)),
    "vww": ("mlperf-tiny/onnx/vww_fp32.onnx", vww),
    "cifar_resnet_4b": ("onnx-models/cifar_resnet_4b.onnx",
                        lambda data, c, e: cifar(data, normalized, c, e)),
}


class Reader(quantization.CalibrationDataReader):
    def __init__(self, name, samples):
        self.feeds = iter([{name: sample[None]} for sample in samples])

    def get_next(self):
        return next(self.feeds, None)


def peer_models(path, name, samples, folder):
    """(method, file) of each model that ONNX Runtime's quantizer makes."""
    model = onnx.load(path)
    if model.opset_import[0].version < 13:
        model = onnx.version_converter.convert_version(model, 13)
    onnx.save(model, folder / "raised.onnx")
    shape_inference.quant_pre_process(folder / "raised.onnx", folder / "ready.onnx",
                                      skip_symbolic_shape=True)
    for label, method in METHODS.items():
        target = folder / f"ort_{label}.onnx"
        quantization.quantize_static(folder / "ready.onnx", target, Reader(name, samples),
                                     quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                                     activation_type=quantization.QuantType.QUInt8,
                                     weight_type=quantization.QuantType.QInt8,
                                     calibrate_method=method)
        yield f"ORT {label}", target


def by_pebble(tool, file, folder):
    outcome = tool.compile(file, folder / f"{file.stem}.so", "--emit", "so")
    if not outcome.ok:
        raise RuntimeError(f"compile {file.name}: {outcome.message}")
    model = onnx.load(file)
    loaded = shared_object.SharedObject(folder / f"{file.stem}.so",
                                        *shared_object.signature(model))
    return lambda x: loaded.run([x])[0]


def by_peer(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def accuracy(run, pictures, labels):
    return sum(int(np.argmax(run(picture[None]))) == label
               for picture, label in zip(pictures, labels)) / len(labels)


def measure(tool, data, network, args, folder):
    path, load = NETWORKS[network]
    calibration, sets = load(data, args.calibration, args.evaluation)
    model = onnx.load(data / path)
    weights = {tensor.name for tensor in model.graph.initializer}
    name = next(i.name for i in model.graph.input if i.name not in weights)
    np.savez(folder / "samples.npz", **{name: calibration})
    rows = [("float", data / path)]
    for words in args.options or [""]:
        target = folder / f"pebble{len(rows)}.onnx"
        begin = time.monotonic()
        outcome = tool.call("quantize", data / path, "--calibrate", folder / "samples.npz", "-o",
                            target, *words.split())
        if not outcome.ok:
            raise RuntimeError(f"quantize {network} {words}: {outcome.message}")
        rows.append((f"pebble {words}".strip(), target))
        print(f"{network}: pebble {words}: {time.monotonic() - begin:.1f} s", flush=True)
    rows += peer_models(data / path, name, calibration, folder)
    table = []
    for label, file in rows:
        ours, theirs = by_pebble(tool, file, folder), by_peer(file)
        entry = {"network": network, "model": label}
        for part, (pictures, labels) in sets.items():
            entry[f"{part} by Pebble"] = accuracy(ours, pictures, labels)
            entry[f"{part} by ONNX Runtime"] = accuracy(theirs, pictures, labels)
        table.append(entry)
        print("  ".join(f"{key} {value:.4f}" if isinstance(value, float) else str(value)
                        for key, value in entry.items()), flush=True)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--calibration", type=int, default=200, help="samples to calibrate with")
    parser.add_argument("--evaluation", type=int, default=10000, help="most samples to evaluate")
    parser.add_argument("--options", action="append",
                        help="options of `pebble quantize`, a set each time; the first is judged")
    parser.add_argument("--json", help="write the table to this file")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere"))
    if not (data / "mlperf-tiny").is_dir():
        sys.exit("no data: set PEBBLE_DATA")
    tool = pebble.Pebble(args.build, timeout=600)
    table, worse = [], []
    for network in args.networks:
        with tempfile.TemporaryDirectory(prefix="quantize") as scratch:
            rows = measure(tool, data, network, args, pathlib.Path(scratch))
        table += rows
        for key in [key for key in rows[0] if key.endswith("by Pebble")]:
            ours = next(row for row in rows if row["model"].startswith("pebble"))[key]
            best = max(row[key] for row in rows if row["model"].startswith("ORT"))
            print(f"{network}: {key}: {ours:.4f}, the peer's best {best:.4f}", flush=True)
            if ours < best:
                worse.append(f"{network} {key}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(table, indent=1) + "\n")
    if worse:
        sys.exit(f"less accurate than the peer: {', '.join(worse)}")


if __name__ == "__main__":
    main()
