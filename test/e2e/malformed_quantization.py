#!/usr/bin/env python3
"""Quantization parameters that mean nothing: each model must be refused, naming the node and what
is wrong with it."""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, results  # noqa: E402

U8, I8, F32 = np.uint8, np.int8, np.float32


def model(op, operands, domain="", input_type=TensorProto.FLOAT, shape=(2, 3), **attributes):
    """One node `bad` on the input x, in the place of each "x", and constants."""
    names, weights = [], []
    for i, operand in enumerate(operands):
        if operand is None or isinstance(operand, str):
            names.append(operand or "")
            continue
        names.append(f"c{i}")
        weights.append(operand if isinstance(operand, onnx.TensorProto)
                       else numpy_helper.from_array(np.asarray(operand), f"c{i}"))
        weights[-1].name = f"c{i}"
    node = helper.make_node(op, names, ["y"], name="bad", domain=domain, **attributes)
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", input_type, shape)],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, None)], weights)
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def quantize(scale, zero, **attributes):
    return model("QuantizeLinear", ["x", np.array(scale, F32), zero], **attributes)


def dequantize(scale, zero, **attributes):
    return model("DequantizeLinear", ["x", np.array(scale, F32), zero],
                 input_type=TensorProto.INT8, **attributes)


def conv(x_scale=0.5, w_scale=0.25, y_scale=1.0, bias=None, w_zero=None, x_zero=None):
    weight = np.ones((4, 3, 1, 1), I8)
    operands = ["x", F32(x_scale), U8(3) if x_zero is None else x_zero, weight,
                np.array(w_scale, F32), I8(0) if w_zero is None else w_zero, F32(y_scale), U8(0)]
    if bias is not None:
        operands.append(np.array(bias, np.int32))
    return model("QLinearConv", operands, input_type=TensorProto.UINT8, shape=(1, 3, 5, 5))


def microsoft(op, operands, **attributes):
    return model(op, operands, "com.microsoft", TensorProto.UINT8, **attributes)


def packed(count):
    tensor = onnx.TensorProto(data_type=TensorProto.INT4, dims=[2, 3], name="c0")
    tensor.raw_data = bytes(count)
    return tensor


CASES = {
    "scale_zero": (quantize(0, U8(0)), "has a scale of 0"),
    "scale_nan": (quantize(np.nan, U8(0)), "has a scale of nan"),
    "scale_infinite": (quantize(np.inf, U8(0)), "has a scale of INF"),
    "dequantize_scale_zero": (dequantize(0, I8(0)), "has a scale of 0"),
    "one_of_the_scales": (dequantize([0.5, 0, 0.5], np.zeros(3, I8), axis=1), "has a scale of 0"),
    "scales_for_dim": (quantize([0.5, 0.5], np.zeros(2, U8), axis=1),
                       "it has 2 scales for dim 1 of size 3"),
    "zero_points_for_scales": (quantize([0.5] * 3, np.zeros(2, U8), axis=1),
                               "has 3 scales and 2 zero points"),
    "zero_point_float": (quantize(0.5, F32(0)), "quantization to other types than"),
    "zero_point_type": (dequantize(0.5, U8(0)), "zero point of type ui8 for codes of type i8"),
    "axis": (quantize([0.5] * 3, np.zeros(3, U8), axis=5), "axis"),
    "block_negative": (quantize([[0.5]], U8([[0]]), block_size=-2), "block_size is -2"),
    "scale_rank": (quantize([[0.5, 0.5, 0.5]], U8([[0, 0, 0]])),
                   "the scale has 2 dims; expected 1"),
    "conv_input_scale": (conv(x_scale=0), "has a scale of 0"),
    "conv_weight_scales": (conv(w_scale=[0.5, 0.5], w_zero=np.zeros(2, I8)),
                           "it has 2 weight scales for 4 output channels"),
    "conv_result_scale": (conv(y_scale=np.nan), "has a scale of nan"),
    "conv_bias": (conv(bias=[1, 2, 3]), "bias of 3 for 4 output channels"),
    "conv_zero_point_type": (conv(x_zero=I8(3)), "zero point of type i8 for codes of type ui8"),
    "conv_product": (conv(x_scale=1e-30, w_scale=1e-30, bias=[1, 2, 3, 4]),
                     "the product of its input and weight scales has a scale of 0"),
    "matmul_result_scale": (model("QLinearMatMul", ["x", F32(0.5), U8(0), np.ones((3, 2), U8),
                                                    F32(0.5), U8(0), F32(0), U8(0)],
                                  input_type=TensorProto.UINT8), "has a scale of 0"),
    "add_without_scale": (microsoft("QLinearAdd", ["x", None, U8(0), "x", F32(1), U8(0), F32(1),
                                                   U8(0)]), "a required input is missing"),
    "concat_operands": (microsoft("QLinearConcat", [F32(1), U8(0), "x", F32(1)], axis=0),
                        "three inputs an operand"),
    "softmax_scale": (microsoft("QLinearSoftmax", ["x", F32(0), U8(0), F32(1 / 256), U8(0)],
                                axis=1, opset=13), "has a scale of 0"),
    "packed_size": (model("DequantizeLinear", [packed(5), F32(1)]), "need 3 bytes; it has 5"),
}


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build)
    with tempfile.TemporaryDirectory(prefix="malformed") as scratch:
        for name, (bad, expected) in CASES.items():
            file = pathlib.Path(scratch) / f"{name}.onnx"
            file.write_bytes(bad.SerializeToString())
            outcome = tool.compile(file, pathlib.Path(scratch) / "model.pbl")
            isNamed = "bad" in outcome.message or name == "packed_size"
            report.add(name, outcome.kind in ("rejected", "unsupported") and isNamed and
                       expected in outcome.message,
                       f"{outcome.kind}: {outcome.message}; expected '{expected}'")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
