#!/usr/bin/env python3
"""MLPerf Tiny's quantized networks on all samples: codes and the share of right answers.

A command of its own: the 1,000 photos of visual wake words are JPEG files, which Pillow reads (`pip
install pillow`). ONNX Runtime's integer kernels answer the same samples. Fails where a code is not
theirs, or changes when nothing is removed that range analysis finds needless.
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


SETS = {"kws": quantized_tiny.kws_samples, "vww": photos, "ic": quantized_tiny.ic_samples,
        "ad": quantized_tiny.ad_samples}


def compare(tool, model, samples, labels, folder):
    """Counts over all samples: codes, those that differ from the peer's, those that change without
    range analysis, and right answers of Pebble and of the peer."""
    cut = quantized_peer.cut_at_codes(model)
    ours = quantized_tiny.compiled(tool, cut, folder, "codes")
    plain = quantized_tiny.compiled(tool, cut, folder, "plain", "--range-analysis", "off")
    whole = quantized_tiny.compiled(tool, model, folder, "whole")
    peer = quantized_peer.session(cut, "integer")
    whole_peer = quantized_peer.session(model, "integer")
    (shape, _), = whole.inputs
    feed, counts = model.graph.input[0].name, np.zeros(5, int)
    for index, sample in enumerate(samples):
        x = sample.reshape(shape).astype(np.float32)
        codes = ours.run([x])[0].copy()
        others = (peer.run(None, {feed: x})[0], plain.run([x])[0])
        counts[:3] += [codes.size, *(quantized_peer.difference(codes, y)[0] for y in others)]
        if labels is not None:
            counts[3:] += [np.argmax(whole.run([x])[0]) == labels[index],
                           np.argmax(whole_peer.run(None, {feed: x})[0]) == labels[index]]
    return counts


def main():
    args = results.parser(__doc__).parse_args()
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere"))
    if not (data / "mlperf-tiny").is_dir():
        sys.exit("there is no data: set PEBBLE_DATA")
    tool = pebble.Pebble(args.build, timeout=300)
    wrong = 0
    for name, load in SETS.items():
        model = onnx.load(data / f"mlperf-tiny/onnx/{name}_qdq_int8.onnx")
        samples, labels = load(data)
        with tempfile.TemporaryDirectory(prefix="accuracy") as folder:
            counts = compare(tool, model, samples, labels, pathlib.Path(folder))
        wrong += counts[1] + counts[2]
        text = (f"{name}: {len(samples)} samples, {counts[0]} codes, {counts[1]} of them other "
                f"than ONNX Runtime's, {counts[2]} other without range analysis")
        if labels is not None:
            text += (f"; right: Pebble {counts[3] / len(labels):.3f}, "
                     f"ONNX Runtime {counts[4] / len(labels):.3f}")
        print(text, flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
