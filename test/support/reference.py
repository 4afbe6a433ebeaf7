"""Seeded inputs for a model, and ONNX Runtime's answer to them."""
import numpy as np
import onnxruntime

DTYPES = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(int8)": np.int8, "tensor(int16)": np.int16, "tensor(int32)": np.int32,
    "tensor(int64)": np.int64, "tensor(uint8)": np.uint8, "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32, "tensor(uint64)": np.uint64, "tensor(bool)": np.bool_,
}


def session(path, optimized=True):
    """One thread; `optimized=False` computes node by node as the graph says."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def bound_shape(info, size):
    """The input's shape with every free dimension set to `size`."""
    return [dim if isinstance(dim, int) else size for dim in info.shape]


GLYPHS = {"P": "1111 1001 1111 1000 1000", "E": "1111 1000 1110 1000 1111",
          "B": "1110 1001 1110 1001 1110", "L": "1000 1000 1000 1000 1111"}


def text_picture(shape, word="PEBBLE"):
    """Dark letters on white, normalized as the text detectors expect it; [N, 3, H, W]."""
    height, width = shape[2:]
    page = np.ones((height, width), np.float32)
    scale = max(1, min(height // 15, width // 40))
    x, y = scale * 3, (height - 5 * scale) // 2
    for letter in word:
        rows = [[int(bit) for bit in row] for row in GLYPHS[letter].split()]
        glyph = np.kron(np.array(rows), np.ones((scale, scale), np.int64))
        page[y:y + glyph.shape[0], x:x + glyph.shape[1]][glyph > 0] = 0
        x += glyph.shape[1] + scale
    channels = [(page - mean) / deviation for mean, deviation in
                zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    return np.broadcast_to(np.stack(channels)[None], shape).astype(np.float32)


def make_input(rng, dtype, shape, values=None):
    """Random values of a kind that suits the type; `values` is [low, high] or a constant."""
    if isinstance(values, (int, float)):
        return np.full(shape, values, dtype)
    low, high = values or (None, None)
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(np.bool_)
    if np.issubdtype(dtype, np.integer):
        return rng.integers(0 if low is None else low, 3 if high is None else high,
                            shape).astype(dtype)
    if low is None:
        return rng.standard_normal(shape).astype(dtype)
    return rng.uniform(low, high, shape).astype(dtype)
