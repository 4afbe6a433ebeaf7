#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX Runtime's side of `pebble bench --vs onnxruntime`.

Reads a line of JSON {"model", "threads", "inputs": {name: file.npy}} and answers {"version"} or
{"error"}. After that every line is a number of runs, answered by a list of seconds.
"""
import json
import sys
import time


def start(request):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(request["model"], options,
                                           providers=["CPUExecutionProvider"])
    inputs = {name: numpy.load(file, allow_pickle=False)
              for name, file in request["inputs"].items()}
    # Bound once, as Pebble's buffers are: what is timed is the model, not the Python interface.
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)
    session.run_with_iobinding(binding)
    return onnxruntime.__version__, lambda: session.run_with_iobinding(binding)


def answer(value):
    print(json.dumps(value), flush=True)


def main():
    try:
        version, run = start(json.loads(sys.stdin.readline()))
    except Exception as error:  # Whatever it is, the other side is to print it.
        answer({"error": " ".join(str(error).split())})
        return
    answer({"version": version})
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - begin)
        answer(seconds)


if __name__ == "__main__":
    main()
