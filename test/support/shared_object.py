"""Runs models that were compiled with --emit so, in this process: thousands of runs in seconds."""
import ctypes
import pathlib

import numpy as np


class SharedObject:
    """`inputs` and `outputs` are (shape, dtype) pairs in the model's order."""

    def __init__(self, path, inputs, outputs):
        self.library = ctypes.CDLL(str(pathlib.Path(path).resolve()))
        header = pathlib.Path(path).with_suffix(".h").read_text(encoding="utf-8")
        prefix = next(line.split("_arena_bytes")[0].split()[-1] for line in header.splitlines()
                      if line.endswith("_arena_bytes(void);"))
        size = getattr(self.library, f"{prefix}_arena_bytes")
        size.restype = ctypes.c_size_t
        self.memory = np.zeros(size() + 64, np.uint8)
        self.arena = (self.memory.ctypes.data + 63) // 64 * 64
        self.entry = getattr(self.library, f"{prefix}_run")
        self.entry.restype = ctypes.c_int32
        self.inputs = inputs
        self.outputs = [np.empty(shape, dtype) for shape, dtype in outputs]

    def run(self, values):
        """The outputs for arrays in the model's order; they are overwritten by the next run."""
        arrays = [np.ascontiguousarray(value, dtype).reshape(shape)
                  for value, (shape, dtype) in zip(values, self.inputs, strict=True)]
        table = ctypes.c_void_p * max(len(arrays), len(self.outputs), 1)
        status = self.entry(ctypes.c_void_p(self.arena), table(*(a.ctypes.data for a in arrays)),
                            table(*(a.ctypes.data for a in self.outputs)))
        if status:
            raise RuntimeError(f"the model stopped with status {status}")
        return self.outputs


def signature(model):
    """(inputs, outputs) of an ONNX model with known shapes, as (shape, dtype) pairs."""
    import onnx
    weights = {tensor.name for tensor in model.graph.initializer}

    def pair(value):
        tensor = value.type.tensor_type
        return (tuple(dim.dim_value for dim in tensor.shape.dim),
                onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))

    return ([pair(value) for value in model.graph.input if value.name not in weights],
            [pair(value) for value in model.graph.output])
