"""Random single-node cases of ONNX operators, as functions of a seed alone."""
import dataclasses

import numpy as np

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint32, np.uint64]


@dataclasses.dataclass
class Case:
    name: str
    seed: int
    op_type: str
    inputs: list
    attributes: dict
    outputs: int = 1
    opset: int = 22
    scale: float = 1.0  # of the absolute tolerance
    exact_when_narrow: bool = True
    integers: list = dataclasses.field(default_factory=list)  # integer types to try
    widens: bool = False  # narrow integers give i32

    def integer_result(self, element):
        if self.widens and np.dtype(element).itemsize < 4:
            return np.dtype(np.int32)
        return np.dtype(element)

    def __str__(self):
        shapes = [None if v is None else f"{v.dtype}{list(v.shape)}" for v in self.inputs]
        return f"{self.op_type} {shapes} {self.attributes}"


class Draw:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def integers(self, count, low, high):
        return [self.integer(low, high) for _ in range(count)]

    def choice(self, *values):
        return values[self.integer(0, len(values) - 1)]

    def values(self, *dims):
        return self.rng.standard_normal(dims).astype(np.float32)


def _window(draw, rank, largest_kernel):
    """Input dims, kernel and attributes that leave at least one window."""
    kernel = draw.integers(rank, 1, largest_kernel)
    dilations = draw.integers(rank, 1, 2)
    attributes = {"strides": draw.integers(rank, 1, 3), "dilations": dilations}
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    largest = {1: 90, 2: 40, 3: 9}[rank]
    dims = [e + draw.integer(0, largest) for e in extents]
    auto = draw.choice("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    if auto == "NOTSET":
        # A pad as wide as the kernel would make windows of padding alone, which pools refuse.
        attributes["pads"] = [draw.integer(0, k - 1) for k in kernel + kernel]
    else:
        attributes["auto_pad"] = auto
        if auto != "VALID":
            # ONNX Runtime rejects dilations here, or pads pools otherwise than the specification.
            attributes["dilations"] = [1] * rank
    return dims, kernel, attributes


def conv(name, seed):
    draw = Draw(seed)
    rank = draw.choice(1, 2, 2, 2, 3)
    dims, kernel, attributes = _window(draw, rank, 4)
    group = draw.choice(1, 1, 2, 5)
    inner, outer = draw.integer(1, 9), draw.integer(1, 11)
    if draw.integer(0, 3) == 0:
        inner = outer = 1  # depthwise
    attributes["group"] = group
    inputs = [draw.values(draw.integer(1, 2), inner * group, *dims),
              draw.values(outer * group, inner, *kernel)]
    if draw.integer(0, 1):
        inputs.append(draw.values(outer * group))
    return Case(name, seed, "Conv", inputs, attributes, scale=20, integers=INTEGERS, widens=True)


def conv_transpose(name, seed):
    draw = Draw(seed)
    rank = draw.choice(1, 2, 2, 3)
    kernel = draw.integers(rank, 1, 4)
    group, inner, outer = draw.choice(1, 1, 2, 3), draw.integer(1, 5), draw.integer(1, 4)
    dims = draw.integers(rank, 1, {1: 150, 2: 20, 3: 6}[rank])
    strides = draw.integers(rank, 1, draw.choice(3, 3, 3, 300 if rank == 1 else 7))
    dilations = draw.integers(rank, 1, 3)
    attributes = {"strides": strides, "dilations": dilations, "group": group}
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    auto = draw.choice("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    if any(e < s for e, s in zip(extents, strides)):
        auto = "NOTSET"  # ONNX Runtime's output would be smaller than the specification's
    if auto == "NOTSET":
        attributes["pads"] = [draw.integer(0, (e - 1) // 2) for e in extents + extents]
        attributes["output_padding"] = [draw.integer(0, s - 1)
                                        for s in strides]
    else:
        attributes["auto_pad"] = auto
    inputs = [draw.values(draw.integer(1, 2), inner * group, *dims),
              draw.values(inner * group, outer, *kernel)]
    if draw.integer(0, 1):
        inputs.append(draw.values(outer * group))
    return Case(name, seed, "ConvTranspose", inputs, attributes, scale=20)


def deform_conv(name, seed):
    draw = Draw(seed)
    kernel, dilations, strides = [draw.integers(2, 1, 3) for _ in range(3)]
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    dims = [e + draw.integer(0, 8) for e in extents]
    pads = draw.integers(4, 0, 2)
    out = [(dims[i] + pads[i] + pads[i + 2] - extents[i]) // strides[i] + 1 for i in range(2)]
    group, inner, outer = draw.choice(1, 2), 2 * draw.integer(1, 2), draw.integer(1, 5)
    offset_group, batch, taps = draw.choice(1, 2), draw.integer(1, 2), kernel[0] * kernel[1]
    attributes = {"strides": strides, "dilations": dilations, "pads": pads, "group": group,
                  "offset_group": offset_group}
    inputs = [draw.values(batch, inner * group, *dims),
              draw.values(outer * group, inner, *kernel),
              draw.values(batch, 2 * offset_group * taps, *out),
              draw.values(outer * group) if draw.integer(0, 1) else None,
              draw.values(batch, offset_group * taps, *out) if draw.integer(0, 1) else None]
    while inputs[-1] is None:
        inputs.pop()
    return Case(name, seed, "DeformConv", inputs, attributes, scale=20)


def matmul(name, seed):
    draw = Draw(seed)
    rows, depth, columns = [draw.choice(1, draw.integer(1, 5), draw.integer(5, 70))
                            for _ in range(3)]
    batch = draw.integers(draw.integer(0, 3), 1, 3)
    lhs = [1 if draw.integer(0, 3) == 0 else d for d in batch[draw.integer(0, len(batch)):]]
    rhs = [d if not lhs or i < len(batch) - len(lhs) or draw.integer(0, 2) else 1
           for i, d in enumerate(batch)]
    if draw.integer(0, 1):
        lhs, rhs = rhs, lhs
    lhs = [depth] if draw.integer(0, 9) == 0 else lhs + [rows, depth]
    rhs = [depth] if draw.integer(0, 9) == 0 else rhs + [depth, columns]
    return Case(name, seed, "MatMul", [draw.values(*lhs), draw.values(*rhs)], {}, scale=20,
                integers=INTEGERS, widens=True)


def _pool(op_type, extra, **options):
    def generate(name, seed):
        draw = Draw(seed)
        rank = draw.choice(1, 2, 2, 2, 3)
        dims, kernel, attributes = _window(draw, rank, 5)
        attributes["kernel_shape"] = kernel
        if "auto_pad" not in attributes:
            attributes["ceil_mode"] = draw.integer(0, 1)
        elif attributes["auto_pad"] != "VALID":
            # With a stride wider than the kernel ONNX Runtime's pads for pools are negative.
            attributes["strides"] = [min(s, k) for s, k in zip(attributes["strides"], kernel)]
        outputs = extra(draw, attributes)
        image = draw.values(draw.integer(1, 2), draw.integer(1, 3), *dims)
        return Case(name, seed, op_type, [image], attributes, outputs=outputs, **options)
    return generate


def _max_pool_extra(draw, attributes):
    if draw.integer(0, 2):
        return 1
    attributes["storage_order"] = draw.integer(0, 1)
    return 2


def _average_pool_extra(draw, attributes):
    attributes["count_include_pad"] = draw.integer(0, 1)
    return 1


def _lp_pool_extra(draw, attributes):
    attributes["p"] = draw.integer(1, 4)
    return 1


def _reduce(op_type, integers):
    def generate(name, seed):
        draw = Draw(seed)
        rank = draw.integer(1, 5)
        dims = [draw.choice(1, draw.integer(1, 4), draw.integer(4, 40 // rank + 5))
                for _ in range(rank)]
        axes = [a if draw.integer(0, 1) else a - rank for a in range(rank) if draw.integer(0, 1)]
        inputs = [draw.values(*dims), np.array(axes, np.int64)]
        attributes = {"keepdims": draw.integer(0, 1), "noop_with_empty_axes": draw.integer(0, 1)}
        return Case(name, seed, op_type, inputs, attributes, scale=20, integers=integers)
    return generate


def _along_axis(op_type, attributes=lambda draw: {}, **options):
    def generate(name, seed):
        draw = Draw(seed)
        rank = draw.integer(1, 4)
        dims = [draw.choice(draw.integer(1, 4), draw.integer(1, 80 // rank)) for _ in range(rank)]
        values = dict(attributes(draw), axis=draw.integer(-rank, rank - 1))
        return Case(name, seed, op_type, [draw.values(*dims)], values, **options)
    return generate


def _arg_attributes(draw):
    return {"keepdims": draw.integer(0, 1), "select_last_index": draw.integer(0, 1)}


def cum_sum(name, seed):
    case = _along_axis("CumSum")(name, seed)
    case.inputs.append(np.array(case.attributes.pop("axis"), np.int64))
    draw = Draw(seed + 1)
    case.attributes = {"exclusive": draw.integer(0, 1), "reverse": draw.integer(0, 1)}
    case.scale = 20
    return case


def layer_norm(name, seed):
    case = _along_axis("LayerNormalization")(name, seed)
    draw = Draw(seed + 1)
    image, axis = case.inputs[0], case.attributes["axis"]
    # In a row of one element, rounding decides over the result.
    if image.shape[axis:] and np.prod(image.shape[axis:]) < 2:
        image = case.inputs[0] = np.concatenate([image, image + 1], axis)
    for _ in range(draw.integer(1, 2)):
        case.inputs.append(draw.values(*image.shape[axis:]))
    case.outputs = draw.choice(1, 3)
    case.exact_when_narrow = case.outputs == 1
    case.attributes["epsilon"] = draw.choice(1e-5, 1e-3)
    case.scale = 20
    return case


def lrn(name, seed):
    draw = Draw(seed)
    image = draw.values(draw.integer(1, 2), draw.integer(1, 9), *draw.integers(2, 1, 20))
    size = draw.choice(1, 3, 5)  # ONNX Runtime takes odd sizes only
    attributes = {"size": size, "alpha": 0.1, "beta": 0.6, "bias": 1.5}
    return Case(name, seed, "LRN", [image], attributes)


PARAMETERS = {"Affine": (0.3, 0.1), "LeakyRelu": (0.1, None), "ThresholdedRelu": (0.2, None),
              "ScaledTanh": (0.8, 0.9), "HardSigmoid": (0.3, 0.4), "Elu": (0.9, None)}


def _recurrent(op_type, gates, functions, flag):
    def generate(name, seed):
        draw = Draw(seed)
        direction = draw.choice("forward", "reverse", "bidirectional")
        directions = 2 if direction == "bidirectional" else 1
        steps, batch = draw.integer(1, 6), draw.integer(1, 3)
        size, hidden = draw.integer(1, 40), draw.integer(1, 37)
        weights = [draw.values(directions, gates * hidden, n) / np.float32(4 * n) ** 0.5
                   for n in (size, hidden)]
        state = (directions, batch, hidden)
        optional = [draw.values(directions, 2 * gates * hidden),
                    np.array(draw.integers(batch, 1, steps), np.int32), draw.values(*state)]
        if op_type == "LSTM":
            optional += [draw.values(*state), draw.values(directions, 3 * hidden)]
        inputs = [draw.values(steps, batch, size), *weights]
        inputs += [v if draw.integer(0, 1) else None for v in optional]
        while inputs[-1] is None:
            inputs.pop()
        attributes = {"direction": direction, "hidden_size": hidden}
        if draw.integer(0, 1):
            attributes["clip"] = 0.6
        if flag and draw.integer(0, 1):
            attributes[flag] = 1
        if draw.integer(0, 1):
            names = [draw.choice(*choices) for choices in functions]
            attributes["activations"] = names * directions
            for index, key in enumerate(["activation_alpha", "activation_beta"]):
                values = [PARAMETERS[n][index] for n in names if n in PARAMETERS]
                values = [v for v in values if v is not None]
                if values:
                    attributes[key] = values * directions
        outputs = 3 if op_type == "LSTM" else 2
        return Case(name, seed, op_type, inputs, attributes, outputs=outputs, scale=10,
                    exact_when_narrow=False)
    return generate


GATES = ["Sigmoid", "HardSigmoid", "Tanh", "Affine"]
VALUES = ["Tanh", "ScaledTanh", "Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Softsign",
          "Softplus", "Affine"]

def grid_sample(name, seed):
    draw = Draw(seed)
    rank = draw.choice(2, 2, 3)
    # ONNX Runtime has no cubic mode in three dims.
    mode = draw.choice("nearest", "linear", "cubic") if rank == 2 else draw.choice("nearest",
                                                                                  "linear")
    batch, points = draw.integer(1, 2), draw.integers(rank, 1, 7)
    image = draw.values(batch, draw.integer(1, 3), *draw.integers(rank, 2, 9))
    grid = draw.values(batch, *points, rank)
    attributes = {"mode": mode, "align_corners": draw.integer(0, 1),
                  "padding_mode": draw.choice("zeros", "border", "reflection")}
    return Case(name, seed, "GridSample", [image, grid], attributes, scale=50)


def affine_grid(name, seed):
    draw = Draw(seed)
    rank = draw.choice(2, 3)
    batch = draw.integer(1, 3)
    size = np.array([batch, 1, *draw.integers(rank, 1, 9)], np.int64)
    return Case(name, seed, "AffineGrid", [draw.values(batch, rank, rank + 1), size],
                {"align_corners": draw.integer(0, 1)}, scale=10)


def roi_align(name, seed):
    draw = Draw(seed)
    batch, count = draw.integer(1, 3), draw.integer(1, 5)
    height, width = draw.integers(2, 3, 20)
    image = draw.values(batch, draw.integer(1, 3), height, width)
    corners = draw.rng.uniform(-2, 22, (count, 4)).astype(np.float32)
    rois = np.concatenate([np.minimum(corners[:, :2], corners[:, 2:]),
                           np.maximum(corners[:, :2], corners[:, 2:])], 1)
    attributes = {"coordinate_transformation_mode": draw.choice("half_pixel",
                                                                "output_half_pixel"),
                  "mode": draw.choice("avg", "max"), "output_height": draw.integer(1, 5),
                  "output_width": draw.integer(1, 5), "sampling_ratio": draw.integer(0, 3),
                  "spatial_scale": draw.choice(1.0, 0.5)}
    inputs = [image, rois, np.array(draw.integers(count, 0, batch - 1), np.int64)]
    return Case(name, seed, "RoiAlign", inputs, attributes, scale=50, opset=16)


def dft(name, seed):
    draw = Draw(seed)
    rank = draw.integer(1, 3)
    dims = [draw.choice(draw.integer(1, 9), 2 ** draw.integer(0, 6)) for _ in range(rank)]
    onesided, inverse = draw.choice((0, 0), (0, 1), (1, 0))
    parts = 1 if onesided else draw.integer(1, 2)
    axis = draw.integer(0, rank - 1)
    length = max(1, dims[axis] + draw.integer(-3, 5))
    inputs = [draw.values(draw.integer(1, 2), *dims, parts),
              np.array(length, np.int64) if draw.integer(0, 1) else None,
              np.array(axis + 1, np.int64)]
    # Sums are f64, so f16 results are not f32 results rounded. ONNX Runtime sums in f32, and loses
    # three digits at lengths that are no power of two.
    return Case(name, seed, "DFT", inputs, {"onesided": onesided, "inverse": inverse}, scale=500,
                exact_when_narrow=False)


def stft(name, seed):
    draw = Draw(seed)
    frame = draw.choice(draw.integer(1, 40), 2 ** draw.integer(1, 6))
    size = frame + draw.integer(0, 60)
    window = draw.values(frame) if draw.integer(0, 1) else None
    length = np.array(frame, np.int64) if window is None or draw.integer(0, 1) else None
    inputs = [draw.values(draw.integer(1, 2), size, 1), np.array(draw.integer(1, 20), np.int64),
              window, length]
    while inputs[-1] is None:
        inputs.pop()
    return Case(name, seed, "STFT", inputs, {"onesided": draw.integer(0, 1)}, scale=50,
                exact_when_narrow=False)


def det(name, seed):
    draw = Draw(seed)
    size = draw.integer(1, 12)
    dims = draw.integers(draw.integer(0, 2), 1, 3)
    return Case(name, seed, "Det", [draw.values(*dims, size, size)], {}, scale=1e4)


GENERATORS = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DeformConv": deform_conv,
    "MatMul": matmul,
    "MaxPool": _pool("MaxPool", _max_pool_extra, integers=[np.int8, np.uint8]),
    "AveragePool": _pool("AveragePool", _average_pool_extra),
    "LpPool": _pool("LpPool", _lp_pool_extra, scale=10),
    "ReduceSum": _reduce("ReduceSum", INTEGERS),
    "ReduceProd": _reduce("ReduceProd", []),
    "ReduceMean": _reduce("ReduceMean", []),
    "ReduceMax": _reduce("ReduceMax", INTEGERS),
    "ReduceMin": _reduce("ReduceMin", INTEGERS),
    "Softmax": _along_axis("Softmax"),
    "LogSoftmax": _along_axis("LogSoftmax"),
    "Hardmax": _along_axis("Hardmax"),
    "ArgMax": _along_axis("ArgMax", _arg_attributes, integers=[np.int8, np.uint8, np.int32]),
    "ArgMin": _along_axis("ArgMin", _arg_attributes, integers=[np.int8, np.uint8, np.int32]),
    "CumSum": cum_sum,
    "LayerNormalization": layer_norm,
    "LRN": lrn,
    "LSTM": _recurrent("LSTM", 4, [GATES, VALUES, VALUES], "input_forget"),
    "GRU": _recurrent("GRU", 3, [GATES, VALUES], "linear_before_reset"),
    "RNN": _recurrent("RNN", 1, [VALUES], None),
    "GridSample": grid_sample,
    "AffineGrid": affine_grid,
    "RoiAlign": roi_align,
    "DFT": dft,
    "STFT": stft,
    "Det": det,
}
