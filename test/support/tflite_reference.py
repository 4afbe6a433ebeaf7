"""What layers compute under --rounding=tflite, in NumPy: TFLite's reference kernels, number by
number in Python's own integers. It shares no code with the compiler."""
import math

import numpy as np

from support import quantized_reference as q


def factor_of(real):
    """(mantissa, exponent) with real = mantissa / 2^31 * 2^exponent."""
    fraction, exponent = math.frexp(real)
    mantissa = math.floor(fraction * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa, exponent = mantissa // 2, exponent + 1
    return (0, 0) if exponent < -31 else (mantissa, exponent)


def high_product(a, b):
    """The high half of twice a * b, rounded; halves go up."""
    product = a * b
    nudge = 2**30 if product >= 0 else 1 - 2**30
    total = product + nudge
    return total // 2**31 if total >= 0 else -(-total // 2**31)


def divide_by_power(x, exponent):
    """x / 2^exponent to the nearest; halves go away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if (x & mask) > threshold else 0)


def multiply(x, factor):
    mantissa, exponent = factor
    shifted = int(x) << max(exponent, 0)
    return divide_by_power(high_product(shifted, mantissa), max(-exponent, 0))


def codes(steps, y, clip):
    return q.saturate(steps + y.single[1], y, *q.bounds_of(y, clip))


by_one_multiply = q.requantize_sum


def requantize_sum(sums, x, w, y, channel_axis, clip):
    if max(x.bits, y.bits) > 8:
        return by_one_multiply(sums, x, w, y, channel_axis, clip)
    weight_scales = w.scale.astype(np.float32)
    scales = [float(x.single[0]) * float(s) / float(y.single[0]) for s in weight_scales]
    factors = [factor_of(scale) for scale in scales]
    moved = np.moveaxis(sums, channel_axis, -1)
    steps = np.empty(moved.shape, np.int64)
    for index in np.ndindex(*moved.shape):
        channel = index[-1] if len(factors) > 1 else 0
        steps[index] = multiply(moved[index], factors[channel])
    return codes(np.moveaxis(steps, -1, channel_axis), y, clip)


def each(function, values):
    return np.vectorize(function, otypes=[np.int64])(values)


def add(ac, bc, a, b, y, clip):
    twice = 2.0 * max(float(a.single[0]), float(b.single[0]))
    total = 0
    for c, p in ((ac, a), (bc, b)):
        factor = factor_of(float(p.single[0]) / twice)
        wide = (c.astype(np.int64) - p.single[1]) << 20
        total = total + each(lambda v, f=factor: multiply(v, f), wide)
    factor = factor_of(twice / (2.0**20 * float(y.single[0])))
    return codes(each(lambda v: multiply(v, factor), total), y, clip)


def mul(ac, bc, a, b, y, clip):
    product = (ac.astype(np.int64) - a.single[1]) * (bc.astype(np.int64) - b.single[1])
    factor = factor_of(float(np.float32(a.single[0] * b.single[0]) / y.single[0]))
    return codes(each(lambda v: multiply(v, factor), product), y, clip)


def use():
    """Puts these in the place of what quantized_reference computes."""
    q.requantize_sum, q.add, q.mul = requantize_sum, add, mul
