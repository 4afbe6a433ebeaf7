#!/usr/bin/env python3
"""Structure kernels of the native library: ONNX's node tests, random cases against numpy and ONNX's
reference, and operands that a kernel must refuse."""
import pathlib
import sys

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import results  # noqa: E402

import library  # noqa: E402
import node_tests  # noqa: E402
import onnx_structure  # noqa: E402
import structure_cases  # noqa: E402
import structure_refusals  # noqa: E402


def run(kernels, call, wanted):
    """The results of a call that should give `wanted` (None for what is not of interest)."""
    shapes = call.results or [(w.dtype, w.shape) for w in wanted]
    dims = kernels.shape(call.op, call.operands, call.ints, call.floats,
                         [len(shape) for _, shape in shapes])
    for (_, want), shape in zip(shapes, dims):
        if list(want) != shape:
            raise AssertionError(f"the shape function gave {shape} instead of {list(want)}")
    got = kernels.call(call.op, call.operands, call.ints, call.floats, shapes)
    return call.finish(got) if call.finish else got


def bits(array):
    """NaN payloads and the sign of zero count when elements only move."""
    return array.view(f"u{array.dtype.itemsize}") if array.dtype != np.bool_ else array


def run_node_tests(kernels, report, pattern):
    root = pathlib.Path(onnx.__file__).parent / "backend/test/data/node"
    for case in sorted(root.iterdir()):
        path = case / "model.onnx"
        if pattern not in case.name or not path.exists():
            continue
        model = onnx.load(path)
        if len(model.graph.node) != 1:
            continue
        node = model.graph.node[0]
        if node.op_type not in onnx_structure.LOWERINGS:
            continue
        folder = case / "test_data_set_0"
        values = node_tests.load_tensors(folder, "output", model.graph.output)
        wanted = dict(zip([v.name for v in model.graph.output], values))
        outputs = [wanted.get(name) for name in node.output]
        try:
            call = onnx_structure.LOWERINGS[node.op_type](
                node_tests.attributes(node), node_tests.node_inputs(model, folder), outputs)
            got = run(kernels, call, outputs)
            why = "; ".join(filter(None, (node_tests.same(g, w)
                                          for g, w in zip(got, outputs) if w is not None)))
        except (library.KernelError, AssertionError) as error:
            why = str(error)
        report.add(case.name, not why, why)


def run_random(kernels, report, pattern, count):
    for name, generate in structure_cases.GENERATORS.items():
        if pattern not in name:
            continue
        for seed in range(count):
            case = generate(np.random.default_rng([seed, len(name), *name.encode()]))
            call = onnx_structure.LOWERINGS[case.op_type](case.attributes, case.inputs, case.wanted)
            try:
                got = run(kernels, call, case.wanted)
                why = ""
                for index, (g, w) in enumerate(zip(got, case.wanted)):
                    if case.tolerance:
                        close = np.allclose(g.astype(np.float64), w.astype(np.float64), rtol=1e-3,
                                            atol=case.tolerance)
                    else:
                        close = g.dtype == w.dtype and np.array_equal(bits(g), bits(w))
                    if g.shape != w.shape or not close:
                        why = f"result {index} differs"
            except (library.KernelError, AssertionError) as error:
                why = str(error)
            shapes = [None if v is None else f"{v.dtype}{list(v.shape)}" for v in case.inputs]
            report.add(f"{name}-{seed}", not why, f"{why}: {shapes} {case.attributes}")


def run_refusals(kernels, report, pattern):
    for name, (call, status) in structure_refusals.refusals().items():
        if pattern not in name:
            continue
        try:
            kernels.call(call.op, call.operands, call.ints, call.floats, call.results)
            why = "accepted"
        except library.KernelError as error:
            why = "" if error.status == status else f"status {error.status} instead of {status}"
        except AssertionError as error:
            why = str(error)
        report.add(name, not why, why)


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--filter", default="", help="run only tests whose name contains this")
    parser.add_argument("--count", type=int, default=60, help="random cases for each operator")
    args = parser.parse_args()
    kernels = library.Library.of_build(args.build)
    report = results.Results(args)
    run_node_tests(kernels, report, args.filter)
    run_random(kernels, report, args.filter, args.count)
    run_refusals(kernels, report, args.filter)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
