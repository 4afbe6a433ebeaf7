"""Random cases of the structure operators with their results, and calls that must be refused."""
import dataclasses

import numpy as np
import onnx
import onnx.reference

import library


ALL_TYPES = list(library.DTYPES)
INTEGERS = [t for t in ALL_TYPES if t.kind in "iu"]


@dataclasses.dataclass
class Case:
    op_type: str
    inputs: list
    attributes: dict
    wanted: list
    tolerance: float = 0.0


def pick(rng, *values):
    return values[rng.integers(len(values))]


def dims(rng, low, high, largest=7):
    """Dims of a random rank; now and then one is 0."""
    rank = rng.integers(low, high + 1)
    shape = [int(rng.integers(1, largest + 1)) for _ in range(rank)]
    if rank and rng.integers(12) == 0:
        shape[rng.integers(rank)] = 0
    return shape


def noise(rng, shape, dtype=None):
    """Any bit pattern of any type, NaN and all."""
    dtype = np.dtype(dtype or pick(rng, *ALL_TYPES))
    if dtype == np.bool_:
        return rng.integers(0, 2, shape).astype(bool)
    raw = rng.integers(0, 256, [*shape, dtype.itemsize], np.uint8)
    return np.frombuffer(raw.tobytes(), dtype).reshape(shape).copy()


def numbers(rng, shape, dtype, low=-20, high=20):
    dtype = np.dtype(dtype)
    values = rng.integers(0 if dtype.kind == "u" else low, high, shape)
    return values.astype(dtype)


def move(data, function):
    """A numpy function applied to bit patterns, so that types that numpy lacks do."""
    if data.dtype == np.bool_:
        return np.array(function(data))
    return np.array(function(data.view(f"u{data.dtype.itemsize}"))).view(data.dtype)


def reference(op_type, inputs, attributes, outputs=1, opset=22):
    names = ["" if v is None else f"i{k}" for k, v in enumerate(inputs)]
    node = onnx.helper.make_node(op_type, names, [f"o{k}" for k in range(outputs)], **attributes)
    graph = onnx.helper.make_graph(
        [node], "case",
        [onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(v.dtype),
                                            v.shape) for n, v in zip(names, inputs) if n],
        [onnx.helper.make_empty_tensor_value_info(f"o{k}") for k in range(outputs)])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    evaluator = onnx.reference.ReferenceEvaluator(model)
    return evaluator.run(None, {n: v for n, v in zip(names, inputs) if n})


def reshape(rng):
    data = noise(rng, dims(rng, 0, 4))
    shape = list(rng.permutation(list(data.shape))) if data.ndim else [1, 1]
    return Case("Reshape", [data, np.array(shape, np.int64)], {"allowzero": 1},
                [move(data, lambda d: d.reshape(shape))])


def transpose(rng):
    kind = rng.integers(4)
    if kind == 0:
        # Images to channels last and back.
        channels, size = pick(rng, 3, 16, 19), [int(v) for v in rng.integers(1, 40, 2)]
        first = bool(rng.integers(2))
        data = noise(rng, [2, channels, *size] if first else [2, *size, channels])
        perm = [0, 2, 3, 1] if first else [0, 3, 1, 2]
        return Case("Transpose", [data], {"perm": perm}, [move(data, lambda d: d.transpose(perm))])
    data = noise(rng, dims(rng, 1, 3, 50) if kind == 1 else dims(rng, 0, 7, 5))
    perm = [int(p) for p in rng.permutation(data.ndim)]
    return Case("Transpose", [data], {"perm": perm}, [move(data, lambda d: d.transpose(perm))])


def expand(rng):
    shape = dims(rng, 0, 6, 5)
    kept = shape[rng.integers(0, len(shape) + 1):]
    data = noise(rng, [1 if rng.integers(3) == 0 else d for d in kept])
    return Case("Expand", [data, np.array(shape, np.int64)], {},
                [move(data, lambda d: np.broadcast_to(d, shape))])


def tile(rng):
    data = noise(rng, dims(rng, 0, 5, 5))
    repeats = rng.integers(0 if rng.integers(9) == 0 else 1, 4, data.ndim)
    return Case("Tile", [data, repeats.astype(np.int64)], {},
                [move(data, lambda d: np.tile(d, repeats))])


def slice_(rng):
    data = noise(rng, dims(rng, 1, 5, 9))
    axes = rng.permutation(data.ndim)[:rng.integers(1, data.ndim + 1)]
    starts, ends, steps, index = [], [], [], [slice(None)] * data.ndim
    for axis in axes:
        step = int(pick(rng, 1, 1, 2, 3, -1, -2, 20, -20, 2**62, -2**63))
        size = data.shape[axis]
        # Below -size numpy and ONNX disagree about where a backward slice starts.
        start = int(rng.integers(-size if step < 0 else -size - 3, size + 4))
        end = int(pick(rng, rng.integers(-size - 3, size + 4), 2**63 - 1, -2**63))
        starts.append(start), ends.append(end), steps.append(step)
        index[axis] = slice(start, end, step)
    negative = [int(a) - data.ndim * int(rng.integers(2)) for a in axes]
    inputs = [data] + [np.array(v, np.int64) for v in (starts, ends, negative, steps)]
    return Case("Slice", inputs, {}, [move(data, lambda d: d[tuple(index)])])


def concat(rng):
    first = noise(rng, dims(rng, 1, 4, 6))
    axis = int(rng.integers(-first.ndim, first.ndim))
    inputs = [first]
    for _ in range(rng.integers(0, 5)):
        shape = list(first.shape)
        shape[axis] = int(rng.integers(0, 6))
        inputs.append(noise(rng, shape, first.dtype))
    raw = [v if v.dtype == np.bool_ else v.view(f"u{v.dtype.itemsize}") for v in inputs]
    return Case("Concat", inputs, {"axis": axis}, [np.concatenate(raw, axis).view(first.dtype)])


def pad(rng):
    mode = pick(rng, "constant", "reflect", "edge", "wrap")
    data = noise(rng, [max(1, d) for d in dims(rng, 1, 4, 5)])
    axes = rng.permutation(data.ndim)[:rng.integers(1, data.ndim + 1)]
    crop, widths = [slice(None)] * data.ndim, [(0, 0)] * data.ndim
    begins, ends = [], []
    for axis in axes:
        size = data.shape[axis]
        begin, end = [int(v) for v in rng.integers(-(size // 3), 9, 2)]
        begins.append(begin), ends.append(end)
        crop[axis] = slice(max(0, -begin), size - max(0, -end))
        widths[axis] = (max(0, begin), max(0, end))
    value = noise(rng, [], data.dtype) if rng.integers(3) else None
    fill = np.zeros([], data.dtype) if value is None else value
    fill = fill if data.dtype == np.bool_ else fill.view(f"u{data.dtype.itemsize}")
    options = {"constant_values": fill} if mode == "constant" else {}
    wanted = move(data, lambda d: np.pad(d[tuple(crop)], widths, mode=mode, **options))
    inputs = [data, np.array(begins + ends, np.int64), value, axes.astype(np.int64)]
    return Case("Pad", inputs, {"mode": mode}, [wanted])


def _indices(rng, shape, size):
    low, high = (-size, size) if size else (0, 1)
    return rng.integers(low, high, shape).astype(pick(rng, np.int32, np.int64))


def gather(rng):
    data = noise(rng, [max(1, d) for d in dims(rng, 1, 4, 9)])
    axis = int(rng.integers(-data.ndim, data.ndim))
    indices = _indices(rng, dims(rng, 0, 3, 5), data.shape[axis])
    return Case("Gather", [data, indices], {"axis": axis},
                [move(data, lambda d: np.take(d, indices, axis))])


def gather_elements(rng):
    data = noise(rng, [max(1, d) for d in dims(rng, 1, 4, 6)])
    axis = int(rng.integers(-data.ndim, data.ndim))
    shape = [int(rng.integers(1, d + 1)) for d in data.shape]
    shape[axis] = int(rng.integers(0, 9))
    indices = _indices(rng, shape, data.shape[axis])
    cut = tuple(slice(None) if i == axis % data.ndim else slice(0, s) for i, s in enumerate(shape))
    return Case("GatherElements", [data, indices], {"axis": axis},
                [move(data, lambda d: np.take_along_axis(d[cut], indices.astype(np.int64), axis))])


def _positions(rng, shape, depth, counts):
    columns = [rng.integers(-d, d, counts) for d in shape[:depth]]
    return np.stack(columns, -1).astype(pick(rng, np.int32, np.int64))


def gather_nd(rng):
    data = noise(rng, [max(1, d) for d in dims(rng, 1, 5, 5)])
    depth = int(rng.integers(1, data.ndim + 1))
    batch_dims = int(rng.integers(0, data.ndim - depth + 1))
    counts = [*data.shape[:batch_dims], *[int(v) for v in rng.integers(0, 4, rng.integers(0, 3))]]
    indices = _positions(rng, data.shape[batch_dims:], depth, counts)

    def pick_all(d):
        lead = np.ogrid[tuple(slice(0, s) for s in d.shape[:batch_dims])] if batch_dims else []
        lead = [g.reshape(g.shape + (1,) * (len(counts) - batch_dims)) for g in lead]
        index = (*lead, *[indices[..., i].astype(np.int64) for i in range(depth)])
        return d[index]
    return Case("GatherND", [data, indices], {"batch_dims": batch_dims}, [move(data, pick_all)])


def _combine(a, b, reduction):
    with np.errstate(all="ignore"):
        return {"none": lambda: b, "add": lambda: a + b, "mul": lambda: a * b,
                "min": lambda: np.minimum(a, b), "max": lambda: np.maximum(a, b)}[reduction]()


def scatter_elements(rng):
    dtype = pick(rng, *ALL_TYPES)
    data = numbers(rng, [max(1, d) for d in dims(rng, 1, 3, 5)], dtype)
    axis = int(rng.integers(-data.ndim, data.ndim))
    shape = [int(rng.integers(1, d + 1)) for d in data.shape]
    shape[axis] = int(rng.integers(0, 9))
    indices = _indices(rng, shape, data.shape[axis])
    updates = numbers(rng, shape, dtype)
    reduction = pick(rng, "none", "add", "mul", "min", "max")
    wanted = data.copy()
    for at in np.ndindex(*shape):
        to = list(at)
        to[axis] = indices[at]
        wanted[tuple(to)] = _combine(wanted[tuple(to)], updates[at], reduction)
    return Case("ScatterElements", [data, indices, updates],
                {"axis": axis, "reduction": reduction}, [wanted])


def scatter_nd(rng):
    dtype = pick(rng, *ALL_TYPES)
    data = numbers(rng, [max(1, d) for d in dims(rng, 1, 4, 5)], dtype)
    depth = int(rng.integers(1, data.ndim + 1))
    counts = [int(v) for v in rng.integers(0, 5, rng.integers(0, 3))]
    indices = _positions(rng, data.shape, depth, counts)
    updates = numbers(rng, [*counts, *data.shape[depth:]], dtype)
    reduction = pick(rng, "none", "add", "mul", "min", "max")
    wanted = data.copy()
    for at in np.ndindex(*counts):
        to = tuple(indices[at])
        wanted[to] = _combine(wanted[to], updates[at], reduction)
    return Case("ScatterND", [data, indices, updates], {"reduction": reduction}, [wanted])


def range_(rng):
    dtype = np.dtype(pick(rng, np.float32, np.float64, np.int32, np.int64, np.int16))
    count, start = int(rng.integers(0, 30)), int(rng.integers(-50, 50))
    delta = int(pick(rng, 1, 2, 7, -1, -3))
    wanted = (start + delta * np.arange(count)).astype(dtype)
    inputs = [np.array(v, dtype) for v in (start, start + delta * count, delta)]
    return Case("Range", inputs, {}, [wanted])


def reverse_sequence(rng):
    data = noise(rng, dims(rng, 2, 4, 6))
    batch_axis = int(rng.integers(2))
    lengths = rng.integers(0, data.shape[1 - batch_axis] + 1, data.shape[batch_axis])

    def reverse(d):
        out = d.copy()
        swapped, source = [v if batch_axis == 0 else np.swapaxes(v, 0, 1) for v in (out, d)]
        for b, length in enumerate(lengths):
            swapped[b, :length] = source[b, :length][::-1]
        return out
    return Case("ReverseSequence", [data, lengths.astype(np.int64)],
                {"batch_axis": batch_axis, "time_axis": 1 - batch_axis}, [move(data, reverse)])


def trilu(rng):
    data = noise(rng, dims(rng, 2, 4, 6))
    k, upper = int(pick(rng, *range(-7, 8), 2**63 - 1, -2**63)), int(rng.integers(2))
    bounded = max(-1000, min(1000, k))
    return Case("Trilu", [data, np.array(k, np.int64)], {"upper": upper},
                [move(data, lambda d: (np.triu if upper else np.tril)(d, bounded))])


def one_hot(rng):
    shape = dims(rng, 0, 3, 5)
    depth, axis = int(rng.integers(1, 6)), int(rng.integers(-len(shape) - 1, len(shape) + 1))
    indices = rng.integers(-depth - 2, depth + 2, shape).astype(pick(rng, np.int32, np.int64))
    values = noise(rng, [2])
    place = np.expand_dims(np.where(indices < 0, indices + depth, indices), axis)
    steps = np.arange(depth).reshape([-1 if i == axis % (len(shape) + 1) else 1
                                      for i in range(len(shape) + 1)])
    return Case("OneHot", [indices, np.array(depth, np.int64), values], {"axis": axis},
                [move(values, lambda v: np.where(place == steps, v[1], v[0]))])


def eye_like(rng):
    data = noise(rng, [int(v) for v in rng.integers(0, 7, 2)])
    to, k = pick(rng, *ALL_TYPES), int(rng.integers(-8, 9))
    wanted = np.eye(*data.shape, k=k).astype(to)
    number = onnx.helper.np_dtype_to_tensor_dtype(to)
    return Case("EyeLike", [data], {"dtype": number, "k": k}, [wanted])


def non_zero(rng):
    data = numbers(rng, dims(rng, 0, 4, 5), pick(rng, *ALL_TYPES), -2, 2)
    if rng.integers(3) == 0 and data.dtype.kind == "f":
        data = np.where(data == 1, np.array(np.nan, data.dtype), -data)
    wanted = np.array(np.nonzero(np.atleast_1d(data.astype(np.float64))), np.int64)
    return Case("NonZero", [data], {}, [wanted])


def compress(rng):
    data = noise(rng, dims(rng, 1, 4, 5))
    if rng.integers(3) == 0:
        condition = rng.integers(0, 2, rng.integers(0, data.size + 1)).astype(bool)
        return Case("Compress", [data, condition], {},
                    [move(data, lambda d: np.compress(condition, d))])
    axis = int(rng.integers(-data.ndim, data.ndim))
    condition = rng.integers(0, 2, rng.integers(0, data.shape[axis] + 1)).astype(bool)
    return Case("Compress", [data, condition], {"axis": axis},
                [move(data, lambda d: np.compress(condition, d, axis))])


def unique(rng):
    dtype = np.dtype(pick(rng, np.float32, np.float64, np.int8, np.uint8, np.int64, np.uint64,
                          np.float16, np.bool_))
    data = numbers(rng, dims(rng, 1, 3, pick(rng, 4, 12)), dtype, -3, 3)
    attributes = {"sorted": int(rng.integers(2))}
    # numpy rejects axes of empty arrays.
    if rng.integers(2) and data.size:
        attributes["axis"] = int(rng.integers(-data.ndim, data.ndim))
    elif dtype.kind == "f" and rng.integers(2):
        data[data == 0] = np.nan
    axis = attributes.get("axis")
    values, first, inverse, counts = np.unique(data, True, True, True, axis=axis)
    inverse = inverse.reshape(-1)
    if not attributes["sorted"]:
        order = np.argsort(first)
        rank = np.argsort(order)
        values = np.take(values, order, 0 if axis is None else axis)
        first, inverse, counts = first[order], rank[inverse], counts[order]
    wanted = [values, *[v.astype(np.int64) for v in (first, inverse, counts)]]
    return Case("Unique", [data], attributes, wanted)


def top_k(rng):
    dtype = pick(rng, np.float32, np.float64, np.float16, *INTEGERS)
    data = numbers(rng, [max(1, d) for d in dims(rng, 1, 3, pick(rng, 5, 60))], dtype)
    axis, largest = int(rng.integers(-data.ndim, data.ndim)), int(rng.integers(2))
    k = int(rng.integers(0, data.shape[axis] + 1))
    keys = data.astype(np.int64)
    order = np.argsort(-keys if largest else keys, axis=axis, kind="stable")
    order = np.take(order, range(k), axis)
    return Case("TopK", [data, np.array([k], np.int64)], {"axis": axis, "largest": largest},
                [np.take_along_axis(data, order, axis), order.astype(np.int64)])


def _rounds_astray(data, axes, scales):
    """Whether half_pixel_symmetric, whose coordinates are sums of inexact terms, misses an integer
    or a half by an ulp: there the reference jumps to the wrong neighbour."""
    for axis, scale in zip(axes, scales):
        size = data.shape[axis]
        out = np.arange(int(scale * size) + 2)
        for resized in (int(scale * size), int(scale * size + 0.5)):
            twice = size * (1 - resized / (scale * size)) + 2 * (out + 0.5) / scale - 1
            off = np.abs(twice - np.round(twice))
            if ((off > 0) & (off < 1e-6)).any():
                return True
    return False


def resize(rng):
    mode = pick(rng, "nearest", "linear", "cubic")
    dtype = np.dtype(pick(rng, np.float32, np.float64, np.uint8, np.int32))
    data = numbers(rng, [int(v) for v in rng.integers(1, 7, rng.integers(1, 5))], dtype, -90, 90)
    axes = [int(a) for a in rng.permutation(data.ndim)[:rng.integers(1, min(3, data.ndim) + 1)]]
    attributes = {"mode": mode, "coordinate_transformation_mode": pick(
        rng, "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
        "asymmetric", "tf_crop_and_resize"), "axes": axes}
    if mode == "nearest":
        attributes["nearest_mode"] = pick(rng, "round_prefer_floor", "round_prefer_ceil", "floor",
                                          "ceil")
    else:
        attributes["antialias"] = int(rng.integers(2))
        attributes["exclude_outside"] = int(rng.integers(2)) if mode == "cubic" else 0
        attributes["cubic_coeff_a"] = pick(rng, -0.75, -0.5)
    attributes["extrapolation_value"] = float(pick(rng, 0.0, 7.0))
    roi = None
    if attributes["coordinate_transformation_mode"] == "tf_crop_and_resize":
        ends = rng.integers(5, 12, len(axes)) / 8
        roi = np.array([*(rng.integers(-2, 4, len(axes)) / 8), *ends], np.float32)
    # With scales or an aspect ratio the reference leaves the region out of the output's size.
    if roi is None and rng.integers(2):
        # Multiples of 1/4 leave no room for a coordinate to round to another side.
        scales = np.array(rng.integers(2, 14, len(axes)) / 4, np.float32)
        scales = np.maximum(scales, [1 / data.shape[a] for a in axes]).astype(np.float32)
        inputs = [data, roi, scales]
    else:
        sizes = rng.integers(1, 12, len(axes)).astype(np.int64)
        attributes["keep_aspect_ratio_policy"] = pick(
            rng, "stretch", *(["not_larger", "not_smaller"] if roi is None else []))
        inputs = [data, roi, None, sizes]
        scales = [size / data.shape[a] for a, size in zip(axes, sizes)]
        policy = attributes["keep_aspect_ratio_policy"]
        if policy != "stretch":
            scales = [min(scales) if policy == "not_larger" else max(scales)] * len(axes)
    symmetric = attributes["coordinate_transformation_mode"] == "half_pixel_symmetric"
    if symmetric and _rounds_astray(data, axes, [float(s) for s in scales]):
        return resize(rng)
    wanted = reference("Resize", inputs, attributes)[0]
    # Integers round; the reference's sum may be an ulp to the other side of a half.
    tolerance = 1.0 if dtype.kind in "iu" else 1e-3
    return Case("Resize", inputs, attributes, [wanted], 0.0 if mode == "nearest" else tolerance)


def col2im(rng):
    rank = int(rng.integers(1, 4))
    block, strides, dilations = [[int(v) for v in rng.integers(1, 4, rank)] for _ in range(3)]
    pads = [int(v) for v in rng.integers(0, 3, 2 * rank)]
    image, columns = [], 1
    for i in range(rank):
        extent = dilations[i] * (block[i] - 1) + 1
        size = max(1, extent - pads[i] - pads[rank + i]) + int(rng.integers(0, 5))
        image.append(size)
        columns *= (size + pads[i] + pads[rank + i] - extent) // strides[i] + 1
    dtype = pick(rng, np.float32, np.float64, np.int32)
    shape = [int(rng.integers(1, 3)), int(rng.integers(1, 3)) * int(np.prod(block)), columns]
    inputs = [numbers(rng, shape, dtype), np.array(image, np.int64), np.array(block, np.int64)]
    attributes = {"strides": strides, "dilations": dilations, "pads": pads}
    return Case("Col2Im", inputs, attributes, reference("Col2Im", inputs, attributes))


def max_unpool(rng):
    rank = int(rng.integers(1, 4))
    kernel, strides = [[int(v) for v in rng.integers(1, 4, rank)] for _ in range(2)]
    data = numbers(rng, [1, 2, *rng.integers(1, 5, rank)], pick(rng, np.float32, np.float64))
    full = [1, 2, *[(d - 1) * s + k for d, s, k in zip(data.shape[2:], strides, kernel)]]
    indices = rng.permutation(int(np.prod(full)))
    if indices.size < data.size:
        return max_unpool(rng)
    inputs = [data, indices[:data.size].reshape(data.shape).astype(np.int64)]
    if rng.integers(2):
        inputs.append(np.array(full[:2] + [d + int(rng.integers(3)) for d in full[2:]], np.int64))
    attributes = {"kernel_shape": kernel, "strides": strides}
    return Case("MaxUnpool", inputs, attributes, reference("MaxUnpool", inputs, attributes))


def non_max_suppression(rng):
    batches, classes, count = [int(v) for v in (rng.integers(1, 3), rng.integers(1, 4),
                                                rng.integers(1, 40))]
    boxes = rng.integers(0, 12, (batches, count, 4)).astype(np.float32)
    scores = (rng.integers(-5, 30, (batches, classes, count)) / 8).astype(np.float32)
    inputs = [boxes, scores, np.array([pick(rng, 1, 2, 5, 100)], np.int64),
              np.array([pick(rng, 0.0, 0.2, 0.5, 0.9)], np.float32)]
    # The reference reads the score limit without asking whether it is there.
    inputs.append(np.array([pick(rng, -9.0, 0.5, 1.25)], np.float32))
    attributes = {"center_point_box": int(rng.integers(2))}
    wanted = reference("NonMaxSuppression", inputs, attributes)[0]
    return Case("NonMaxSuppression", inputs, attributes, [wanted.reshape(-1, 3)])


GENERATORS = {
    "reshape": reshape, "transpose": transpose, "broadcast_to": expand, "tile": tile,
    "slice": slice_, "concat": concat, "pad": pad, "gather": gather,
    "gather_elements": gather_elements, "gather_nd": gather_nd,
    "scatter_elements": scatter_elements, "scatter_nd": scatter_nd, "range": range_,
    "reverse_sequence": reverse_sequence, "trilu": trilu, "one_hot": one_hot,
    "eye_like": eye_like, "non_zero": non_zero, "compress": compress, "unique": unique,
    "top_k": top_k, "resize": resize, "col2im": col2im, "max_unpool": max_unpool,
    "non_max_suppression": non_max_suppression,
}
