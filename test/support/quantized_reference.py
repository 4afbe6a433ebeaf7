"""What docs/integer-contract.md says that quantized layers compute, layer by layer, in NumPy.

Written from that page and from nothing else: it shares no code with the compiler. Integers are
exact; every f32 operation is one NumPy operation on float32.
"""
import dataclasses
import math

import numpy as np

F = np.float32


@dataclasses.dataclass
class Quantization:
    """How codes stand for numbers: one scale and zero point, or one a channel."""
    scale: np.ndarray
    zero: np.ndarray
    low: int
    high: int
    dtype: type
    bits: int = 8  # of codes that the graph stores in 4 bits on the way

    @property
    def single(self):
        """The only scale and zero point."""
        return F(self.scale.reshape(-1)[0]), int(self.zero.reshape(-1)[0])


def saturate(values, q, low=None, high=None):
    low = q.low if low is None else max(q.low, low)
    high = q.high if high is None else min(q.high, high)
    return np.clip(values, low, max(low, high)).astype(q.dtype)


def quantize(numbers, q):
    scale, zero = q.single
    with np.errstate(over="ignore"):
        scaled = np.rint(numbers.astype(F) / scale)
    return saturate(np.clip(scaled.astype(np.float64), -1e9, 1e9) + zero, q)


def dequantize(codes, q):
    scale, zero = q.single
    return (codes.astype(np.int64) - zero).astype(F) * scale


def bounds_of(q, clip):
    """Bounds of the codes for a clip of the numbers, (None, None) for none."""
    if clip is None:
        return None, None
    low, high = clip
    edges = [None if edge is None else int(quantize(np.array([edge], F), q)[0])
             for edge in (low, high)]
    return edges[0], edges[1]


def requantize_sum(sums, x, w, y, channel_axis, clip):
    """round(f32(A) * m) + zero point, one multiplier a channel."""
    multiplier = (x.single[0] * w.scale.astype(F)) / y.single[0]
    shape = [1] * sums.ndim
    if multiplier.size > 1:
        shape[channel_axis] = multiplier.size
    scaled = np.rint(sums.astype(F) * multiplier.reshape(shape))
    return saturate(scaled.astype(np.float64) + y.single[1], y, *bounds_of(y, clip))


def conv_sums(xc, wc, x_zero, w_zero, strides, pads, dilations, group):
    """Exact sums of (x - zero) * (w - zero)."""
    centered = xc.astype(np.int64) - x_zero
    weights = wc.astype(np.int64) - np.asarray(w_zero, np.int64).reshape([-1] + [1] * (wc.ndim - 1))
    top, left, bottom, right = pads
    padded = np.pad(centered, ((0, 0), (0, 0), (top, bottom), (left, right)))
    n, _, height, width = padded.shape
    outputs, channels, kh, kw = weights.shape
    oh = (height - (kh - 1) * dilations[0] - 1) // strides[0] + 1
    ow = (width - (kw - 1) * dilations[1] - 1) // strides[1] + 1
    sums = np.zeros((n, outputs, oh, ow), np.int64)
    per = outputs // group
    for g in range(group):
        for i in range(kh):
            for j in range(kw):
                rows = slice(i * dilations[0], i * dilations[0] + (oh - 1) * strides[0] + 1,
                             strides[0])
                columns = slice(j * dilations[1], j * dilations[1] + (ow - 1) * strides[1] + 1,
                                strides[1])
                part = padded[:, g * channels:(g + 1) * channels, rows, columns]
                taps = weights[g * per:(g + 1) * per, :, i, j]
                sums[:, g * per:(g + 1) * per] += np.einsum("nchw,oc->nohw", part, taps)
    return sums


def conv(xc, wc, bias, x, w, y, strides, pads, dilations, group, clip):
    sums = conv_sums(xc, wc, x.single[1], w.zero, strides, pads, dilations, group)
    if bias is not None:
        sums += bias.astype(np.int64).reshape(1, -1, 1, 1)
    return requantize_sum(sums, x, w, y, 1, clip)


def matmul(xc, wc, bias, x, w, y, clip):
    sums = (xc.astype(np.int64) - x.single[1]) @ (wc.astype(np.int64) - w.zero.reshape(1, -1))
    if bias is not None:
        sums = sums + bias.astype(np.int64)
    return requantize_sum(sums, x, w, y, sums.ndim - 1, clip)


def fused(a, b, c):
    """a * b + c rounded once: the products are exact in the 64 bits of a long double, and what
    the sum loses there is far below a tie of f32."""
    return (a.astype(np.longdouble) * np.longdouble(b) + np.longdouble(1) * c).astype(F)


def add(ac, bc, a, b, y, clip):
    if starts_with_left(ac.shape, bc.shape):
        ac, bc, a, b = bc, ac, b, a
    ra, rb = a.single[0] / y.single[0], b.single[0] / y.single[0]
    inner = fused(np.array(ra), F(a.single[1]), F(rb * F(b.single[1])))
    base = F(y.single[1]) - F(inner)
    value = fused(ac.astype(F), ra, fused(bc.astype(F), rb, base))
    return saturate(np.rint(value).astype(np.float64), y, *bounds_of(y, clip))


def starts_with_left(a, b):
    """Whether the first operand is one number for a whole row of the result."""
    rank = max(len(a), len(b))
    for p, q in zip(((1,) * (rank - len(a)) + tuple(a))[::-1],
                    ((1,) * (rank - len(b)) + tuple(b))[::-1]):
        if p != 1 or q != 1:
            return p == 1
    return True


def mul(ac, bc, a, b, y, clip):
    ratio = (a.single[0] * b.single[0]) / y.single[0]
    product = (ac.astype(np.int64) - a.single[1]) * (bc.astype(np.int64) - b.single[1])
    value = product.astype(F) * ratio + F(y.single[1])
    return saturate(np.rint(value).astype(np.float64), y, *bounds_of(y, clip))


def average_pool(xc, x, y, kernel, strides, pads, counts_pads, clip):
    numbers = dequantize(xc, x)
    n, c, height, width = xc.shape
    oh = (height + pads[0] + pads[2] - kernel[0]) // strides[0] + 1
    ow = (width + pads[1] + pads[3] - kernel[1]) // strides[1] + 1
    result = np.zeros((n, c, oh, ow), F)
    for i in range(oh):
        for j in range(ow):
            total, count = np.zeros((n, c), F), 0
            for u in range(kernel[0]):
                for v in range(kernel[1]):
                    row, column = i * strides[0] - pads[0] + u, j * strides[1] - pads[1] + v
                    if 0 <= row < height and 0 <= column < width:
                        total = total + numbers[:, :, row, column]
                        count += 1
            result[:, :, i, j] = total / F(kernel[0] * kernel[1] if counts_pads else count)
    value = result / y.single[0] + F(y.single[1])
    return saturate(np.rint(value).astype(np.float64), y, *bounds_of(y, clip))


def global_average_pool(xc, x, y, clip):
    count = xc.shape[2] * xc.shape[3]
    sums = (xc.astype(np.int64) - x.single[1]).sum(axis=(2, 3), keepdims=True)
    multiplier = x.single[0] / (y.single[0] * F(count))
    scaled = np.rint(sums.astype(F) * multiplier)
    return saturate(scaled.astype(np.float64) + y.single[1], y, *bounds_of(y, clip))


def max_pool(xc, kernel, strides, pads):
    least = np.iinfo(xc.dtype).min
    padded = np.pad(xc, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])),
                    constant_values=least)
    oh = (padded.shape[2] - kernel[0]) // strides[0] + 1
    ow = (padded.shape[3] - kernel[1]) // strides[1] + 1
    result = np.empty(xc.shape[:2] + (oh, ow), xc.dtype)
    for i in range(oh):
        for j in range(ow):
            window = padded[:, :, i * strides[0]:i * strides[0] + kernel[0],
                            j * strides[1]:j * strides[1] + kernel[1]]
            result[:, :, i, j] = window.max(axis=(2, 3))
    return result


def softmax(xc, x, y, axis):
    scale = float(x.single[0])
    length = xc.shape[axis]
    headroom = math.log(float(np.finfo(F).max / F(length)))
    shift = max(0.0, headroom - 5) / scale
    table = np.array([math.exp((i - 255 + shift) * scale) for i in range(256)]).astype(F)
    codes = xc.astype(np.int64)
    exponentials = table[255 - codes.max(axis=axis, keepdims=True) + codes]
    total = np.zeros(np.take(exponentials, 0, axis=axis).shape, F)
    for k in range(length):
        total = total + np.take(exponentials, k, axis=axis)
    steps = F(math.floor(F(1) / y.single[0]))
    scaled = np.rint(exponentials * steps / np.expand_dims(total, axis))
    return saturate(scaled.astype(np.float64) + y.single[1], y)


def dynamic_quantize(numbers):
    """(u8 codes, scale, zero point) by the numbers' own range, which includes 0."""
    low, high = min(F(0), numbers.min()), max(F(0), numbers.max())
    scale = F(1) if high == low else (high - low) / F(255)
    zero = int(np.rint(np.clip(F(0) - low / scale, F(0), F(255))))
    return np.clip(np.rint(numbers / scale) + zero, 0, 255).astype(np.uint8), scale, zero


def scaled_sums(sums, scale, bias, channel_axis):
    """f32 numbers for exact sums: one product and one sum."""
    shape = [1] * sums.ndim
    shape[channel_axis] = -1
    numbers = sums.astype(np.int32).astype(F) * np.asarray(scale, F).reshape(shape)
    return numbers if bias is None else numbers + bias.reshape(shape)


def batch_matmul(ac, bc, a, b, y, clip):
    sums = (ac.astype(np.int64) - a.single[1]) @ (bc.astype(np.int64) - b.single[1])
    return requantize_sum(sums, a, b, y, sums.ndim - 1, clip)


def conv_transpose(xc, wc, bias, x, w, y, strides, pads, output_padding, group, clip):
    """Every input adds its multiples of the window to the result."""
    centered = xc.astype(np.int64) - x.single[1]
    weights = wc.astype(np.int64) - w.zero.astype(np.int64).reshape(1, -1, 1, 1)
    n, channels, height, width = centered.shape
    _, per, kh, kw = weights.shape
    whole = np.zeros((n, per * group, (height - 1) * strides[0] + kh + output_padding[0],
                      (width - 1) * strides[1] + kw + output_padding[1]), np.int64)
    inputs = channels // group
    for c in range(channels):
        g = c // inputs
        for i in range(height):
            for j in range(width):
                block = centered[:, c, i, j].reshape(-1, 1, 1, 1) * weights[c]
                top, left = i * strides[0], j * strides[1]
                whole[:, g * per:(g + 1) * per, top:top + kh, left:left + kw] += block
    sums = whole[:, :, pads[0]:whole.shape[2] - pads[2], pads[1]:whole.shape[3] - pads[3]]
    if bias is not None:
        sums = sums + bias.astype(np.int64).reshape(1, -1, 1, 1)
    spread = Quantization(np.tile(w.scale, group) if w.scale.size > 1 else w.scale, w.zero, 0, 0,
                          w.dtype)
    return requantize_sum(sums, x, spread, y, 1, clip)
