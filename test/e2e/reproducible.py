#!/usr/bin/env python3
"""The same model gives the same package, and the same inputs the same results.

A model compiled twice, from copies in different folders, gives identical bytes; it gives identical
results with one thread and with two.
"""
import pathlib
import shutil
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, pebble, reference, results  # noqa: E402

# One of each kind: convolutions, dynamic shapes, recurrence with control flow.
MODELS = ["light_squeezenet", "ppocr6_tiny_rec", "magika", "silero_vad_if"]


def compile_in(tool, folder, file, options):
    folder.mkdir()
    copy = folder / "model.onnx"
    shutil.copy(file, copy)
    package = folder / "model.pbl"
    outcome = tool.compile(copy, package, *options)
    return package if outcome.ok else sys.exit(f"cannot compile {file}: {outcome.message}")


def run_with(tool, threads, package, files, out):
    outcome = tool.run(package, files, out, "--threads", threads)
    return pebble.load_outputs(out) if outcome.ok else sys.exit(f"cannot run: {outcome.message}")


def main():
    args = results.parser(__doc__).parse_args()
    tool = pebble.Pebble(args.build, timeout=200)
    report = results.Results(args)
    for model in models.table():
        if model.name not in MODELS:
            continue
        with tempfile.TemporaryDirectory(prefix="reproducible") as scratch:
            tmp = pathlib.Path(scratch)
            file = model.find(tmp)
            first = compile_in(tool, tmp / "a", file, model.bindings)
            second = compile_in(tool, tmp / "another_folder", file, model.bindings)
            report.add(f"{model.name} bytes", first.read_bytes() == second.read_bytes(),
                       "two compilations of one model differ")
            files = {}
            for name, value in model.inputs(reference.session(file), model.runs[0]).items():
                files[name] = tmp / f"input_{len(files)}.npy"
                np.save(files[name], value)
            one = run_with(tool, 1, first, files, tmp / "one")
            two = run_with(tool, 2, first, files, tmp / "two")
            same = len(one) == len(two) and all(a.tobytes() == b.tobytes()
                                                for a, b in zip(one, two))
            report.add(f"{model.name} threads", same, "1 and 2 threads give different results")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
