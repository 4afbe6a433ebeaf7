#!/usr/bin/env python3
"""Times the float models against ONNX Runtime, interleaved in one run, and prints the table.

Batch 1, f32. With --dynamic, the models with dims that only a run knows, both with those left
dynamic and with them bound at compile time. Runs `pebble bench --vs onnxruntime`, which alternates
blocks of both engines, so that a change of the machine's speed hits both. Nothing else should run
on the machine.
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, reference, results  # noqa: E402

MODELS = ["mnist-8", "cifar_resnet_4b", "cifar_vit", "mobilenetv2_0.35", "yunet",
          "ultraface_slim", "yolox_nano", "silero_vad", "silero_vad_if", "dtln_1", "magika",
          "pillar_feature_net", "ppocr5_det", "ppocr5_rec", "ppocr_cls", "ppocr6_tiny_rec",
          "light_resnet50", "light_densenet121", "light_squeezenet", "light_shufflenet",
          "light_inception_v2"]

DYNAMIC_MODELS = ["ppocr5_rec", "ppocr6_tiny_rec", "ppocr_cls", "ppocr5_det"]


def bench(binary, model, threads, tmp, bind=True):
    """The report of `pebble bench`, or a message; `bind` compiles for the inputs' sizes."""
    file = model.find(tmp)
    if file is None:
        return f"no data ({model.model})"
    session = reference.session(file)
    symbols = {tensor.name: tensor.shape for tensor in session.get_inputs()}
    inputs, dims = [], []
    for name, value in model.inputs(session, model.runs[0]).items():
        path = tmp / f"input_{len(inputs)}.npy"
        np.save(path, value)
        inputs += ["--input", f"{name}={path}"]
        # Both engines know the sizes: ONNX Runtime plans its memory on the first run.
        for axis, (symbol, size) in enumerate(zip(symbols[name], value.shape)):
            if bind and not isinstance(symbol, int):
                dims += ["--dim", f"{symbol or f'{name}.{axis}'}={size}"]
    package, figures = tmp / "model.pbl", tmp / "bench.json"
    commands = [["compile", file, "--target", "x86", "-o", package, *dims],
                ["bench", package, "--model", file, "--threads", str(threads), "--vs",
                 "onnxruntime", "--json", figures, *inputs]]
    for command in commands:
        done = subprocess.run([binary, *command], capture_output=True, text=True, timeout=600)
        if done.returncode:
            return f"{command[0]}: exit {done.returncode}: {done.stderr.strip()[:300]}"
    return json.loads(figures.read_text(encoding="utf-8"))


def compare_dynamic(binary, report, args, by_name):
    """The table of --dynamic."""
    print("| model | dynamic, ms | bound, ms | ONNX Runtime, ms | ratio dynamic | ratio bound |")
    print("|---|---|---|---|---|---|")
    for name in [name for name in DYNAMIC_MODELS if args.filter in name]:
        figures = []
        for bind in (False, True):
            with tempfile.TemporaryDirectory(prefix="speed") as scratch:
                figures.append(bench(binary, by_name[name], args.threads, pathlib.Path(scratch),
                                     bind))
        messages = [text for text in figures if isinstance(text, str)]
        if messages:
            report.skip(name, messages[0])
            continue
        ours = [figure["pebble"]["median_ms"] for figure in figures]
        theirs = [figure["onnxruntime"]["median_ms"] for figure in figures]
        print(f"| {name} | {ours[0]:.3g} | {ours[1]:.3g} | {theirs[0]:.3g} | "
              f"{theirs[0] / ours[0]:.2f} | {theirs[1] / ours[1]:.2f} |", flush=True)
        report.add(name, True)
    return report.finish()


def main():
    p = results.parser(__doc__)
    p.add_argument("--filter", default="", help="only the models whose name contains this")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--dynamic", action="store_true", help="compare dynamic with bound dims")
    p.add_argument("--json", help="write the figures to this file")
    args = p.parse_args()
    binary = str(pathlib.Path(args.build).resolve() / "bin" / "pebble")
    report = results.Results(args)
    by_name = {model.name: model for model in models.table()}
    if args.dynamic:
        return compare_dynamic(binary, report, args, by_name)
    rows, ratios = {}, []
    print("| model | Pebble, ms | ONNX Runtime, ms | ratio |")
    print("|---|---|---|---|")
    for name in [name for name in MODELS if args.filter in name]:
        with tempfile.TemporaryDirectory(prefix="speed") as scratch:
            figures = bench(binary, by_name[name], args.threads, pathlib.Path(scratch))
        if isinstance(figures, str):
            report.skip(name, figures)
            continue
        ours, theirs = figures["pebble"]["median_ms"], figures["onnxruntime"]["median_ms"]
        rows[name] = figures
        ratios.append(theirs / ours)
        print(f"| {name} | {ours:.3g} | {theirs:.3g} | {theirs / ours:.2f} |", flush=True)
        report.add(name, True)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"\nGeometric mean of {len(ratios)} models: {mean:.2f} times ONNX Runtime's speed; "
              f"the slowest {min(ratios):.2f}.")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
