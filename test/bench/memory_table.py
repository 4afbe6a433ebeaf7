#!/usr/bin/env python3
"""The memory that a run of each model takes next to ONNX Runtime's, and prints the table.

Pebble's is the arena plus the outputs, which lie in the caller's memory; ONNX Runtime's is what its
arena holds at most in two runs, less what it holds before the first, its weights. Neither counts
inputs. All sizes are bound at compile time. The bound is that of the plan: no placement of these
buffers in this order needs less.
"""
import json
import multiprocessing
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, pebble, peer_memory, reference, results  # noqa: E402


def measure(tool, model, folder):
    """Figures of one model, or a message."""
    file = model.find(folder)
    if file is None:
        return f"no data ({model.model})"
    session = reference.session(file)
    inputs = model.inputs(session, model.runs[0])
    package = folder / "model.pbl"
    outcome = tool.compile(file, package, *models.bind_dims(session, inputs))
    if not outcome.ok:
        return f"compile: {outcome.kind}: {outcome.message}"
    figures = folder / "report.json"
    outcome = tool.call("report", package, "--json", figures)
    if not outcome.ok:
        return f"report: {outcome.kind}: {outcome.message}"
    arena = json.loads(figures.read_text(encoding="utf-8"))["arena"]
    names = [output.name for output in session.get_outputs()]
    outputs = sum(np.asarray(value).nbytes for value in session.run(None, inputs))
    del session
    # In a process of its own: nothing of one model's arena is left for the next.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        peer = pool.apply(peer_memory.activation_bytes, (file, inputs, names))
    return {"arena_bytes": arena["bytes"], "lower_bound_bytes": arena["lower_bound_bytes"],
            "output_bytes": outputs, "onnxruntime_bytes": peer,
            "ratio": peer / (arena["bytes"] + outputs)}


def main():
    p = results.parser(__doc__)
    models.add_choice(p)
    p.add_argument("--json", help="write the figures to this file")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=600)
    rows = {}
    print("| model | arena, KiB | bound, KiB | outputs, KiB | ONNX Runtime, KiB | ratio |")
    print("|---|---|---|---|---|---|")
    for model in models.chosen(args):
        with tempfile.TemporaryDirectory(prefix="memory") as scratch:
            figures = measure(tool, model, pathlib.Path(scratch))
        if isinstance(figures, str):
            report.skip(model.name, figures)
            continue
        rows[model.name] = figures
        cells = [figures[key] / 1024 for key in ("arena_bytes", "lower_bound_bytes",
                                                 "output_bytes", "onnxruntime_bytes")]
        print(f"| {model.name} | {' | '.join(f'{cell:.1f}' for cell in cells)} | "
              f"{figures['ratio']:.2f} |", flush=True)
        report.add(model.name, figures["ratio"] >= 1, f"{figures}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
