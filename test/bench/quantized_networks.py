#!/usr/bin/env python3
"""Whole quantized networks for microcontrollers next to ONNX Runtime: how many of the codes in
front of the last DequantizeLinear differ from each of its answers (support/quantized_peer.py), on
random inputs. Needs PEBBLE_DATA.
"""
import os
import pathlib
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, quantized_peer, results, shared_object  # noqa: E402


def draw_input(rng, shape, dtype):
    if np.issubdtype(dtype, np.floating):
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


def count_differing(tool, cut, inputs, folder):
    """(codes, {answer: (how many differ, the largest difference)}), or what is wrong."""
    onnx.save(cut, folder / "codes.onnx")
    outcome = tool.compile(folder / "codes.onnx", folder / "codes.so", "--emit", "so")
    if not outcome.ok:
        return f"compile: {outcome.kind}: {outcome.message}"
    signature = shared_object.signature(cut)
    compiled = shared_object.SharedObject(folder / "codes.so", *signature)
    shape, dtype = signature[0][0][:2]
    feed = cut.graph.input[0].name
    rng = np.random.default_rng(1)
    given = [draw_input(rng, shape, np.dtype(dtype)) for _ in range(inputs)]
    ours = [[codes.copy() for codes in compiled.run([x])] for x in given]
    differing = {}
    for answer in quantized_peer.ANSWERS:
        peer = quantized_peer.session(cut, answer)
        pairs = [quantized_peer.difference(mine, theirs) for x, outputs in zip(given, ours)
                 for mine, theirs in zip(outputs, peer.run(None, {feed: x}))]
        differing[answer] = (sum(count for count, _ in pairs), max(size for _, size in pairs))
    return sum(codes.size for outputs in ours for codes in outputs), differing


def main():
    p = results.parser(__doc__)
    p.add_argument("--filter", default="", help="only the networks whose name contains this")
    p.add_argument("--inputs", type=int, default=5, help="random inputs for each")
    args = p.parse_args()
    report = results.Results(args)
    folder = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere")) / "mcu/onnx"
    if not folder.is_dir():
        report.skip("quantized networks", "no data: set PEBBLE_DATA")
        return report.finish()
    tool = pebble.Pebble(args.build, timeout=300)
    print("| network | codes | " + " | ".join(quantized_peer.ANSWERS) + " |")
    print("|---|---|" + "---|" * len(quantized_peer.ANSWERS))
    for file in sorted(folder.glob("*.onnx")):
        if args.filter not in file.stem:
            continue
        cut = quantized_peer.cut_at_codes(onnx.load(file))
        with tempfile.TemporaryDirectory(prefix="networks") as scratch:
            found = count_differing(tool, cut, args.inputs, pathlib.Path(scratch))
        if isinstance(found, str):
            report.add(file.stem, False, found)
            continue
        codes, differing = found
        cells = [f"{count} (≤ {largest})" if count else "0"
                 for count, largest in differing.values()]
        print(f"| {file.stem} | {codes} | {' | '.join(cells)} |", flush=True)
        report.add(file.stem, True)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
