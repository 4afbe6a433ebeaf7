#!/usr/bin/env python3
"""Casts from and to element types of less than 16 bits, code by code.

Every code is cast to every other type; numbers are cast from every neighbourhood in which the
rounding or the saturation changes. A source's casts are one model, run on inputs and, so that the
compiler folds it, on constants; a sample of all runs on a microcontroller's emulator.
"""
import pathlib
import shutil
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import narrow, pebble, results  # noqa: E402

MODES = ["up", "down", "nearest"]
FOLDED = 1000  # Constants of more elements are not folded on import.


class Casts:
    """A model of casts side by side, and what they are to give."""

    def __init__(self):
        self.inputs, self.values, self.initializers = [], {}, []
        self.nodes, self.outputs, self.expected = [], [], []

    def input(self, array, number=None, constant=False):
        """`number` is the type that an array of codes has."""
        name = f"x{len(self.values) + len(self.initializers)}"
        number = number or helper.np_dtype_to_tensor_dtype(array.dtype)
        if constant:
            self.initializers.append(numpy_helper.from_array(array, name))
        else:
            self.inputs.append(helper.make_tensor_value_info(name, number, array.shape))
            self.values[name] = array
        return name

    def cast(self, name, to, expected, **attributes):
        result = f"y{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [name], [result], to=to, **attributes))
        self.outputs.append(helper.make_tensor_value_info(result, to, expected.shape))
        what = TensorProto.DataType.Name(to)
        self.expected.append((f"{name} to {what} {attributes or ''}", expected))

    def check(self, report, tool, name, compile_options=(), run_options=("--threads", "1")):
        graph = helper.make_graph(self.nodes, "g", self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)
        with tempfile.TemporaryDirectory(prefix="narrow") as folder:
            folder = pathlib.Path(folder)
            onnx.save(model, folder / "model.onnx")
            files = {}
            for key, array in self.values.items():
                files[key] = folder / f"{key}.npy"
                np.save(files[key], array)
            outcome = tool.call("compile", folder / "model.onnx", "-o", folder / "model.pbl",
                                *compile_options)
            if outcome.ok:
                outcome = tool.run(folder / "model.pbl", files, folder / "out", *run_options)
            report.add(f"{name} runs", outcome.ok, outcome.message)
            if not outcome.ok:
                return
            for (what, expected), ours in zip(self.expected, pebble.load_outputs(folder / "out")):
                same = ours.dtype == expected.dtype and ours.shape == expected.shape
                wrong = np.flatnonzero(~equal(ours, expected)) if same else [0]
                detail = [(int(i), ours.flat[i], expected.flat[i]) for i in wrong[:5]]
                report.add(f"{name}: {what}", len(wrong) == 0, f"{len(wrong)} differ: {detail}")


def equal(a, b):
    """Bit by bit, but NaNs have a sign only where they are codes."""
    if a.dtype.kind != "f":
        return (a == b).ravel()
    same = (a == b) & (np.signbit(a) == np.signbit(b))
    return (same | (np.isnan(a) & np.isnan(b))).ravel()


def around(numbers, dtype):
    """Each number, the next ones of the type on both sides, and all of their opposites."""
    with np.errstate(over="ignore"):
        numbers = numbers.astype(dtype)
        near = [numbers, np.nextafter(numbers, dtype(np.inf)),
                np.nextafter(numbers, dtype(-np.inf))]
    both = np.concatenate([*near, *(-x for x in near)])
    return np.unique(both.view(f"u{both.itemsize}")).view(dtype)


@np.errstate(invalid="ignore")
def hard_numbers(dtype):
    """Numbers around the codes of all types, between them and beyond, and those of no type."""
    places = [np.zeros(1)]
    for to in narrow.FLOATS:
        places.extend(narrow.midpoints(to))
    places.append(np.ldexp([1.0, 1.5], [[e] for e in range(-149, 128)]).ravel())
    info = np.finfo(dtype)
    places.append(np.array([info.max, info.tiny, info.smallest_subnormal], np.float64))
    special = np.array([np.nan, -np.nan, np.inf, -np.inf], dtype)
    bits = np.random.default_rng(7).integers(0, 2 ** (8 * info.bits // 8), 20000,
                                             f"u{info.bits // 8}", endpoint=False)
    return np.concatenate([around(np.concatenate(places), dtype), special, bits.view(dtype)])


def from_floats(report, tool):
    every_half = np.arange(65536, dtype=np.uint16)
    sources = {"f32": hard_numbers(np.float32), "f64": hard_numbers(np.float64),
               "f16": every_half.view(np.float16), "bf16": every_half.view(ml_dtypes.bfloat16)}
    for name, source in sources.items():
        some = np.random.default_rng(3).permutation(source)[:FOLDED]
        for constant, x in ((False, source), (True, some)):
            casts = Casts()
            given = casts.input(x, constant=constant)
            with np.errstate(invalid="ignore"):
                wide = x.astype(np.float64)
            for to in narrow.ALL:
                for saturate in (1, 0) if to.is_float or to is narrow.E8M0 else (1,):
                    for mode in MODES if to is narrow.E8M0 else MODES[:1]:
                        casts.cast(given, to.number, narrow.encode(wide, to, saturate, mode),
                                   saturate=saturate, round_mode=mode)
            casts.check(report, tool, f"{'folded' if constant else 'run'} {name}")


def from_integers(report, tool):
    casts = Casts()
    for dtype in (np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64):
        info = np.iinfo(dtype)
        numbers = [*range(-300, 300), 2 ** 40 + 5, 65520, -61440, info.min, info.max]
        x = np.array([n for n in numbers if info.min <= n <= info.max], dtype)
        given = casts.input(x)
        for to in narrow.ALL:
            # A float in between holds all that does not saturate.
            numbers = x.astype(np.float32) if to.is_float or to is narrow.E8M0 else x
            casts.cast(given, to.number, narrow.encode(numbers, to))
    given = casts.input(np.array([False, True]))
    for to in narrow.ALL:
        casts.cast(given, to.number, narrow.encode(np.array([0, 1]), to))
    casts.check(report, tool, "integers")


def from_codes(report, tool):
    """All codes; bits beyond a type's are ignored in inputs."""
    for constant in (False, True):
        casts = Casts()
        for source in narrow.ALL:
            codes = source.all_codes()
            numbers = source.numbers(codes)
            if constant:
                given = casts.input(codes.view(source.dtype), source.number, constant=True)
            else:
                dirt = np.arange(256, dtype=np.uint8)
                codes = source.bytes_of(dirt)
                numbers = source.numbers(codes)
                given = casts.input(dirt.view(source.carrier), source.number)
            for to in narrow.ALL:
                exact = numbers.astype(np.int64) if source in narrow.INTS else numbers
                casts.cast(given, to.number, narrow.encode(exact, to))
            with np.errstate(over="ignore"):
                for dtype in (np.float32, np.float64, np.float16):
                    number = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
                    casts.cast(given, number, numbers.astype(dtype))
            casts.cast(given, TensorProto.BOOL, numbers != 0)
            whole = np.clip(np.trunc(np.nan_to_num(numbers, nan=0)), -2.0 ** 31, 2.0 ** 31 - 1)
            casts.cast(given, TensorProto.INT32, whole.astype(np.int32))
        casts.check(report, tool, "folded codes" if constant else "codes")


def on_a_board(report, tool):
    if not shutil.which("qemu-system-arm"):
        report.skip("narrow types on qemu-m4", "no qemu-system-arm")
        return
    casts = Casts()
    x = np.random.default_rng(3).permutation(hard_numbers(np.float32))[:500]
    given = casts.input(x)
    for to in narrow.ALL:
        casts.cast(given, to.number, narrow.encode(x, to))
    for source in narrow.ALL:
        codes = source.bytes_of(np.arange(256))
        given = casts.input(codes, source.number)
        casts.cast(given, TensorProto.FLOAT, source.numbers(codes).astype(np.float32))
    board = ("--board", "qemu-m4")
    casts.check(report, tool, "qemu-m4", ("--target", "cortexm", *board), board)


def reference_agrees(report):
    """What stands in test/support/narrow.py is what the package ml_dtypes does."""
    x = hard_numbers(np.float32)
    for to in narrow.FLOATS:
        with np.errstate(invalid="ignore"):
            theirs = x.astype(to.dtype).view(np.uint8)
        ours = narrow.encode(x, to, saturate=False)
        # The sign of a NaN is no one's but the format's.
        checked = ~np.isnan(x)
        report.add(f"{to.name} as ml_dtypes has it", np.array_equal(ours[checked], theirs[checked]),
                   f"{np.count_nonzero(ours[checked] != theirs[checked])} differ")


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build)
    reference_agrees(report)
    from_floats(report, tool)
    from_integers(report, tool)
    from_codes(report, tool)
    on_a_board(report, tool)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
