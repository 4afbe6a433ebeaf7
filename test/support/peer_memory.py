"""How much memory ONNX Runtime uses for activations, from its C API.

Its Python API does not tell. The C API is a table of functions that only ever grows at the end, so
an entry's number is fixed; the library lies in the Python package.
"""
import ctypes
import pathlib

import numpy as np
import onnxruntime

ENTRIES = {"GetErrorMessage": 2, "CreateEnv": 3, "CreateSession": 7, "Run": 9,
           "CreateSessionOptions": 10, "SetIntraOpNumThreads": 24,
           "CreateTensorWithDataAsOrtValue": 49, "CreateCpuMemoryInfo": 69, "GetKeyValue": 297,
           "CreateAllocator": 131, "AllocatorGetStats": 319}
API_VERSION = 23  # The first with AllocatorGetStats.
DEVICE_ALLOCATOR, ARENA_ALLOCATOR, DEFAULT_MEMORY, ERROR = 0, 1, 0, 3


class Api:
    def __init__(self):
        folder = pathlib.Path(onnxruntime.__file__).parent / "capi"
        library = ctypes.CDLL(str(next(folder.glob("libonnxruntime.so.*"))))
        library.OrtGetApiBase.restype = ctypes.POINTER(ctypes.c_void_p)
        get_api = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(library.OrtGetApiBase()[0])
        self.table = ctypes.cast(get_api(API_VERSION), ctypes.POINTER(ctypes.c_void_p))

    def function(self, name, result):
        return ctypes.CFUNCTYPE(result)(self.table[ENTRIES[name]])

    def call(self, name, *arguments):
        status = self.function(name, ctypes.c_void_p)(*arguments)
        if status:
            message = self.function("GetErrorMessage", ctypes.c_char_p)(ctypes.c_void_p(status))
            raise RuntimeError(f"{name}: {message.decode()}")

    def make(self, name, *arguments):
        """Calls what gives an object in its last parameter."""
        made = ctypes.c_void_p()
        self.call(name, *arguments, ctypes.byref(made))
        return made


def activation_bytes(model, inputs, output_names, threads=1):
    """The most bytes in use in the arena in two runs, less those in use before the first:
    activations, scratch and outputs, without weights and inputs. `inputs` maps names to arrays."""
    api = Api()
    env = api.make("CreateEnv", ctypes.c_int(ERROR), b"memory")
    options = api.make("CreateSessionOptions")
    api.call("SetIntraOpNumThreads", options, ctypes.c_int(threads))
    session = api.make("CreateSession", env, str(model).encode(), options)
    device = api.make("CreateCpuMemoryInfo", ctypes.c_int(DEVICE_ALLOCATOR),
                      ctypes.c_int(DEFAULT_MEMORY))
    arena = api.make("CreateCpuMemoryInfo", ctypes.c_int(ARENA_ALLOCATOR),
                     ctypes.c_int(DEFAULT_MEMORY))
    allocator = api.make("CreateAllocator", session, arena)

    def statistic(key):
        stats = api.make("AllocatorGetStats", allocator)
        value = api.function("GetKeyValue", ctypes.c_char_p)(stats, key)
        return int(value)

    names, values, kept = [], [], []
    for name, array in inputs.items():
        array = np.ascontiguousarray(array)
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        dtype = {np.dtype(t): number for t, number in (
            (np.float32, 1), (np.uint8, 2), (np.int8, 3), (np.int32, 6), (np.int64, 7),
            (np.bool_, 9), (np.float16, 10), (np.float64, 11))}[array.dtype]
        values.append(api.make("CreateTensorWithDataAsOrtValue", device,
                               array.ctypes.data_as(ctypes.c_void_p),
                               ctypes.c_size_t(array.nbytes), dims,
                               ctypes.c_size_t(array.ndim), ctypes.c_int(dtype)))
        names.append(name.encode())
        kept.append(array)
    before = statistic(b"InUse")
    for _ in range(2):
        outputs = (ctypes.c_void_p * len(output_names))()
        api.call("Run", session, None, (ctypes.c_char_p * len(names))(*names),
                 (ctypes.c_void_p * len(values))(*values), ctypes.c_size_t(len(values)),
                 (ctypes.c_char_p * len(output_names))(*[n.encode() for n in output_names]),
                 ctypes.c_size_t(len(output_names)), outputs)
    return statistic(b"MaxInUse") - before
