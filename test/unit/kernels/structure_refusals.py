"""Calls of the structure kernels that must be refused."""
import numpy as np

import library
from onnx_structure import Call


def refusals():
    """name -> (call, status)"""
    f = np.ones((2, 3), np.float32)

    def i(*values):
        return np.array(values, np.int64)
    out = [(np.float32, (2, 3))]
    deep = np.ones([1] * 17, np.float32)
    return {
        "gather past the end": (Call("gather", [f, i(0, 3)], [1], results=[(np.float32, (2, 2))]),
                                library.ERROR_INDEX),
        "gather before the start": (Call("gather", [f, i(-4)], [1],
                                         results=[(np.float32, (2, 1))]), library.ERROR_INDEX),
        "gather from an empty axis": (
            Call("gather", [np.ones((0, 3), np.float32), i(0)], [0],
                 results=[(np.float32, (1, 3))]), library.ERROR_INDEX),
        "gather_elements past the end": (
            Call("gather_elements", [f, i(2).reshape(1, 1)], [0], results=[(np.float32, (1, 1))]),
            library.ERROR_INDEX),
        "gather_nd past the end": (Call("gather_nd", [f, i(1, 3).reshape(1, 2)], [0],
                                        results=[(np.float32, (1,))]), library.ERROR_INDEX),
        "gather_nd of an extreme index": (
            Call("gather_nd", [f, i(-2**63, 0).reshape(1, 2)], [0], results=[(np.float32, (1,))]),
            library.ERROR_INDEX),
        "scatter_elements past the end": (
            Call("scatter_elements", [f, i(3).reshape(1, 1), f[:1, :1]], [1, 0], results=out),
            library.ERROR_INDEX),
        "scatter_nd past the end": (
            Call("scatter_nd", [f, i(2).reshape(1, 1), f[:1]], [0], results=out),
            library.ERROR_INDEX),
        "scatter_nd with too few updates": (
            Call("scatter_nd", [f, i(0, 1).reshape(2, 1), f[:1]], [0], results=out),
            library.ERROR_SHAPE),
        "slice with step 0": (Call("slice", [f, i(0), i(1), i(0), i(0)], results=out),
                              library.ERROR_VALUE),
        "slice into a result that is too large": (
            Call("slice", [f, i(1), i(3), i(1), i(1)], results=out), library.ERROR_SHAPE),
        "reverse_sequence longer than the time": (
            Call("reverse_sequence", [f, i(2, 4)], [0, 1], results=out), library.ERROR_VALUE),
        "top_k of more than there is": (
            Call("top_k", [f, i(4)], [1, 1, 1], results=[(np.float32, (2, 4)), (np.int64, (2, 4))]),
            library.ERROR_SHAPE),
        "max_unpool past the end": (
            Call("max_unpool", [np.ones((1, 1, 2), np.float32), i(0, 4).reshape(1, 1, 2), None],
                 [1, 2, 2, 0, 0, 1, 2], results=[(np.float32, (1, 1, 4))]), library.ERROR_INDEX),
        "reflect pad of an empty axis": (
            Call("pad", [np.ones((0,), np.float32), i(1, 1), None, None], [1],
                 results=[(np.float32, (2,))]), library.ERROR_SHAPE),
        "transpose of rank 17": (Call("transpose", [deep], [17, *range(17)],
                                      results=[(np.float32, deep.shape)]),
                                 library.ERROR_UNSUPPORTED),
        "tile of rank 17": (Call("tile", [deep, np.ones(17, np.int64)],
                                 results=[(np.float32, deep.shape)]), library.ERROR_UNSUPPORTED),
    }
