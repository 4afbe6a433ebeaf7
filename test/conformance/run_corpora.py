#!/usr/bin/env python3
"""Compiles and runs the small models of $PEBBLE_DATA/onnx-corpora against ONNX Runtime.

Every model either compiles and equals ONNX Runtime on seeded random inputs or is refused with a
message. What is refused must stand in corpora_expected.txt (--update rewrites it). A model that
ONNX Runtime cannot run is skipped once it has compiled and run, or been refused, cleanly.
"""
import collections
import concurrent.futures
import os
import pathlib
import sys
import tarfile
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import expected, pebble, reference, results  # noqa: E402

HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-4
# Half-precision results round at every node, where ONNX Runtime may compute in float.
HALF_TOLERANCE = 4e-3
RANDOM_OPS = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
              "Bernoulli", "Multinomial"}
# What free dimensions are set to, and the range of integers: the first pair that runs is taken.
ATTEMPTS = [(2, (0, 2)), (2, (1, 3)), (3, (0, 2)), (1, (0, 1)), (1, (1, 2)), (4, (0, 2)),
            (5, (1, 2)), (8, (0, 2))]


def inside(name):
    path = pathlib.PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def operators(graph):
    """Every operator of a graph and its subgraphs."""
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            for sub in [attribute.g, *attribute.graphs]:
                yield from operators(sub)


def reference_run(path):
    """(inputs, outputs) of the first attempt that ONNX Runtime accepts, or None."""
    try:
        session = reference.session(path)
    except Exception:  # ONNX Runtime's errors share no narrower base
        return None
    for size, integers in ATTEMPTS:
        rng = np.random.default_rng(0)
        try:
            feeds = {}
            for info in session.get_inputs():
                dtype = reference.DTYPES[info.type]
                span = integers if np.issubdtype(dtype, np.integer) else None
                feeds[info.name] = reference.make_input(
                    rng, dtype, reference.bound_shape(info, size), span)
            return feeds, session.run(None, feeds)
        except Exception:
            continue
    return None


def compare(ours, theirs, values):
    if len(ours) != len(theirs):
        return f"{len(ours)} outputs instead of {len(theirs)}"
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"output {i} is {a.dtype}{list(a.shape)} instead of {b.dtype}{list(b.shape)}"
        ratio = pebble.worst_ratio(a, b) if values else 0.0
        if ratio > (HALF_TOLERANCE if b.dtype == np.float16 else TOLERANCE):
            return f"output {i} is off by {ratio:.3g} of the largest value"
    return None


def run_model(tool, path, tmp):
    package = tmp / "model.pbl"
    outcome = tool.compile(path, package)
    answer = reference_run(path)
    if not outcome.ok or answer is None:
        # Malformed files are in the corpus on purpose.
        if outcome.kind == "rejected" and answer is not None:
            return pebble.Outcome("stricter", f"rejects what ONNX Runtime runs: {outcome.message}")
        return outcome if not outcome.ok else pebble.Outcome("no reference")
    feeds, theirs = answer
    files = {}
    for i, (name, value) in enumerate(feeds.items()):
        files[name] = tmp / f"input_{i}.npy"
        np.save(files[name], value)
    outcome = tool.run(package, files, tmp / "out")
    if not outcome.ok:
        return pebble.Outcome("crash", f"run: {outcome.kind}: {outcome.message}")
    values = not RANDOM_OPS & set(operators(onnx.load(path).graph))
    why = compare(pebble.load_outputs(tmp / "out"), theirs, values)
    return pebble.Outcome("wrong", why) if why else outcome


def main():
    p = results.parser(__doc__)
    p.add_argument("--update", action="store_true", help="rewrite corpora_expected.txt")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--filter", default="", help="run only the models whose path contains this")
    args = p.parse_args()
    report = results.Results(args)
    archive = pathlib.Path(os.environ.get("PEBBLE_DATA", "")) / "onnx-corpora/burn-onnx.tar.xz"
    if not archive.is_file():
        report.skip("onnx-corpora", "no data ($PEBBLE_DATA/onnx-corpora/burn-onnx.tar.xz)")
        return report.finish()

    tool = pebble.Pebble(args.build)
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="corpora") as tmp:
        root = pathlib.Path(tmp)
        with tarfile.open(archive) as tar:
            tar.extractall(root, [m for m in tar if m.isfile() and inside(m.name)])
        models = sorted(path for path in root.rglob("*.onnx") if args.filter in str(path))

        def run(path):
            with tempfile.TemporaryDirectory(prefix="corpora") as scratch:
                return run_model(tool, path, pathlib.Path(scratch))

        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for path, outcome in zip(models, pool.map(run, models)):
                name = str(path.relative_to(root)).replace(" ", "_")
                outcome.message = outcome.message.replace(str(root), "")
                outcomes[name] = outcome
                if len(outcomes) % 100 == 0:
                    print(f"{len(outcomes)} of {len(models)} done", flush=True)

    kinds = collections.Counter(outcome.kind for outcome in outcomes.values())
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    for name in [name for name, o in outcomes.items() if o.kind == "no reference"]:
        report.gap(name)
        del outcomes[name]
    failures = expected.Failures(HERE / "corpora_expected.txt")
    if args.update:
        failures.update(outcomes)
    failures.judge(outcomes, report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
