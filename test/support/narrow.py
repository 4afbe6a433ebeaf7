"""Element types of less than 16 bits that no machine has: their codes, worked out number by number.

What pebble composes of integer operations is computed here from the list of a type's numbers alone.
"""
import dataclasses

import ml_dtypes
import numpy as np
from onnx import TensorProto


@dataclasses.dataclass(frozen=True)
class Type:
    """An element type; `largest`, `overflow` and `nan` are codes of floats."""
    number: int
    dtype: type
    bits: int
    largest: int = 0
    overflow: int = 0
    nan: int = 0

    @property
    def name(self):
        return TensorProto.DataType.Name(self.number)

    @property
    def is_float(self):
        return self.largest > 0

    @property
    def is_signed(self):
        return self.dtype in (ml_dtypes.int4, ml_dtypes.int2)

    @property
    def carrier(self):
        """NumPy's type of the codes in files."""
        return np.int8 if self.is_signed else np.uint8

    def all_codes(self):
        return self.bytes_of(np.arange(2 ** self.bits))

    def bytes_of(self, codes):
        """The bytes that hold codes, given by their lowest bits."""
        codes = np.asarray(codes) & (2 ** self.bits - 1)
        if self.is_signed:
            codes = np.where(codes >= 2 ** (self.bits - 1), codes - 2 ** self.bits, codes)
        return codes.astype(self.carrier)

    def numbers(self, codes):
        """As f64. The NaN of a type without -0 has no sign."""
        numbers = np.ascontiguousarray(codes).view(self.dtype).astype(np.float64)
        return np.where(np.isnan(numbers) & (self.nan == 0x80), np.nan, numbers)


E4M3FN = Type(TensorProto.FLOAT8E4M3FN, ml_dtypes.float8_e4m3fn, 8, 0x7e, 0x7f, 0x7f)
E4M3FNUZ = Type(TensorProto.FLOAT8E4M3FNUZ, ml_dtypes.float8_e4m3fnuz, 8, 0x7f, 0x80, 0x80)
E5M2 = Type(TensorProto.FLOAT8E5M2, ml_dtypes.float8_e5m2, 8, 0x7b, 0x7c, 0x7e)
E5M2FNUZ = Type(TensorProto.FLOAT8E5M2FNUZ, ml_dtypes.float8_e5m2fnuz, 8, 0x7f, 0x80, 0x80)
E2M1 = Type(TensorProto.FLOAT4E2M1, ml_dtypes.float4_e2m1fn, 4, 0x7, 0x7, 0x8)
E8M0 = Type(TensorProto.FLOAT8E8M0, ml_dtypes.float8_e8m0fnu, 8)
FLOATS = [E4M3FN, E4M3FNUZ, E5M2, E5M2FNUZ, E2M1]
INTS = [Type(TensorProto.INT4, ml_dtypes.int4, 4), Type(TensorProto.UINT4, ml_dtypes.uint4, 4),
        Type(TensorProto.INT2, ml_dtypes.int2, 2), Type(TensorProto.UINT2, ml_dtypes.uint2, 2)]
ALL = [*FLOATS, E8M0, *INTS]


def midpoints(to):
    """The numbers of the codes up to the largest, and those between two codes; the last lies above
    the largest."""
    numbers = to.numbers(np.arange(to.largest + 1, dtype=np.uint8))
    after = np.append(numbers[1:], 2 * numbers[-1] - numbers[-2])
    return numbers, (numbers + after) / 2


@np.errstate(invalid="ignore")
def encode_float(x, to, saturate):
    x = np.asarray(x, np.float64)
    _, middles = midpoints(to)
    magnitude = np.abs(x)
    code = np.searchsorted(middles, magnitude, side="left")
    is_tie = magnitude == middles[np.minimum(code, to.largest)]
    code = code + (is_tie & (code % 2 == 1))
    code = np.where(code > to.largest, to.largest if saturate else to.overflow, code)
    code = np.where(np.isnan(x), to.nan, code)
    sign_bit = 2 ** (to.bits - 1)
    sign = np.where(np.signbit(x), sign_bit, 0)
    if to.nan == sign_bit and to.bits == 8:
        sign = np.where(code % sign_bit == 0, 0, sign)
    return to.bytes_of(code ^ sign)


@np.errstate(invalid="ignore")
def encode_e8m0(x, saturate, mode):
    x = np.abs(np.asarray(x, np.float64))
    fraction, exponent = np.frexp(x)
    raised = {"up": fraction > 0.5, "down": np.zeros(x.shape, bool), "nearest": fraction >= 0.75}
    code = exponent.astype(np.int64) - 1 + raised[mode] + 127
    code = np.where(np.isinf(x), 999, code)
    code = np.where(code > 254, 254 if saturate else 255, code)
    code = np.where(x < 2.0 ** -127, 0 if saturate else 255, code)
    return E8M0.bytes_of(np.where(np.isnan(x), 255, code))


def encode(x, to, saturate=True, mode="up"):
    """The bytes of numbers of any type, which f64 holds."""
    if to is E8M0:
        return encode_e8m0(x, saturate, mode)
    if to.is_float:
        return encode_float(x, to, saturate)
    # Integers are cut to their lowest bits; floats are integers of 32 bits first.
    x = np.asarray(x)
    if x.dtype.kind not in "iub":
        x = np.clip(np.trunc(np.nan_to_num(x.astype(np.float64), nan=0)), -2.0 ** 31, 2.0 ** 31 - 1)
    return to.bytes_of(x.astype(np.int64))
