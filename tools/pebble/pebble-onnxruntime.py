#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX Runtime's side of `pebble bench --vs onnxruntime` and `pebble diff --against onnxruntime`.

Reads a line of JSON {"model", "threads", "inputs": {name: file.npy}, "optimized", "watched",
"folder"} and answers {"version"} or {"error"}. After that every line is a number of runs, answered
by a list of seconds, or a list of outputs, answered by {"files": [file.npy, ...]} or {"error"}.
"watched" is a file whose bytes, appended to the model's, give it more outputs.
"""
import json
import os
import sys
import time


def load(request, options):
    """The model: its path, or its bytes with more outputs."""
    with open(request["watched"], "rb") as file:
        watched = file.read()
    if not watched:
        return request["model"]
    options.add_session_config_entry("session.model_external_initializers_file_folder_path",
                                     os.path.dirname(os.path.abspath(request["model"])))
    with open(request["model"], "rb") as file:
        return file.read() + watched


def start(request):
    import numpy
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.graph_optimization_level = (levels.ORT_ENABLE_ALL if request["optimized"]
                                        else levels.ORT_DISABLE_ALL)
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(load(request, options), options,
                                           providers=["CPUExecutionProvider"])
    inputs = {name: numpy.load(file, allow_pickle=False)
              for name, file in request["inputs"].items()}
    # Bound once, as Pebble's buffers are: what is timed is the model, not the Python interface.
    binding = session.io_binding()
    for name, value in inputs.items():
        binding.bind_cpu_input(name, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)

    def save(names):
        files = []
        for value in session.run(names, inputs):
            files.append(os.path.join(request["folder"], f"output_{len(files)}.npy"))
            numpy.save(files[-1], value, allow_pickle=False)
        return files

    return onnxruntime.__version__, lambda: session.run_with_iobinding(binding), save


def answer(value):
    print(json.dumps(value), flush=True)


def fail(error):
    answer({"error": " ".join(str(error).split())})


def main():
    try:
        version, run, save = start(json.loads(sys.stdin.readline()))
        run()
    except Exception as error:  # Whatever it is, the other side is to print it.
        fail(error)
        return
    answer({"version": version})
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, list):
            try:
                answer({"files": save(request)})
            except Exception as error:
                fail(error)
            continue
        seconds = []
        for _ in range(request):
            begin = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - begin)
        answer(seconds)


if __name__ == "__main__":
    main()
