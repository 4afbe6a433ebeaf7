#!/usr/bin/env python3
"""Runs the official ONNX node tests that the pinned onnx package carries.

Each test is compiled and run on its own test data, and its outputs are compared with the official
tolerances. What does not pass must stand in expected_failures.txt with its kind and reason: a test
that newly fails, newly passes or fails in another way makes the suite red until the list says so
(--update rewrites it; read the difference before you commit it).
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
import onnx.backend.test
from onnx import numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import expected, pebble, results  # noqa: E402

HERE = pathlib.Path(__file__).parent
NODE_TESTS = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "node"
# The official runner's tolerances.
RTOL, ATOL = 1e-3, 1e-7
# Their values are random by definition: compared by number, shape and type.
RANDOM = {
    "test_bernoulli", "test_bernoulli_double", "test_bernoulli_double_expanded",
    "test_bernoulli_expanded", "test_bernoulli_seed", "test_bernoulli_seed_expanded",
    "test_training_dropout", "test_training_dropout_default",
    "test_training_dropout_default_mask", "test_training_dropout_mask",
}


def reference_outputs(folder):
    arrays = []
    while (path := folder / f"output_{len(arrays)}.pb").exists():
        tensor = onnx.TensorProto()
        tensor.ParseFromString(path.read_bytes())
        arrays.append(numpy_helper.to_array(tensor))
    return arrays


def codes(array):
    """The bytes of elements of a byte or less, without the bits that are not theirs."""
    narrow = {"int4": 4, "uint4": 4, "float4_e2m1fn": 4, "int2": 2, "uint2": 2}
    return array.view(np.uint8) & (2 ** narrow.get(array.dtype.name, 8) - 1)


def difference(ours, reference, values):
    """What is wrong with `ours`, or None."""
    if len(ours) != len(reference):
        return f"{len(ours)} outputs instead of {len(reference)}"
    for i, (a, b) in enumerate(zip(ours, reference)):
        # .npy files have no name for the types of ml_dtypes.
        is_named = not hasattr(ml_dtypes, b.dtype.name)
        if not is_named and a.dtype.itemsize == b.dtype.itemsize and a.dtype.kind in "ui":
            a = a.view(b.dtype)
        if a.dtype != b.dtype:
            return f"output {i} is {a.dtype} instead of {b.dtype}"
        if a.shape != b.shape:
            return f"output {i} has shape {list(a.shape)} instead of {list(b.shape)}"
        if not is_named and a.dtype.itemsize == 1 and values:
            # Two codes next to each other may be within the tolerance, but one of them is wrong.
            a, b = codes(a), codes(b)
            if not np.array_equal(a, b):
                return f"output {i} has {np.count_nonzero(a != b)} other codes"
            continue
        if not is_named:
            a, b = a.astype(np.float32), b.astype(np.float32)
        if values and not np.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True):
            return f"output {i} is off by up to {pebble.worst_ratio(a, b):.3g} of the largest value"
    return None


def run_test(tool, name):
    folder = NODE_TESTS / name
    with tempfile.TemporaryDirectory(prefix="conformance") as tmp:
        package = pathlib.Path(tmp) / "model.pbl"
        outcome = tool.compile(folder / "model.onnx", package)
        if not outcome.ok:
            return outcome
        for data in sorted(folder.glob("test_data_set_*")):
            out = pathlib.Path(tmp) / data.name
            outcome = tool.call("run", package, "--test-data", data, "--output-dir", out,
                                "--threads", 1)
            if outcome.kind not in ("pass", "wrong"):
                # What compiles must run.
                return pebble.Outcome("crash", f"run: {outcome.kind}: {outcome.message}")
            why = difference(pebble.load_outputs(out), reference_outputs(data),
                             name not in RANDOM)
            if why:
                return pebble.Outcome("wrong", why)
            if outcome.kind == "wrong" and name not in RANDOM:
                return pebble.Outcome("wrong", f"only by --test-data: {outcome.message}")
    return pebble.Outcome("pass")


def main():
    p = results.parser(__doc__)
    p.add_argument("--update", action="store_true", help="rewrite expected_failures.txt")
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--filter", default="", help="run only the tests whose name contains this")
    p.add_argument("--json", help="write each test's outcome to this file")
    args = p.parse_args()

    names = sorted(name for name in os.listdir(NODE_TESTS) if args.filter in name)
    tool = pebble.Pebble(args.build)
    outcomes = {}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, outcome in zip(names, pool.map(lambda n: run_test(tool, n), names)):
            outcomes[name] = outcome
            if len(outcomes) % 100 == 0:
                print(f"{len(outcomes)} of {len(names)} done", flush=True)

    kinds = collections.Counter(outcome.kind for outcome in outcomes.values())
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    if args.json:
        rows = {name: {"kind": o.kind, "message": o.message} for name, o in outcomes.items()}
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")

    failures = expected.Failures(HERE / "expected_failures.txt")
    if args.update:
        failures.update(outcomes)
    report = results.Results(args)
    failures.judge(outcomes, report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
