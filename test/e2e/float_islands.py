#!/usr/bin/env python3
"""What the compiler says of layers between quantized tensors that compute in float."""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import quantized_graph, quantized_reference, results  # noqa: E402

X = quantized_reference.Quantization(np.array([0.5], np.float32), np.array([3]), 0, 255, np.uint8)
W = quantized_reference.Quantization(np.array([0.25], np.float32), np.array([0]), -128, 127,
                                     np.int8)


def convolution(bias_scale):
    """A quantized convolution whose bias has the given scale."""
    graph = quantized_graph.Graph()
    bias = quantized_reference.Quantization(np.array([bias_scale], np.float32), np.array([0]), 0, 0,
                                            np.int32)
    operands = [graph.dequantize(graph.input([1, 2, 4, 4], np.uint8), X),
                graph.dequantize(graph.constant(np.ones((3, 2, 1, 1), np.int8)), W),
                graph.dequantize(graph.constant(np.ones(3, np.int32)), bias, 0)]
    result = graph.node("Conv", operands)
    graph.output(graph.quantize(result, X), [1, 3, 4, 4], np.uint8)
    return graph.model(), result


def scale_of_the_run():
    """A dequantization whose scale is an input."""
    graph = quantized_graph.Graph()
    names = [graph.input([4], np.uint8), graph.input([], np.float32)]
    result = graph.node("DequantizeLinear", names)
    graph.output(result, [4], np.float32)
    return graph.model(), result


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    tool = pathlib.Path(args.build) / "bin" / "pebble"
    summary = "1 layer between quantized tensors computes in float"
    fits, differs, dynamic = convolution(0.125), convolution(0.5), scale_of_the_run()
    cases = [("integers are silent", fits, [], [], ["remark"]),
             ("a summary", differs, [], [summary, "--remarks"], ["bias"]),
             ("the list", differs, ["--remarks"], [summary, "{node}", "its bias has scale"], []),
             ("a scale of the run", dynamic, ["--remarks"], ["{node}", "when the model runs"], []),
             ("float on request is silent", differs, ["--qdq", "float", "--remarks"], [],
              ["remark"])]
    for name, (model, node), options, expected, unexpected in cases:
        with tempfile.TemporaryDirectory(prefix="islands") as folder:
            file = pathlib.Path(folder) / "model.onnx"
            onnx.save(model, file)
            run = subprocess.run([tool, "compile", file, "-o", file.with_suffix(".pbl"), *options],
                                 capture_output=True, text=True, timeout=60, check=False)
        missing = [text for text in expected if text.format(node=node) not in run.stderr]
        found = [text for text in unexpected if text in run.stderr]
        report.add(name, run.returncode == 0 and not missing and not found,
                   f"missing {missing}, unexpected {found} in: {run.stderr}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
