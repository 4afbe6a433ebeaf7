#!/usr/bin/env python3
"""Runs the official ONNX node tests of single kernels against the native kernel library."""
import pathlib
import sys

import numpy as np
import onnx
import onnx.numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import results  # noqa: E402

import library  # noqa: E402
import onnx_compute  # noqa: E402

LOWERINGS = onnx_compute.LOWERINGS
# What ONNX's own runner allows; the absolute part grows with the largest value, since some expected
# results that should be zero hold the rounding of larger ones.
RELATIVE, ABSOLUTE = 1e-3, 1e-7


def load_tensors(folder, kind, values):
    """The tensors of a test's data set; None for an absent optional one."""
    tensors = []
    for index, value in enumerate(values):
        if not value.name:
            tensors.append(None)
            continue
        proto = onnx.TensorProto()
        proto.ParseFromString((folder / f"{kind}_{index}.pb").read_bytes())
        tensors.append(onnx.numpy_helper.to_array(proto))
    return tensors


def attributes(node):
    found = {}
    for a in node.attribute:
        value = onnx.helper.get_attribute_value(a)
        found[a.name] = value.decode() if isinstance(value, bytes) else value
    found["outputs"] = len(node.output)
    return found


def node_inputs(model, folder):
    """The single node's inputs in its own order."""
    node = model.graph.node[0]
    named = dict(zip([v.name for v in model.graph.input],
                     load_tensors(folder, "input", model.graph.input)))
    return [named[name] if name else None for name in node.input]


def same(got, want):
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}"
    if want.dtype == np.bool_ or np.issubdtype(want.dtype, np.integer):
        return "" if np.array_equal(got, want) else "values differ"
    a, b = got.astype(np.float64), want.astype(np.float64)
    scale = np.abs(b[np.isfinite(b)]).max(initial=1.0)
    if np.allclose(a, b, rtol=RELATIVE, atol=ABSOLUTE * scale, equal_nan=True):
        return ""
    return f"largest difference {np.nanmax(np.abs(a - b))}"


def run(kernels, call, outputs):
    """Runs a call whose first results, as far as they are not None, should look like `outputs`."""
    op, operands, ints, floats, *ranks = call
    ranks = ranks[0] if ranks else [o.ndim for o in outputs]
    outputs = outputs + [None] * (len(ranks) - len(outputs))
    dims = kernels.shape(op, operands, ints, floats, ranks)
    for got, want in zip(dims, outputs):
        if want is not None and got != list(want.shape):
            raise AssertionError(f"shape function gave {got} instead of {list(want.shape)}")
    element = next(o for o in outputs if o is not None).dtype
    types = [element if o is None else o.dtype for o in outputs]
    return kernels.call(op, operands, ints, floats, list(zip(types, dims)))


def run_case(kernels, model, folder):
    node = model.graph.node[0]
    inputs = node_inputs(model, folder)
    wanted = dict(zip([v.name for v in model.graph.output],
                      load_tensors(folder, "output", model.graph.output)))
    outputs = [wanted.get(name) for name in node.output]
    opset = next(o.version for o in model.opset_import if o.domain == "")
    call = LOWERINGS[node.op_type](attributes(node), inputs, opset)
    got = run(kernels, call, outputs)
    return "; ".join(filter(None, (same(g, w) for g, w in zip(got, outputs) if w is not None)))


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--filter", default="", help="run only tests whose name contains this")
    args = parser.parse_args()
    kernels = library.Library.of_build(args.build)
    report = results.Results(args)
    root = pathlib.Path(onnx.__file__).parent / "backend/test/data/node"
    for case in sorted(root.iterdir()):
        path = case / "model.onnx"
        if args.filter not in case.name or not path.exists():
            continue
        model = onnx.load(path)
        if len(model.graph.node) != 1 or model.graph.node[0].op_type not in LOWERINGS:
            continue
        try:
            why = run_case(kernels, model, case / "test_data_set_0")
        except onnx_compute.NotServed as error:
            report.skip(case.name, str(error))
            continue
        except (library.KernelError, AssertionError, AttributeError) as error:
            why = str(error)
        report.add(case.name, not why, why)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
