#!/usr/bin/env python3
"""Random quantized layers, compiled, against an independent reference, code by code.

Layer n is drawn from seed n: bits, shapes, strides, pads, groups, zero points, saturating and tying
cases. Twenty layers share a model, and each runs on ten inputs in this process. Any difference is a
failure, reported with the layer's number. 500 layers take part in the test suite; for a long run:

  quantized_layers.py --count 10000 --shard 0/4 --state progress.txt --cpu x86-64-v3

continues after the last finished model that progress.txt names.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import (pebble, quantized_draw, quantized_graph, results, shared_object,  # noqa: E402
                     tflite_reference)

LAYERS_A_MODEL = 20
INPUTS_A_LAYER = 10


def check_model(tool, first, count, options, folder):
    """[(layer, what is wrong)] for the layers from number `first` on."""
    graph, layers = quantized_graph.Graph(), []
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        operands, output, y, compute = quantized_draw.draw_layer(rng, graph)
        inputs = [[quantized_draw.draw_codes(rng, p, shape) for shape, p in operands]
                  for _ in range(INPUTS_A_LAYER)]
        expected = [compute(*codes) for codes in inputs]
        graph.output(output, expected[0].shape, y.dtype)
        layers.append((number, inputs, expected))
    model = graph.model()
    onnx.checker.check_model(model)
    file, library = folder / f"layers{first}.onnx", folder / f"layers{first}.so"
    onnx.save(model, file)
    outcome = tool.compile(file, library, "--emit", "so", *options)
    if not outcome.ok:
        return [(first, f"compile: {outcome.kind}: {outcome.message}")]
    compiled = shared_object.SharedObject(library, *shared_object.signature(model))
    wrong = {}
    for run in range(INPUTS_A_LAYER):
        outputs = compiled.run([codes for _, inputs, _ in layers for codes in inputs[run]])
        for (number, _, expected), got in zip(layers, outputs):
            bad = np.argwhere(got != expected[run])
            if bad.size and number not in wrong:
                at = tuple(bad[0])
                wrong[number] = (f"{len(bad)} of {got.size} codes differ, first at {at}: "
                                 f"{got[at]} instead of {expected[run][at]}")
    return sorted(wrong.items())


def main():
    p = results.parser(__doc__)
    p.add_argument("--count", type=int, default=500, help="layers")
    p.add_argument("--first", type=int, default=0, help="number of the first layer")
    p.add_argument("--shard", default="0/1", help="i/n: every n-th model, from the i-th on")
    p.add_argument("--cpu", default="native", help="as for pebble compile")
    p.add_argument("--rounding", default="onnx", choices=["onnx", "tflite"])
    p.add_argument("--state", help="a file to continue from")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=300)
    options = ["--cpu", args.cpu, "--rounding", args.rounding]
    if args.rounding == "tflite":
        tflite_reference.use()
    index, shards = map(int, args.shard.split("/"))
    state = pathlib.Path(args.state) if args.state else None
    done = set(state.read_text(encoding="utf-8").split()) if state and state.exists() else set()
    starts = range(args.first, args.first + args.count, LAYERS_A_MODEL)
    for number, first in enumerate(starts):
        if number % shards != index or str(first) in done:
            continue
        count = min(LAYERS_A_MODEL, args.first + args.count - first)
        with tempfile.TemporaryDirectory(prefix="layers") as folder:
            wrong = dict(check_model(tool, first, count, options, pathlib.Path(folder)))
        for layer in range(first, first + count):
            report.add(f"layer {layer}", layer not in wrong, wrong.get(layer, ""))
        if state and not wrong:
            with state.open("a", encoding="utf-8") as file:
                file.write(f"{first}\n")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
