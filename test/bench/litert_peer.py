#!/usr/bin/env python3
"""LiteRT's side of int8_table.py: times a .tflite model on one thread, on random inputs.

Prints its version and whether the model takes codes, and then answers each line, a number of
seconds, by the median time of the runs that fitted into it.
"""
import importlib.metadata
import statistics
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def random_values(rng, dtype, shape):
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return rng.standard_normal(shape).astype(dtype)


def main():
    interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(0)
    inputs = interpreter.get_input_details()
    for info in inputs:
        interpreter.set_tensor(info["index"], random_values(rng, info["dtype"], info["shape"]))
    interpreter.invoke()
    takes_codes = all(np.issubdtype(info["dtype"], np.integer) for info in inputs)
    print(importlib.metadata.version("ai-edge-litert"), int(takes_codes), flush=True)
    for line in sys.stdin:
        end, seconds = time.perf_counter() + float(line), []
        while not seconds or time.perf_counter() < end:
            begin = time.perf_counter()
            interpreter.invoke()
            seconds.append(time.perf_counter() - begin)
        print(statistics.median(seconds), flush=True)


if __name__ == "__main__":
    main()
