#!/usr/bin/env python3
"""The share of right answers of MLPerf Tiny's quantized networks on all labelled samples.

A command of its own: the 1,000 photos of visual wake words are JPEG files, which Pillow reads (`pip
install pillow`). ONNX Runtime's integer kernels answer the same samples.
"""
import io
import os
import pathlib
import sys
import tarfile
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from e2e import quantized_tiny  # noqa: E402
from support import pebble, quantized_peer, results, shared_object  # noqa: E402


def photos(data):
    from PIL import Image
    samples = data / "mlperf-tiny/samples"
    rows = (samples / "vww1000_labels.csv").read_text().split()[1:]
    labels = {name: int(label) for name, label in (row.split(",") for row in rows)}
    pictures, answers = [], []
    with tarfile.open(samples / "vww1000_jpg.tar.xz") as archive:
        for member in archive:
            name = pathlib.Path(member.name).name
            if name in labels:
                picture = Image.open(io.BytesIO(archive.extractfile(member).read()))
                # Red and blue are swapped in the files.
                pictures.append(np.asarray(picture.convert("RGB"))[:, :, ::-1])
                answers.append(labels[name])
    planes = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 255
    return planes, np.array(answers)


SETS = {"kws": quantized_tiny.kws_samples, "vww": photos, "ic": quantized_tiny.ic_samples}


def main():
    args = results.parser(__doc__).parse_args()
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere"))
    if not (data / "mlperf-tiny").is_dir():
        sys.exit("there is no data: set PEBBLE_DATA")
    tool = pebble.Pebble(args.build, timeout=300)
    for name, load in SETS.items():
        model = onnx.load(data / f"mlperf-tiny/onnx/{name}_qdq_int8.onnx")
        samples, labels = load(data)
        peer = quantized_peer.session(model, "integer")
        with tempfile.TemporaryDirectory(prefix="accuracy") as folder:
            ours = quantized_tiny.compiled(tool, model, pathlib.Path(folder), name)
            (shape, _), = ours.inputs
            feed, right = model.graph.input[0].name, np.zeros(2, int)
            for sample, label in zip(samples, labels):
                x = sample.reshape(shape).astype(np.float32)
                right += [np.argmax(ours.run([x])[0]) == label,
                          np.argmax(peer.run(None, {feed: x})[0]) == label]
        print(f"{name}: {len(labels)} samples, right: Pebble {right[0] / len(labels):.3f}, "
              f"ONNX Runtime {right[1] / len(labels):.3f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
