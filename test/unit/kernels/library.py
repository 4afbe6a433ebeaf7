"""Calls the kernel library, built as a shared library, on numpy arrays."""
import ctypes
import pathlib

import ml_dtypes
import numpy as np

MAX_RESULT_RANK = 32

# numpy type -> (number in pebble_dtype, suffix of kernel symbols)
DTYPES = {
    np.dtype(t): (number, suffix)
    for t, number, suffix in [
        (np.float32, 1, "f32"), (np.uint8, 2, "u8"), (np.int8, 3, "i8"), (np.uint16, 4, "u16"),
        (np.int16, 5, "i16"), (np.int32, 6, "i32"), (np.int64, 7, "i64"), (np.bool_, 9, "bool"),
        (np.float16, 10, "f16"), (np.float64, 11, "f64"), (np.uint32, 12, "u32"),
        (np.uint64, 13, "u64"), (ml_dtypes.bfloat16, 16, "bf16")]
}
OK, ERROR_SHAPE, ERROR_INDEX, ERROR_MEMORY, ERROR_VALUE, ERROR_UNSUPPORTED = range(6)
GUARD = 64  # bytes around every buffer that no kernel may write


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dims", ctypes.POINTER(ctypes.c_int64)),
                ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32)]


class KernelError(Exception):
    def __init__(self, what, status):
        super().__init__(f"{what} returned status {status}")
        self.status = status


class _Buffer:
    """A copy of an array between two guards, at an address that suits any element."""

    def __init__(self, shape, dtype, value=None):
        self.shape, self.dtype = tuple(int(d) for d in shape), np.dtype(dtype)
        self.size = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize
        self.raw = np.full(self.size + 2 * GUARD + 64, 0xA5, np.uint8)
        self.start = GUARD + (-(self.raw.ctypes.data + GUARD)) % 64
        if value is not None:
            self.raw[self.start:self.start + self.size] = np.frombuffer(
                np.ascontiguousarray(value).tobytes(), np.uint8)
        self.dims = (ctypes.c_int64 * max(1, len(self.shape)))(*self.shape)

    def tensor(self):
        return _Tensor(self.raw.ctypes.data + self.start, self.dims, DTYPES[self.dtype][0],
                       len(self.shape))

    def array(self):
        return self.raw[self.start:self.start + self.size].view(self.dtype).reshape(self.shape)

    def intact(self):
        end = self.start + self.size
        return bool((self.raw[:self.start] == 0xA5).all() and (self.raw[end:] == 0xA5).all())


def _attributes(ints, floats):
    return ((ctypes.c_int64 * max(1, len(ints)))(*[int(i) for i in ints]),
            (ctypes.c_double * max(1, len(floats)))(*[float(f) for f in floats]))


class Library:
    def __init__(self, path):
        self.handle = ctypes.CDLL(str(path))

    @classmethod
    def of_build(cls, build):
        return cls(pathlib.Path(build) / "lib" / "libpebble_kernels_test.so")

    def _operands(self, operands):
        buffers = [None if o is None else _Buffer(o.shape, o.dtype, o) for o in operands]
        tensors = [_Tensor(None, None, 0, 0) if b is None else b.tensor() for b in buffers]
        return buffers, tensors

    def call(self, op, operands, ints, floats, results):
        """Runs kernel `op`; `results` lists (dtype, dims). Returns the result arrays."""
        buffers, tensors = self._operands(operands)
        outs = [_Buffer(dims, dtype) for dtype, dims in results]
        first = next((b for b in buffers if b is not None), outs[0])
        name = f"pebble_kernel_{op}_{DTYPES[first.dtype][1]}"
        function = getattr(self.handle, name)
        tensors += [b.tensor() for b in outs]
        status = function((_Tensor * len(tensors))(*tensors), *_attributes(ints, floats))
        if not all(b is None or b.intact() for b in buffers + outs):
            raise AssertionError(f"{name} wrote outside its results")
        for operand, buffer in zip(operands, buffers):
            if operand is not None and buffer.array().tobytes() != operand.tobytes():
                raise AssertionError(f"{name} changed an operand")
        if status != OK:
            raise KernelError(name, status)
        return [b.array().copy() for b in outs]

    def shape(self, op, operands, ints, floats, ranks):
        """Runs the shape function of `op`; returns the dims of results of these ranks."""
        function = getattr(self.handle, f"pebble_shape_{op}")
        keep, tensors = self._operands(operands)
        dims = [(ctypes.c_int64 * MAX_RESULT_RANK)() for _ in ranks]
        pointers = (ctypes.POINTER(ctypes.c_int64) * len(dims))(
            *[ctypes.cast(d, ctypes.POINTER(ctypes.c_int64)) for d in dims])
        status = function((_Tensor * len(tensors))(*tensors), *_attributes(ints, floats), pointers)
        if status != OK:
            raise KernelError(f"pebble_shape_{op}", status)
        del keep
        return [list(d[:rank]) for d, rank in zip(dims, ranks)]
