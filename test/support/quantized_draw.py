"""Draws random quantized layers: each a part of an ONNX graph from codes to codes, with what the
integer contract says it gives."""
import numpy as np
from onnx import TensorProto

from support import quantized_reference as q

F = np.float32
WEIGHT_BITS = (2, 3, 4, 5, 6, 7, 8)
# Of activations: ONNX has types for some; the others lie in 8 bits, as results behind a Clip to
# what the fewer codes stand for.
TYPED_BITS = (4, 8, 8, 8, 8, 8, 8)
CLIPPED_BITS = (2, 3, 5, 6, 7)
ANY_BITS = TYPED_BITS + CLIPPED_BITS
WIDE_BITS = (4, 8, 8, 16)


def draw_scale(rng):
    """A power of two half of the time, for which ties are common; else any number."""
    if rng.random() < 0.5:
        return F(2.0 ** int(rng.integers(-6, 1)))
    return F(rng.uniform(0.002, 0.5))


def draw_activation(rng, widths=ANY_BITS):
    signed = rng.random() < 0.5
    bits = int(rng.choice(widths))
    dtype = np.dtype(f"{'' if signed else 'u'}int{max(bits, 8)}").type
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    zero = int(rng.choice([low, high, rng.integers(low, high + 1), (low + high + 1) // 2]))
    return q.Quantization(np.array([draw_scale(rng)]), np.array([zero]), low, high, dtype, bits)


def draw_codes(rng, quantization, shape):
    """Codes over the whole range, or only its ends. Numbers where it quantizes nothing."""
    if quantization.dtype == np.float32:
        numbers = rng.normal(rng.choice([-1, 0, 1]), 1, shape) * quantization.single[0]
        return (numbers if rng.random() < 0.9 else np.zeros(shape)).astype(F)
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


def fitting_result(rng, numbers, widths=ANY_BITS):
    """A result quantization for about these numbers: some saturate, some use few codes."""
    y = draw_activation(rng, widths)
    spread = float(np.abs(numbers).max()) + 1e-6
    scale = spread / (y.high - y.low) * 2 * rng.choice([0.25, 1.0, 4.0])
    if rng.random() < 0.4:
        scale = 2.0 ** np.rint(np.log2(scale))
    y.scale = np.array([F(scale)])
    return y


def draw_clip(rng, y):
    """Bounds of a Clip or (0, None) for Relu; None for no activation."""
    if y.bits in CLIPPED_BITS:
        return tuple(y.single[0] * F(code - y.single[1]) for code in (y.low, y.high))
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


def draw_window(rng, kernel):
    strides = [int(s) for s in rng.integers(1, 3, 2)]
    pads = [int(rng.integers(0, k)) for k in kernel + kernel]
    return strides, pads


def draw_conv_shape(rng):
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
    return ([int(rng.integers(1, 3)), channels, *size], (outputs, channels // group, *kernel),
            {"strides": strides, "pads": pads, "dilations": dilations, "group": group})


def draw_conv(rng, graph):
    shape, weight_shape, window = draw_conv_shape(rng)
    outputs, widths = weight_shape[0], WIDE_BITS if rng.random() < 0.3 else ANY_BITS
    x = draw_activation(rng, widths)
    weights, w, bits = draw_weights(rng, weight_shape, 0)
    bias, biasName = add_bias(graph, rng, x, w, outputs)
    probe = draw_codes(rng, x, shape)

    def evaluate(codes, y, clip):
        return q.conv(codes, weights, bias, x, w, y, clip=clip, **window)

    wide = q.Quantization(np.array([F(1e-3)]), np.array([0]), -2**31, 2**31 - 1, np.int64)
    y = fitting_result(rng, evaluate(probe, wide, None) * 1e-3, widths)
    clip = draw_clip(rng, y)
    name = graph.input(shape, x.dtype)
    operands = [graph.dequantize(name, x), add_weights(graph, weights, w, bits, 0)]
    result = graph.node("Conv", operands + ([biasName] if biasName else []), **window)
    result = graph.quantize(add_activation(graph, result, clip), y)
    return [(shape, x)], result, y, lambda codes: evaluate(codes, y, clip)


def draw_matmul(rng, graph):
    depth, outputs = int(rng.choice([1, 3, 4, 17, 64, 130])), int(rng.choice([1, 5, 16, 31, 64]))
    shape = [int(d) for d in rng.integers(1, 5, int(rng.integers(1, 3)))] + [depth]
    widths = WIDE_BITS if rng.random() < 0.3 else ANY_BITS
    x = draw_activation(rng, widths)
    weights, w, bits = draw_weights(rng, (depth, outputs), 1)
    isGemm = len(shape) == 2 and rng.random() < 0.5
    bias, biasName = add_bias(graph, rng, x, w, outputs) if isGemm else (None, None)
    probe = draw_codes(rng, x, shape)
    wide = q.Quantization(np.array([F(1e-3)]), np.array([0]), -2**31, 2**31 - 1, np.int64)
    y = fitting_result(rng, q.matmul(probe, weights, bias, x, w, wide, None) * 1e-3, widths)
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
    y = fitting_result(rng, numbers, TYPED_BITS)
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
    y = draw_activation(rng, TYPED_BITS)
    y.scale, y.zero = np.array([F(1 / 256)]), np.array([y.low])
    name = graph.input(shape, x.dtype)
    result = graph.node("Softmax", [graph.dequantize(name, x)], axis=axis)
    return ([(shape, x)], graph.quantize(result, y), y,
            lambda codes: q.softmax(codes, x, y, axis))


def draw_concat(rng, graph):
    shape = [int(d) for d in rng.integers(1, 6, 3)]
    axis = int(rng.integers(0, 3))
    parts = [draw_activation(rng) for _ in range(int(rng.integers(1, 4)))]
    y = parts[0]
    if y.bits in CLIPPED_BITS or rng.random() < 0.5:
        y = draw_activation(rng, TYPED_BITS)
    names = [graph.input(shape, p.dtype) for p in parts]
    result = graph.node("Concat", [graph.dequantize(n, p) for n, p in zip(names, parts)], axis=axis)
    return ([(shape, p) for p in parts], graph.quantize(result, y), y,
            lambda *codes: np.concatenate(
                [q.quantize(q.dequantize(c, p), y) for c, p in zip(codes, parts)], axis))


def draw_dynamic(rng, graph):
    """A layer that the run quantizes: DynamicQuantizeLinear, sums and their dequantization. Or the
    sums alone, of codes with a zero point that only the run knows."""
    isConv = rng.random() < 0.5
    if isConv:
        shape, weight_shape, window = draw_conv_shape(rng)
        axis, channels = 0, weight_shape[0]
    else:
        depth, channels = int(rng.choice([1, 4, 17, 64])), int(rng.choice([1, 5, 16, 31, 64]))
        shape = [int(d) for d in rng.integers(1, 5, int(rng.integers(1, 3)))] + [depth]
        weight_shape, axis, window = (depth, channels), 1, {}
    weights, w, _ = draw_weights(rng, weight_shape, axis)
    zero = w.zero.astype(w.dtype)
    zeroName = graph.constant(zero if zero.size > 1 else zero.reshape(()))

    def sums(codes, x_zero):
        if isConv:
            return q.conv_sums(codes, weights, x_zero, w.zero, **window)
        return (codes.astype(np.int64) - x_zero) @ (weights.astype(np.int64) - w.zero)

    op, channel_axis = ("ConvInteger", 1) if isConv else ("MatMulInteger", len(shape) - 1)
    if rng.random() < 0.3:
        x = draw_activation(rng)
        names = [graph.input(shape, x.dtype), graph.input([], x.dtype)]
        result = graph.node(op, [names[0], graph.constant(weights), names[1], zeroName], **window)
        y = q.Quantization(np.ones(1), np.zeros(1), -2**31, 2**31 - 1, np.int32)
        return ([(shape, x), ([], x)], result, y,
                lambda codes, x_zero: sums(codes, int(x_zero)).astype(np.int32))
    x = q.Quantization(np.array([draw_scale(rng)]), np.zeros(1), 0, 0, np.float32)
    codes, scale, x_zero = graph.nodes_of("DynamicQuantizeLinear", [graph.input(shape, np.float32)],
                                          3)
    result = graph.node(op, [codes, graph.constant(weights), x_zero, zeroName], **window)
    w_scale = w.scale.astype(F)
    factor = graph.node("Mul", [scale, graph.constant(along(w_scale, isConv))])
    result = graph.node("Mul", [graph.node("Cast", [result], to=TensorProto.FLOAT), factor])
    bias = rng.normal(0, 1, channels).astype(F) if rng.random() < 0.5 else None
    if bias is not None:
        result = graph.node("Add", [result, graph.constant(along(bias, isConv))])

    def compute(numbers):
        found, found_scale, found_zero = q.dynamic_quantize(numbers)
        return q.scaled_sums(sums(found, found_zero), found_scale * w_scale, bias, channel_axis)

    return [(shape, x)], result, x, compute


def draw_batch_matmul(rng, graph):
    """A product of two activations, as a QDQ group or in one node."""
    depth, outputs = int(rng.choice([1, 3, 8, 17, 64])), int(rng.choice([1, 5, 16, 31, 40]))
    batch = [int(d) for d in rng.integers(1, 4, int(rng.integers(0, 3)))]
    shapes = [batch + [int(rng.integers(1, 9)), depth], batch + [depth, outputs]]
    if batch and rng.random() < 0.4:
        side = int(rng.integers(0, 2))
        shapes[side] = shapes[side][1:] if rng.random() < 0.5 else [1] + shapes[side][1:]
    a, b = draw_activation(rng), draw_activation(rng)
    wide = q.Quantization(np.array([F(1e-3)]), np.array([0]), -2**31, 2**31 - 1, np.int64)
    probes = [draw_codes(rng, p, s) for p, s in zip((a, b), shapes)]
    y = fitting_result(rng, q.batch_matmul(*probes, a, b, wide, None) * 1e-3)
    names = [graph.input(s, p.dtype) for s, p in zip(shapes, (a, b))]
    clip = None
    if rng.random() < 0.3 and max(a.bits, b.bits, y.bits) == 8 and all(
            p.bits == 8 for p in (a, b, y)):
        operands = []
        for name, p in zip(names, (a, b)):
            operands += [name, graph.constant(p.scale.astype(F).reshape(())),
                         graph.constant(p.zero.astype(p.dtype).reshape(()))]
        result = graph.node("QLinearMatMul", operands + [
            graph.constant(y.scale.astype(F).reshape(())),
            graph.constant(y.zero.astype(y.dtype).reshape(()))])
    else:
        clip = draw_clip(rng, y)
        result = graph.node("MatMul", [graph.dequantize(n, p) for n, p in zip(names, (a, b))])
        result = graph.quantize(add_activation(graph, result, clip), y)
    return (list(zip(shapes, (a, b))), result, y,
            lambda first, second: q.batch_matmul(first, second, a, b, y, clip))


def draw_conv_transpose(rng, graph):
    kernel = [int(k) for k in rng.integers(1, 5, 2)]
    strides = [int(s) for s in rng.integers(1, 4, 2)]
    pads = [int(rng.integers(0, k)) for k in kernel + kernel]
    output_padding = [int(rng.integers(0, s)) for s in strides]
    group = int(rng.choice([1, 1, 2, 3]))
    channels, per = group * int(rng.choice([1, 3, 4, 9])), int(rng.choice([1, 2, 5, 17]))
    size = [int(rng.integers(1, 6)) for _ in range(2)]
    for i in range(2):
        while (size[i] - 1) * strides[i] + kernel[i] + output_padding[i] <= pads[i] + pads[i + 2]:
            size[i] += 1
    shape, x = [int(rng.integers(1, 3)), channels, *size], draw_activation(rng)
    weights, w, bits = draw_weights(rng, (channels, per, *kernel), 1)
    if group > 1 and w.scale.size > 1:
        w.scale, w.zero = w.scale[:1], w.zero[:1]
    bias, biasName = add_bias(graph, rng, x, w, per * group)
    window = {"strides": strides, "pads": pads, "output_padding": output_padding, "group": group}
    wide = q.Quantization(np.array([F(1e-3)]), np.array([0]), -2**31, 2**31 - 1, np.int64)
    probe = draw_codes(rng, x, shape)
    y = fitting_result(
        rng, q.conv_transpose(probe, weights, bias, x, w, wide, clip=None, **window) * 1e-3)
    clip = draw_clip(rng, y)
    operands = [graph.dequantize(graph.input(shape, x.dtype), x),
                add_weights(graph, weights, w, bits, 1)]
    result = graph.node("ConvTranspose", operands + ([biasName] if biasName else []), **window)
    result = graph.quantize(add_activation(graph, result, clip), y)
    return ([(shape, x)], result, y,
            lambda codes: q.conv_transpose(codes, weights, bias, x, w, y, clip=clip, **window))


def draw_movement(rng, graph):
    """Layers that only move or pick elements, between a sum and a requantization."""
    shape = [int(d) for d in rng.integers(2, 6, 3)]
    a, b = draw_activation(rng), draw_activation(rng)
    numbers = [q.dequantize(draw_codes(rng, p, shape), p) for p in (a, b)]
    middle = fitting_result(rng, numbers[0] + numbers[1], TYPED_BITS)
    names = [graph.input(shape, p.dtype) for p in (a, b)]
    total = graph.node("Add", [graph.dequantize(n, p) for n, p in zip(names, (a, b))])
    value = graph.dequantize(graph.quantize(total, middle), middle)
    ints = lambda *values: graph.constant(np.array(values, np.int64))  # noqa: E731
    kind = str(rng.choice(["Gather", "GatherElements", "GatherND", "ReduceMax", "ReduceMin",
                           "Where", "Max", "Resize", "Pad", "ArgMax", "TopK", "Tile"]))
    axis = int(rng.integers(0, 3))
    picked = rng.integers(0, shape[axis], 3).astype(np.int64)
    y = middle
    if kind == "Gather":
        result = graph.node(kind, [value, graph.constant(picked)], axis=axis)
        move = lambda c: np.take(c, picked, axis)  # noqa: E731
    elif kind == "GatherElements":
        indices = rng.integers(0, shape[axis], shape).astype(np.int64)
        result = graph.node(kind, [value, graph.constant(indices)], axis=axis)
        move = lambda c: np.take_along_axis(c, indices, axis)  # noqa: E731
    elif kind == "GatherND":
        places = rng.integers(0, shape[0], (2, 1)).astype(np.int64)
        result = graph.node(kind, [value, graph.constant(places)])
        move = lambda c: c[places[:, 0]]  # noqa: E731
    elif kind in ("ReduceMax", "ReduceMin"):
        result = graph.node(kind, [value, ints(axis)], keepdims=1)
        pick = np.max if kind == "ReduceMax" else np.min
        move = lambda c: pick(c, axis=axis, keepdims=True)  # noqa: E731
    elif kind == "Where":
        mask = rng.random(shape) < 0.5
        code = int(rng.integers(middle.low, middle.high + 1))
        scale, zero = middle.single
        filler = graph.constant(np.array(F(code - zero) * scale))
        result = graph.node(kind, [graph.constant(mask), value, filler])
        move = lambda c: np.where(mask, c, c.dtype.type(code))  # noqa: E731
    elif kind == "Max":
        result = graph.node(kind, [value, graph.node("Transpose", [
            graph.node("Transpose", [value], perm=[1, 0, 2])], perm=[1, 0, 2])])
        move = lambda c: c  # noqa: E731
    elif kind == "Resize":
        scales = graph.constant(np.array([1, 2, 3], F))
        result = graph.node(kind, [value, "", scales], mode="nearest",
                            coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        move = lambda c: c.repeat(2, 1).repeat(3, 2)  # noqa: E731
    elif kind == "Pad":
        result = graph.node(kind, [value, ints(0, 1, 0, 2, 0, 1)])
        move = lambda c: np.pad(c, ((0, 2), (1, 0), (0, 1)),  # noqa: E731
                                constant_values=middle.single[1])
    elif kind == "Tile":
        result = graph.node(kind, [value, ints(1, 2, 2)])
        move = lambda c: np.tile(c, (1, 2, 2))  # noqa: E731
    elif kind == "ArgMax":
        result = graph.node(kind, [value], axis=axis, keepdims=0)
        move = lambda c: np.argmax(c, axis)  # noqa: E731
        y = q.Quantization(np.ones(1), np.zeros(1), 0, 0, np.int64)
    else:
        result = graph.nodes_of(kind, [value, ints(2)], 2)[0]
        move = lambda c: -np.sort(-c.astype(np.int64), axis=2)[..., :2]  # noqa: E731
    if y is middle:
        result = graph.quantize(result, y)
    return (list(zip([shape, shape], (a, b))), result, y,
            lambda first, second: move(q.add(first, second, a, b, middle, None)))


def along(values, isConv):
    """One number a channel, to broadcast against a result; a single one as it may be given."""
    if values.size == 1:
        return values.reshape(())
    return values.reshape((1, -1, 1, 1)) if isConv else values


# How often each kind is drawn.
KINDS = [(draw_conv, 10), (draw_matmul, 5), (draw_binary, 4), (draw_pool, 4), (draw_table, 2),
         (draw_softmax, 1), (draw_concat, 1), (draw_dynamic, 5),
         (draw_batch_matmul, 3), (draw_conv_transpose, 3), (draw_movement, 4)]


def draw_layer(rng, graph):
    """Adds one layer; returns (operands as (shape, quantization), output name, its quantization,
    function of operand codes)."""
    weights = np.array([weight for _, weight in KINDS], float)
    return KINDS[rng.choice(len(KINDS), p=weights / weights.sum())][0](rng, graph)
