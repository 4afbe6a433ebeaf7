"""Draws random quantized layers: each a part of an ONNX graph from codes to codes, with what the
integer contract says it gives."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from support import quantized_reference as q

F = np.float32
WEIGHT_BITS = (2, 3, 4, 5, 6, 7, 8)


class Graph:
    """An ONNX graph that many layers are added to."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.weights = [], [], [], []
        self.count = 0

    def name(self, what):
        self.count += 1
        return f"{what}_{self.count}"

    def constant(self, array, element=None):
        name = self.name("c")
        if element is None:
            self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        else:
            self.weights.append(helper.make_tensor(name, element, np.shape(array),
                                                   np.asarray(array).flatten().tolist()))
        return name

    def node(self, op, operands, **attributes):
        result = self.name(op.lower())
        self.nodes.append(helper.make_node(op, operands, [result], name=result, **attributes))
        return result

    def input(self, shape, dtype):
        name = self.name("x")
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, shape, dtype):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def model(self):
        graph = helper.make_graph(self.nodes, "layers", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
        model.ir_version = 10
        return model

    def dequantize(self, codes, quantization, axis=None):
        scale, zero = quantization.scale, quantization.zero.astype(quantization.dtype)
        if axis is None:
            # One number is a scalar or, with the axis at its default, a tensor of one dim.
            shape = () if self.count % 2 else (1,)
            scale, zero = scale.reshape(shape), zero.reshape(shape)
            return self.node("DequantizeLinear",
                             [codes, self.constant(scale), self.constant(zero)])
        return self.node("DequantizeLinear", [codes, self.constant(scale), self.constant(zero)],
                         axis=axis)

    def quantize(self, numbers, quantization):
        return self.node("QuantizeLinear",
                         [numbers, self.constant(quantization.scale.reshape(())),
                          self.constant(quantization.zero.astype(quantization.dtype).reshape(()))])


def draw_scale(rng):
    """A power of two half of the time, for which ties are common; else any number."""
    if rng.random() < 0.5:
        return F(2.0 ** int(rng.integers(-6, 1)))
    return F(rng.uniform(0.002, 0.5))


def draw_activation(rng):
    signed = rng.random() < 0.5
    dtype, low, high = (np.int8, -128, 127) if signed else (np.uint8, 0, 255)
    zero = int(rng.choice([low, high, rng.integers(low, high + 1), (low + high + 1) // 2]))
    return q.Quantization(np.array([draw_scale(rng)]), np.array([zero]), low, high, dtype)


def draw_codes(rng, quantization, shape):
    """Codes over the whole range, or only its ends."""
    if rng.random() < 0.2:
        return rng.choice([quantization.low, quantization.high], shape).astype(quantization.dtype)
    return rng.integers(quantization.low, quantization.high + 1, shape).astype(quantization.dtype)


def draw_weights(rng, shape, channel_axis):
    """(codes, quantization): 2 to 8 bits, per channel or not, with a zero point or without."""
    bits = int(rng.choice(WEIGHT_BITS))
    signed = rng.random() < 0.7
    dtype = np.int8 if signed else np.uint8
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    channels = shape[channel_axis] if rng.random() < 0.6 else 1
    scale = np.array([draw_scale(rng) for _ in range(channels)], F)
    middle = 0 if signed else 1 << bits - 1
    zero = np.full(channels, middle)
    if rng.random() >= 0.6:
        zero = rng.integers(low, high + 1, channels)
    quantization = q.Quantization(scale, zero, low, high, dtype)
    return draw_codes(rng, quantization, shape), quantization, bits


def fitting_result(rng, numbers):
    """A result quantization for about these numbers: some saturate, some use few codes."""
    y = draw_activation(rng)
    spread = float(np.abs(numbers).max()) + 1e-6
    scale = spread / 127 * rng.choice([0.25, 1.0, 4.0])
    if rng.random() < 0.4:
        scale = 2.0 ** np.rint(np.log2(scale))
    y.scale = np.array([F(scale)])
    return y


def draw_clip(rng, y):
    """Bounds of a Clip or (0, None) for Relu; None for no activation."""
    kind = rng.integers(0, 4)
    if kind < 2:
        return None
    if kind == 2:
        return F(0), None
    ends = sorted(float(y.single[0]) * (rng.integers(y.low, y.high + 1, 2) - y.single[1]))
    return F(ends[0]), F(ends[1])


def add_activation(graph, numbers, clip):
    if clip is None:
        return numbers
    if clip[1] is None:
        return graph.node("Relu", [numbers])
    return graph.node("Clip", [numbers, graph.constant(np.array(clip[0])),
                               graph.constant(np.array(clip[1]))])


def add_weights(graph, codes, quantization, bits, axis):
    """A dequantized weight; of 4 bits half of the time as a packed tensor."""
    perAxis = axis if quantization.scale.size > 1 else None
    packed = {4: {np.int8: TensorProto.INT4, np.uint8: TensorProto.UINT4}}.get(bits)
    if packed is None or codes.size % 2:
        return graph.dequantize(graph.constant(codes), quantization, perAxis)
    kind = packed[quantization.dtype]
    scale, zero = quantization.scale, quantization.zero
    if perAxis is None:
        scale, zero = scale.reshape(()), zero.reshape(())
    attributes = {} if perAxis is None else {"axis": perAxis}
    return graph.node("DequantizeLinear", [graph.constant(codes, kind), graph.constant(scale),
                                           graph.constant(zero, kind)], **attributes)


def add_bias(graph, rng, x, w, channels):
    """(i32 codes or None, dequantized name or None)."""
    if rng.random() < 0.3:
        return None, None
    codes = rng.integers(-3000, 3000, channels).astype(np.int32)
    scale = x.single[0] * w.scale
    bias = q.Quantization(scale.astype(F), np.zeros(scale.size, np.int64), 0, 0, np.int32)
    return codes, graph.dequantize(graph.constant(codes), bias, 0 if scale.size > 1 else None)


def draw_conv(rng, graph):
    kernel = [int(k) for k in rng.integers(1, 4, 2)]
    strides = [int(s) for s in rng.integers(1, 3, 2)]
    dilations = [int(d) for d in rng.integers(1, 3, 2)]
    pads = [int(p) for p in rng.integers(0, 3, 4)]
    kind = rng.integers(0, 4)
    group = int(rng.choice([2, 3])) if kind == 1 else 1
    channels = group * int(rng.choice([1, 2, 3, 4, 5, 8, 17]))
    outputs = group * int(rng.choice([1, 3, 8, 16, 20, 33]))
    if kind == 0:
        group = channels = outputs = int(rng.choice([1, 4, 16, 19, 32]))
    size = [int((kernel[i] - 1) * dilations[i] + 1 + rng.integers(0, 7)) for i in range(2)]
    x, shape = draw_activation(rng), [int(rng.integers(1, 3)), channels, *size]
    weights, w, bits = draw_weights(rng, (outputs, channels // group, *kernel), 0)
    bias, biasName = add_bias(graph, rng, x, w, outputs)
    probe = draw_codes(rng, x, shape)

    def evaluate(codes, y, clip):
        return q.conv(codes, weights, bias, x, w, y, strides, pads, dilations, group, clip)

    wide = q.Quantization(np.array([F(1e-3)]), np.array([0]), -2**31, 2**31 - 1, np.int64)
    y = fitting_result(rng, evaluate(probe, wide, None) * 1e-3)
    clip = draw_clip(rng, y)
    name = graph.input(shape, x.dtype)
    operands = [graph.dequantize(name, x), add_weights(graph, weights, w, bits, 0)]
    result = graph.node("Conv", operands + ([biasName] if biasName else []), strides=strides,
                        pads=pads, dilations=dilations, group=group)
    result = graph.quantize(add_activation(graph, result, clip), y)
    return [(shape, x)], result, y, lambda codes: evaluate(codes, y, clip)


def draw_matmul(rng, graph):
    depth, outputs = int(rng.choice([1, 3, 4, 17, 64, 130])), int(rng.choice([1, 5, 16, 31, 64]))
    shape = [int(d) for d in rng.integers(1, 5, int(rng.integers(1, 3)))] + [depth]
    x = draw_activation(rng)
    weights, w, bits = draw_weights(rng, (depth, outputs), 1)
    isGemm = len(shape) == 2 and rng.random() < 0.5
    bias, biasName = add_bias(graph, rng, x, w, outputs) if isGemm else (None, None)
    probe = draw_codes(rng, x, shape)
    wide = q.Quantization(np.array([F(1e-3)]), np.array([0]), -2**31, 2**31 - 1, np.int64)
    y = fitting_result(rng, q.matmul(probe, weights, bias, x, w, wide, None) * 1e-3)
    clip = draw_clip(rng, y)
    name = graph.input(shape, x.dtype)
    a = graph.dequantize(name, x)
    if isGemm:
        b = add_weights(graph, np.ascontiguousarray(weights.T), w, bits, 0)
        result = graph.node("Gemm", [a, b] + ([biasName] if biasName else []), transB=1)
    else:
        result = graph.node("MatMul", [a, add_weights(graph, weights, w, bits, 1)])
    result = graph.quantize(add_activation(graph, result, clip), y)
    return ([(shape, x)], result, y,
            lambda codes: q.matmul(codes, weights, bias, x, w, y, clip))


def draw_binary(rng, graph):
    op = str(rng.choice(["Add", "Mul"]))
    shape = [int(d) for d in rng.integers(1, 6, 3)]
    other = list(shape)
    for i in range(3):
        if rng.random() < 0.25:
            other[i] = 1
    if rng.random() < 0.2:
        other = other[1:]
    a, b = draw_activation(rng), draw_activation(rng)
    shapes = [shape, other] if rng.random() < 0.5 else [other, shape]
    numbers = [q.dequantize(draw_codes(rng, p, s), p) for p, s in zip((a, b), shapes)]
    y = fitting_result(rng, numbers[0] + numbers[1] if op == "Add" else numbers[0] * numbers[1])
    clip = draw_clip(rng, y)
    names = [graph.input(s, p.dtype) for p, s in zip((a, b), shapes)]
    result = graph.node(op, [graph.dequantize(names[0], a), graph.dequantize(names[1], b)])
    result = graph.quantize(add_activation(graph, result, clip), y)
    compute = q.add if op == "Add" else q.mul
    return (list(zip(shapes, (a, b))), result, y,
            lambda first, second: compute(first, second, a, b, y, clip))


def draw_window(rng, kernel):
    strides = [int(s) for s in rng.integers(1, 3, 2)]
    pads = [int(rng.integers(0, k)) for k in kernel + kernel]
    return strides, pads


def draw_pool(rng, graph):
    kernel = [int(k) for k in rng.integers(1, 4, 2)]
    strides, pads = draw_window(rng, kernel)
    shape = [1, int(rng.choice([1, 3, 16, 70])), *(int(k + rng.integers(0, 6)) for k in kernel)]
    x = draw_activation(rng)
    name = graph.input(shape, x.dtype)
    kind = rng.integers(0, 3)
    if kind == 0:
        result = graph.node("MaxPool", [graph.dequantize(name, x)], kernel_shape=kernel,
                            strides=strides, pads=pads)
        return ([(shape, x)], graph.quantize(result, x), x,
                lambda codes: q.max_pool(codes, kernel, strides, pads))
    y = fitting_result(rng, q.dequantize(draw_codes(rng, x, shape), x))
    clip = draw_clip(rng, y)
    if kind == 1:
        result = graph.node("GlobalAveragePool", [graph.dequantize(name, x)])
        compute = lambda codes: q.global_average_pool(codes, x, y, clip)  # noqa: E731
    else:
        counts = bool(rng.integers(0, 2))
        result = graph.node("AveragePool", [graph.dequantize(name, x)], kernel_shape=kernel,
                            strides=strides, pads=pads, count_include_pad=int(counts))
        compute = lambda codes: q.average_pool(  # noqa: E731
            codes, x, y, kernel, strides, pads, counts, clip)
    return [(shape, x)], graph.quantize(add_activation(graph, result, clip), y), y, compute


def draw_table(rng, graph):
    shape = [int(d) for d in rng.integers(1, 9, 2)]
    x = draw_activation(rng)
    numbers = q.dequantize(draw_codes(rng, x, shape), x)
    y = fitting_result(rng, numbers)
    name = graph.input(shape, x.dtype)
    a = graph.dequantize(name, x)
    kind = rng.integers(0, 4)
    if kind == 0:
        alpha = F(rng.uniform(0.01, 0.5))
        result = graph.node("LeakyRelu", [a], alpha=float(alpha))
        function = lambda v: np.where(v < 0, alpha * v, v)  # noqa: E731
    elif kind == 1:
        factor = F(rng.uniform(-2, 2))
        result = graph.node("Mul", [a, graph.constant(np.array(factor))])
        function = lambda v: v * factor  # noqa: E731
    elif kind == 2:
        result = graph.node("Abs", [a])
        function = np.abs
    else:
        result, function = a, lambda v: v
    return ([(shape, x)], graph.quantize(result, y), y,
            lambda codes: q.quantize(function(q.dequantize(codes, x)), y))


def draw_softmax(rng, graph):
    shape = [int(d) for d in rng.integers(1, 9, 3)]
    axis = int(rng.integers(0, 3))
    x = draw_activation(rng)
    y = draw_activation(rng)
    y.scale, y.zero = np.array([F(1 / 256)]), np.array([y.low])
    name = graph.input(shape, x.dtype)
    result = graph.node("Softmax", [graph.dequantize(name, x)], axis=axis)
    return ([(shape, x)], graph.quantize(result, y), y,
            lambda codes: q.softmax(codes, x, y, axis))


def draw_concat(rng, graph):
    shape = [int(d) for d in rng.integers(1, 6, 3)]
    axis = int(rng.integers(0, 3))
    parts = [draw_activation(rng) for _ in range(int(rng.integers(1, 4)))]
    y = parts[0] if rng.random() < 0.5 else draw_activation(rng)
    names = [graph.input(shape, p.dtype) for p in parts]
    result = graph.node("Concat", [graph.dequantize(n, p) for n, p in zip(names, parts)], axis=axis)
    return ([(shape, p) for p in parts], graph.quantize(result, y), y,
            lambda *codes: np.concatenate(
                [q.quantize(q.dequantize(c, p), y) for c, p in zip(codes, parts)], axis))


# How often each kind is drawn.
KINDS = [(draw_conv, 10), (draw_matmul, 5), (draw_binary, 4), (draw_pool, 4), (draw_table, 2),
         (draw_softmax, 1), (draw_concat, 1)]


def draw_layer(rng, graph):
    """Adds one layer; returns (operands as (shape, quantization), output name, its quantization,
    function of operand codes)."""
    weights = np.array([weight for _, weight in KINDS], float)
    return KINDS[rng.choice(len(KINDS), p=weights / weights.sum())][0](rng, graph)
