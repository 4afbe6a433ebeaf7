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


GENERATORS = {
    "Conv": conv,
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
}
