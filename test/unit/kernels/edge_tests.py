#!/usr/bin/env python3
"""Checks what neither the node tests nor ONNX Runtime show: refused values, empty sequences, batch
first, NaN, the identities of empty reductions, and random numbers."""
import pathlib
import sys

import ml_dtypes
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import results  # noqa: E402

import library  # noqa: E402
from library import DTYPES, ERROR_INDEX, ERROR_SHAPE, ERROR_UNSUPPORTED, ERROR_VALUE  # noqa: E402

F32, I64 = np.dtype(np.float32), np.dtype(np.int64)
CONV_2D = [2, 1, 1, 2, 1, 1, 4, 0, 0, 0, 0, 1, 0]
POOL_2D = [2, 2, 2] + [2, 1, 1, 2, 1, 1, 4, 0, 0, 0, 0, 0, 0]


def ones(*dims, dtype=F32):
    return np.ones(dims, dtype)


def axes(*values):
    return np.array(values, I64)


def recurrent(hidden, functions, flag):
    """The attributes of a forward, time-first recurrent op with tanh everywhere."""
    ints = [hidden, 0, 0] + ([0] if flag else []) + [functions] + [1] * functions
    return ints, [0.0] * (2 * functions) + [0.0]


# kernel, operands, ints, floats, dims of the f32 result, status
REFUSED = [
    ("conv", [ones(1, 3, 8, 8), ones(4, 2, 3, 3), None], CONV_2D, [], (1, 4, 6, 6), ERROR_SHAPE),
    ("conv", [ones(1, 2, 2, 8), ones(4, 2, 3, 3), None], CONV_2D, [], (1, 4, 0, 6), ERROR_SHAPE),
    ("conv", [ones(1, 2, 8, 8), ones(4, 2, 3, 3), ones(5)], CONV_2D, [], (1, 4, 6, 6), ERROR_SHAPE),
    ("conv", [ones(1, 2, 8, 8), ones(4, 2, 3, 3), None], CONV_2D, [], (1, 4, 6, 5), ERROR_SHAPE),
    ("conv", [ones(1, 2, 8, 8), ones(4, 2, 3, 3), None], [2, 0, 1] + CONV_2D[3:], [], (1, 4, 6, 6),
     ERROR_VALUE),
    ("conv", [ones(1, 2, 8, 8), ones(4, 2, 3, 3), None], CONV_2D[:11] + [0, 0], [], (1, 4, 6, 6),
     ERROR_SHAPE),
    ("max_pool", [ones(1, 1, 4, 4)], [1, 2] + POOL_2D[3:], [], (1, 1, 3, 3), ERROR_SHAPE),
    ("avg_pool", [ones(1, 1, 1, 4)], POOL_2D + [0], [], (1, 1, 0, 3), ERROR_SHAPE),
    ("lp_pool", [ones(1, 1, 4, 4)], POOL_2D + [0], [], (1, 1, 3, 3), ERROR_VALUE),
    ("matmul", [ones(2, 3), ones(4, 5)], [], [], (2, 5), ERROR_SHAPE),
    ("matmul", [ones(2, 1, 3), ones(3, 3, 5)], [], [], (2, 1, 5), ERROR_SHAPE),
    ("matmul", [ones(2, 3), ones(3, 5, dtype=np.float64)], [], [], (2, 5), ERROR_UNSUPPORTED),
    ("reduce_sum", [ones(2, 3), axes(2)], [1], [], (2, 3), ERROR_INDEX),
    ("reduce_max", [ones(2, 3), axes(-3)], [1], [], (2, 3), ERROR_INDEX),
    ("reduce_mean", [ones(2, 3), axes(1)], [1], [], (2, 3), ERROR_SHAPE),
    ("softmax", [ones(2, 3)], [2], [], (2, 3), ERROR_INDEX),
    ("hardmax", [ones(2, 3)], [-1], [], (2, 3), ERROR_INDEX),
    ("cum_sum", [ones(2, 3), np.array(2, I64)], [0, 0], [], (2, 3), ERROR_INDEX),
    ("layer_norm", [ones(2, 3), ones(4), None], [1, 0], [1e-5], (2, 3), ERROR_SHAPE),
    ("lrn", [ones(1, 2, 3, 3)], [0], [1.0, 1.0, 1.0], (1, 2, 3, 3), ERROR_VALUE),
    ("grid_sample", [ones(1, 1, 4, 4), ones(1, 2, 2, 3)], [1, 0, 0], [], (1, 1, 2, 2),
     ERROR_SHAPE),
    ("grid_sample", [ones(1, 1, 4), ones(1, 2, 1)], [1, 0, 0], [], (1, 1, 2), ERROR_UNSUPPORTED),
    ("roi_align", [ones(1, 1, 4, 4), ones(1, 4), axes(1)], [0, 1, 1, 1, 0], [1.0], (1, 1, 1, 1),
     ERROR_INDEX),
    ("roi_align", [ones(1, 1, 4, 4), ones(1, 4), axes(-1)], [0, 1, 1, 1, 0], [1.0], (1, 1, 1, 1),
     ERROR_INDEX),
    ("dft", [ones(1, 4, 2), None, np.array(2, I64)], [0, 0], [], (1, 4, 2), ERROR_INDEX),
    ("dft", [ones(1, 4, 2), np.array(0, I64), None], [0, 0], [], (1, 4, 2), ERROR_VALUE),
    ("stft", [ones(1, 8, 1), np.array(0, I64), None, None], [1], [], (1, 1, 5, 2), ERROR_VALUE),
    ("det", [ones(2, 3)], [], [], (), ERROR_SHAPE),
    ("det", [ones(40, 40)], [], [], (), ERROR_UNSUPPORTED),
]


def check_refusals(report, kernels):
    for number, (op, operands, ints, floats, dims, status) in enumerate(REFUSED):
        outputs = [(F32, dims)]
        if op == "layer_norm":
            outputs += [(F32, (2, 1)), (F32, (2, 1))]
        try:
            kernels.call(op, operands, ints, floats, outputs)
            got = library.OK
        except library.KernelError as error:
            got = error.status
        report.add(f"refuses {op} {number}", got == status, f"status {got} instead of {status}")


def check_lengths(report, kernels):
    """Sequences of length 0 keep their initial state; bad lengths are refused."""
    rng = np.random.default_rng(5)
    steps, batch, size, hidden = 3, 3, 4, 5
    x = rng.standard_normal((steps, batch, size)).astype(F32)
    h = rng.standard_normal((1, batch, hidden)).astype(F32)
    for op, gates, functions, flag in [("lstm", 4, 3, True), ("gru", 3, 2, True),
                                       ("rnn", 1, 1, False)]:
        w = rng.standard_normal((1, gates * hidden, size)).astype(F32)
        r = rng.standard_normal((1, gates * hidden, hidden)).astype(F32)
        ints, floats = recurrent(hidden, functions, flag)
        extra = [h, None] if op == "lstm" else []
        dims = [(steps, 1, batch, hidden)] + [(1, batch, hidden)] * (2 if op == "lstm" else 1)
        outputs = [(F32, d) for d in dims]

        def run(lengths, x=x, ints=ints, initial=h, extra=extra, outputs=outputs):
            operands = [x, w, r, None, lengths, initial, *extra]
            return kernels.call(op, operands, ints, floats, outputs)

        y, y_h, *cells = run(np.array([0, 2, 3], np.int32))
        report.add(f"{op} of no steps", np.array_equal(y_h[0, 0], h[0, 0]) and not y[:, 0, 0].any()
                   and all(np.array_equal(c[0, 0], h[0, 0]) for c in cells), "state changed")
        report.add(f"{op} ends early", np.array_equal(y_h[0, 1], y[1, 0, 1])
                   and not y[2, 0, 1].any(), "not the last valid step")
        for bad in (-1, steps + 1):
            try:
                run(np.array([bad, 1, 1], np.int32))
                status = library.OK
            except library.KernelError as error:
                status = error.status
            report.add(f"{op} refuses length {bad}", status == ERROR_VALUE, f"status {status}")
        first = [y.transpose(2, 0, 1, 3), y_h.transpose(1, 0, 2),
                 *[c.transpose(1, 0, 2) for c in cells]]
        swapped = run(np.array([0, 2, 3], np.int32), x=x.transpose(1, 0, 2),
                      ints=[*ints[:2], 1, *ints[3:]], initial=h.transpose(1, 0, 2),
                      extra=[e if e is None else e.transpose(1, 0, 2) for e in extra],
                      outputs=[(F32, v.shape) for v in first])
        report.add(f"{op} batch first", all(np.array_equal(a, b) for a, b in zip(swapped, first)),
                   "differs from time first")


def check_empty(report, kernels):
    infinity = np.float32(np.inf)
    for op, identity in [("reduce_sum", 0), ("reduce_prod", 1), ("reduce_mean", np.nan),
                         ("reduce_max", -infinity), ("reduce_min", infinity)]:
        for dims, axis, out in [((3, 0), 1, (3,)), ((0, 20), 0, (20,))]:
            got, = kernels.call(op, [np.zeros(dims, F32), axes(axis)], [0], [], [(F32, out)])
            report.add(f"{op} of nothing", np.array_equal(got, np.full(out, identity, F32),
                                                          equal_nan=True), str(got))


def check_nan(report, kernels):
    for dims in [(40,), (40, 20)]:
        values = np.zeros(dims, F32)
        values[17] = np.nan
        for op in ("reduce_max", "reduce_min"):
            got, = kernels.call(op, [values, axes(0)], [0], [], [(F32, dims[1:])])
            report.add(f"{op} keeps NaN {dims}", np.isnan(got).all(), str(got))
        for op in ("arg_max", "arg_min"):
            got, = kernels.call(op, [values], [0, 0, 0], [], [(I64, dims[1:])])
            report.add(f"{op} finds NaN {dims}", (got == 17).all(), str(got))
    grid = np.array([[[[np.nan, 0], [np.inf, 0], [-np.inf, 0], [1e30, -1e30]]]], F32)
    for padding in range(3):
        for mode in range(3):
            got, = kernels.call("grid_sample", [ones(1, 1, 4, 4), grid], [mode, padding, 0], [],
                                [(F32, (1, 1, 1, 4))])
            ok = padding == 0 or np.allclose(got[..., 1:], 1, atol=1e-3)
            report.add(f"grid_sample far outside {mode} {padding}", ok, str(got))


def check_random(report, kernels):
    shape = axes(100, 50)
    for dtype in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16):
        number = DTYPES[np.dtype(dtype)][0]

        def draw(distribution, seed, a, b, dtype=dtype, number=number):
            return kernels.call("random", [shape], [number, distribution, seed], [a, b],
                                [(dtype, (100, 50))])[0].astype(np.float64)

        uniform, normal = draw(0, 3, -1, 3), draw(1, 3, 2, 0.5)
        name = np.dtype(dtype).name
        report.add(f"uniform {name}", uniform.min() >= -1 and uniform.max() <= 3
                   and abs(uniform.mean() - 1) < 0.08 and abs(uniform.std() - 4 / 12 ** 0.5) < 0.08,
                   f"mean {uniform.mean()} deviation {uniform.std()}")
        report.add(f"normal {name}", abs(normal.mean() - 2) < 0.04
                   and abs(normal.std() - 0.5) < 0.03,
                   f"mean {normal.mean()} deviation {normal.std()}")
        report.add(f"random repeats {name}", np.array_equal(uniform, draw(0, 3, -1, 3))
                   and not np.array_equal(uniform, draw(0, 4, -1, 3)), "not a function of the seed")


def main():
    args = results.parser(__doc__).parse_args()
    kernels = library.Library.of_build(args.build)
    report = results.Results(args)
    for check in (check_refusals, check_lengths, check_empty, check_nan, check_random):
        check(report, kernels)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
