#!/usr/bin/env python3
"""Feeds malformed and hostile ONNX files to the compiler.

Each case must end within seconds and within a memory limit, without a crash, with an error message.
"refused" cases must not compile at all; a "clean" case may compile, and then running it must end
cleanly too: with a result or with an error.
"""
import os
import pathlib
import resource
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from e2e import hostile_cases  # noqa: E402
from support import pebble, results  # noqa: E402

MEMORY = 2 << 30
# The compiler maps libraries of several hundred megabytes, which count as address space.
ADDRESS_SPACE = MEMORY + (2 << 30)
SECONDS = 10


def run_compiled(tool, package, case, tmp):
    files = {}
    for name, value in case.inputs.items():
        files[name] = tmp / f"input_{len(files)}.npy"
        np.save(files[name], value)
    outcome = tool.run(package, files, tmp / "out", "--threads", 1)
    return None if outcome.kind != "crash" else f"run: {outcome.message}"


def check(tool, case, tmp):
    """What is wrong, or None."""
    model = tmp / "model" / "model.onnx"
    model.parent.mkdir()
    case.write(model)
    package = tmp / "model.pbl"
    outcome = tool.compile(model, package)
    if outcome.kind in ("rejected", "unsupported"):
        return None
    if not outcome.ok:
        return f"{outcome.kind}: {outcome.message}"
    return "it compiles" if case.refused else run_compiled(tool, package, case, tmp)


def main():
    p = results.parser(__doc__)
    p.add_argument("--filter", default="", help="only the cases whose name contains this")
    args = p.parse_args()
    # AddressSanitizer reserves terabytes of address space.
    sanitized = "sanitize" in os.path.basename(os.path.abspath(args.build))
    if not sanitized:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    tool = pebble.Pebble(args.build, timeout=SECONDS * (10 if sanitized else 1))
    report = results.Results(args)
    for case in hostile_cases.cases():
        if args.filter not in case.name:
            continue
        with tempfile.TemporaryDirectory(prefix="hostile") as scratch:
            why = check(tool, case, pathlib.Path(scratch))
        report.add(case.name, why is None, why)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
