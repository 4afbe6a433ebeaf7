#!/usr/bin/env python3
"""What the range analysis removes from networks that are used, and that nothing else changes.

For each network, the share of multiply-adds and weights that stay is no more than what is known to
be needed. Compiled with and without the analysis it gives the same bits, on noise of several kinds
and inputs that are one number everywhere. A network without dead channels stays what it is.

For a long run:

  folded_networks.py --inputs 10000
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, results, shared_object  # noqa: E402

# Largest shares of multiply-adds and of weights that stay; 1 where all of them have to.
NETWORKS = {"mlperf-tiny/onnx/vww_qdq_int8.onnx": (0.51, 0.16),
            "mlperf-tiny/onnx/kws_qdq_int8.onnx": (1, 1),
            "mlperf-tiny/onnx/ic_qdq_int8.onnx": (1, 1),
            "mlperf-tiny/onnx/ad_qdq_int8.onnx": (1, 1),
            "mcu/onnx/tinyengine-vww_int8.onnx": (0.945, 0.94)}
STAYS = re.compile(r"(\d+) of (\d+) multiply-adds and (\d+) of (\d+) weights of integer layers")


def quantized(tool, file, setting):
    """The IR after the phase, and what the compiler said."""
    done = subprocess.run([str(tool.binary), "compile", str(file), "--remarks", "--range-analysis",
                           setting, "--compile-to", "quantize", "-o", "-"], capture_output=True,
                          text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def shares(remarks):
    """What stays: of the multiply-adds and of the weights."""
    found = STAYS.search(remarks)
    if not found:
        return 1, 1
    macs, allMacs, weights, allWeights = map(int, found.groups())
    return macs / allMacs, weights / allWeights


def inputs_for(rng, shape, dtype):
    """Endless."""
    while True:
        if np.dtype(dtype).kind != "f":
            ends = np.iinfo(dtype)
            yield rng.integers(ends.min, ends.max + 1, shape).astype(dtype)
            yield np.full(shape, rng.integers(ends.min, ends.max + 1), dtype)
            continue
        yield rng.random(shape).astype(dtype)
        yield (rng.normal(0, 1, shape) * 10 ** rng.uniform(-2, 2.5)).astype(dtype)
        yield (rng.integers(0, 2, shape) * rng.uniform(0.1, 255)).astype(dtype)
        yield np.full(shape, rng.normal() * 10, dtype)


def differing_inputs(tool, file, count, folder):
    """How many of `count` inputs give other outputs without the analysis."""
    ends = shared_object.signature(onnx.load(file))
    forms = []
    for setting in ("on", "off"):
        library = folder / f"{file.stem}_{setting}.so"
        outcome = tool.compile(file, library, "--emit", "so", "--range-analysis", setting)
        if not outcome.ok:
            raise RuntimeError(f"compile: {outcome.kind}: {outcome.message}")
        forms.append(shared_object.SharedObject(library, *ends))
    (shape, dtype), = ends[0]
    draw, different = inputs_for(np.random.default_rng(0), shape, dtype), 0
    for _ in range(count):
        x = next(draw)
        with_, without = ([y.tobytes() for y in form.run([x])] for form in forms)
        different += with_ != without
    return different


def main():
    p = results.parser(__doc__)
    p.add_argument("--inputs", type=int, default=40, help="random inputs for each network")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=300)
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere"))
    for name, most in NETWORKS.items():
        file = data / name
        if not file.exists():
            report.skip(name, "no data: set PEBBLE_DATA")
            continue
        ir, remarks = quantized(tool, file, "on")
        stay = shares(remarks)
        print(f"{name}: {stay[0]:.1%} of the multiply-adds and {stay[1]:.1%} of the weights stay")
        report.add(f"{name}: what stays", all(a <= b for a, b in zip(stay, most)),
                   f"{stay}, not {most}")
        if most == (1, 1):
            report.add(f"{name}: unchanged", ir == quantized(tool, file, "off")[0], "it changed")
            continue
        with tempfile.TemporaryDirectory(prefix="folded") as folder:
            different = differing_inputs(tool, file, args.inputs, pathlib.Path(folder))
        report.add(f"{name}: outputs", different == 0, f"differ for {different} inputs")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
