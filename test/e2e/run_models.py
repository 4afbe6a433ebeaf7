#!/usr/bin/env python3
"""Compiles the real models of models.json, runs them and compares with ONNX Runtime.

Each output must satisfy max|difference| / max|reference| <= 1e-4. Quantized models are compared
twice. As they compile by default, with ONNX Runtime's integer kernels: the codes are the same, so
the limit is that of the float layers behind them. With --qdq=float, with ONNX Runtime node by node:
sums in f32 have another order there, and one step of a quantized value may differ, 1/64 of the
largest value.
"""
import concurrent.futures
import dataclasses
import pathlib
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, pebble, quantized_peer, reference, results  # noqa: E402

TOLERANCE = 1e-4
QUANTIZED_TOLERANCE = 1 / 64


@dataclasses.dataclass
class Way:
    """How both sides compute a model."""
    session: object
    tolerance: float
    options: list = dataclasses.field(default_factory=list)


def ways(model, file):
    if not model.quantized:
        return [Way(reference.session(file), TOLERANCE)]
    return [Way(quantized_peer.session(onnx.load(file), "integer"), TOLERANCE),
            Way(reference.session(file, optimized=False), QUANTIZED_TOLERANCE, ["--qdq=float"])]


def check_run(tool, package, model, way, run, tmp):
    """(worst ratio, what is wrong or None) of one set of inputs."""
    feeds = model.inputs(way.session, run)
    files = {}
    for i, (name, value) in enumerate(feeds.items()):
        files[name] = tmp / f"input_{i}.npy"
        np.save(files[name], value)
    out = tmp / "out"
    outcome = tool.run(package, files, out)
    if not outcome.ok:
        return None, f"run: {outcome.kind}: {outcome.message}"
    ours, theirs = pebble.load_outputs(out), way.session.run(None, feeds)
    if len(ours) != len(theirs):
        return None, f"{len(ours)} outputs instead of {len(theirs)}"
    worst = max(pebble.worst_ratio(a, b) for a, b in zip(ours, theirs))
    return worst, None if worst <= way.tolerance else f"off by {worst:.3g} of the largest value"


def check(tool, model):
    """(status, text): status is "pass", "failed" or "skipped"."""
    with tempfile.TemporaryDirectory(prefix="models") as scratch:
        tmp = pathlib.Path(scratch)
        file = model.find(tmp)
        if file is None:
            return "skipped", f"no data ({model.model})"
        package = tmp / "model.pbl"
        if model.expect != "pass":
            outcome = tool.compile(file, package, *model.bindings)
            text = f"{outcome.kind}: {outcome.message}"
            return ("pass" if outcome.kind == model.expect else "failed"), text
        worst = []
        for way in ways(model, file):
            outcome = tool.compile(file, package, *model.bindings, *way.options)
            if not outcome.ok:
                return "failed", f"compile: {outcome.kind}: {outcome.message}"
            worst.append(0.0)
            for i, run in enumerate(model.runs):
                folder = tmp / f"run_{len(worst)}_{i}"
                folder.mkdir()
                ratio, why = check_run(tool, package, model, way, run, folder)
                if why:
                    return "failed", f"{' '.join(way.options)} inputs {i}: {why}"
                worst[-1] = max(worst[-1], ratio)
        text = ", ".join(f"{ratio:.1e}" for ratio in worst)
        return "pass", f"{len(model.runs)} sets of inputs, off by at most {text}"


def main():
    p = results.parser(__doc__)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--filter", default="", help="run only the models whose name contains this")
    p.add_argument("--heavy", action="store_true", help="also those of hundreds of megabytes")
    args = p.parse_args()
    tool = pebble.Pebble(args.build, timeout=300)
    report = results.Results(args)
    rows = [row for row in models.table() if args.filter in row.name]
    for row in [row for row in rows if row.heavy and not args.heavy]:
        report.skip(row.name, "heavy; --heavy runs it")
        rows.remove(row)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for model, (status, text) in zip(rows, pool.map(lambda row: check(tool, row), rows)):
            if status == "skipped":
                report.skip(model.name, text)
                continue
            report.add(model.name, status == "pass", text)
            if status == "pass":
                print(f"passed {model.name} ({model.what}): {text}", flush=True)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
