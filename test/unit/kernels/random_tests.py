#!/usr/bin/env python3
"""Compares the native kernel library with ONNX Runtime on random shapes and attributes.

f32 and f64 results may differ by rounding. Results in f16, bf16 and integers must equal, to the
bit, the ones in f32 or f64 on the same values, rounded once: both are sums in the same order.
"""
import pathlib
import sys

import ml_dtypes
import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import results  # noqa: E402

import cases  # noqa: E402
import library  # noqa: E402
import node_tests  # noqa: E402
import onnx_compute  # noqa: E402

TOLERANCE = {np.dtype(np.float32): (1e-4, 1e-5), np.dtype(np.float64): (1e-9, 1e-10)}


def onnxruntime_results(case, inputs):
    """What ONNX Runtime computes; None where it rejects the model or the inputs."""
    names = [f"i{k}" if value is not None else "" for k, value in enumerate(inputs)]
    outputs = [f"o{k}" for k in range(case.outputs)]
    node = onnx.helper.make_node(case.op_type, names, outputs, **case.attributes)
    graph = onnx.helper.make_graph(
        [node], "case",
        [onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(v.dtype),
                                            v.shape) for name, v in zip(names, inputs) if name],
        [onnx.helper.make_empty_tensor_value_info(name) for name in outputs])
    model = onnx.helper.make_model(graph, ir_version=10,
                                   opset_imports=[onnx.helper.make_opsetid("", case.opset)])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        return session.run(None, {n: v for n, v in zip(names, inputs) if n})
    except Exception as error:  # every kind of rejection has its own class
        return str(error)


def call(kernels, case, inputs, wanted):
    attributes = dict(case.attributes, outputs=case.outputs)
    lowered = onnx_compute.LOWERINGS[case.op_type](attributes, inputs, case.opset)
    return node_tests.run(kernels, lowered, list(wanted))


def compare(got, want, scale):
    relative, absolute = TOLERANCE.get(want.dtype, (0, 0))
    return bool(np.allclose(got.astype(np.float64), want.astype(np.float64), rtol=relative,
                            atol=absolute * scale, equal_nan=True))


def check_wide(report, kernels, case):
    """f32 or f64 against ONNX Runtime."""
    wanted = onnxruntime_results(case, case.inputs)
    if isinstance(wanted, str):
        report.skip(case.name, "ONNX Runtime rejects it: " + wanted.splitlines()[0][:200])
        return
    try:
        got = call(kernels, case, case.inputs, wanted)
    except (library.KernelError, AssertionError) as error:
        report.add(case.name, False, f"{error} for {case}")
        return
    for index, (g, w) in enumerate(zip(got, wanted)):
        if not compare(g, w, case.scale):
            worst = np.nanmax(np.abs(g.astype(np.float64) - w.astype(np.float64)))
            report.add(case.name, False, f"result {index} is off by {worst} for {case}")
            return
    report.add(case.name, True)


def check_narrow(report, kernels, case, narrow):
    """f16, bf16 against f32 of the same values, rounded."""
    name = f"{case.name} {np.dtype(narrow).name}"
    inputs = [v.astype(narrow) if v is not None and v.dtype == np.float32 else v
              for v in case.inputs]
    wide = [v.astype(np.float32) if v is not None and v.dtype == narrow else v for v in inputs]
    reference = onnxruntime_results(case, wide)
    if isinstance(reference, str):
        return
    try:
        exact = call(kernels, case, wide, reference)
        wanted = [w.astype(narrow) if w.dtype == np.float32 else w for w in exact]
        got = call(kernels, case, inputs, wanted)
    except (library.KernelError, AssertionError) as error:
        report.add(name, False, f"{error} for {case}")
        return
    ok = all(g.tobytes() == w.tobytes() for g, w in zip(got, wanted))
    report.add(name, ok, f"differs from f32 rounded once for {case}")


def check_integers(report, kernels, case, narrow):
    """Integers against the same small values in f64, which are exact there."""
    name = f"{case.name} {np.dtype(narrow).name}"
    low = 0 if np.issubdtype(narrow, np.unsignedinteger) else -4
    rng = np.random.default_rng(case.seed)
    inputs = [rng.integers(low, 5, v.shape).astype(narrow)
              if v is not None and v.dtype == np.float32 else v for v in case.inputs]
    wide = [v.astype(np.float64) if v is not None and v.dtype == narrow else v for v in inputs]
    wide = [w if v is case.inputs[i] else w for i, (v, w) in enumerate(zip(inputs, wide))]
    reference = onnxruntime_results(case, wide)
    if isinstance(reference, str):
        return
    result = case.integer_result(narrow)
    wanted = [w.astype(result) if w.dtype == np.float64 else w for w in reference]
    try:
        got = call(kernels, case, inputs, wanted)
    except (library.KernelError, AssertionError) as error:
        report.add(name, False, f"{error} for {case}")
        return
    ok = all(np.array_equal(g, w) for g, w in zip(got, wanted))
    report.add(name, ok, f"differs from f64 for {case}")


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--count", type=int, default=40, help="cases for each operator")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filter", default="", help="run only operators whose name contains this")
    args = parser.parse_args()
    kernels = library.Library.of_build(args.build)
    report = results.Results(args)
    for op, generate in cases.GENERATORS.items():
        if args.filter not in op:
            continue
        for number in range(args.count):
            case = generate(f"{op} {number}", args.seed * 100003 + number)
            check_wide(report, kernels, case)
            if case.exact_when_narrow:
                check_narrow(report, kernels, case,
                             [np.float16, ml_dtypes.bfloat16][number % 2])
            if case.integers:
                check_integers(report, kernels, case,
                               case.integers[number % len(case.integers)])
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
