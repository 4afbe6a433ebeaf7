"""How a node of an ONNX compute operator becomes a call of the kernel library.

Each entry of LOWERINGS takes the node's attributes (a dict), its input arrays (None for an absent
one) and the opset, and gives (kernel, operands, ints, floats). The kernels' attributes are flattened
in the order of dialects/nn/NNCompute.td: an array is its length and its elements.
"""
import numpy as np

AUTO_PAD = {"NOTSET": 0, "VALID": 0, "SAME_UPPER": 1, "SAME_LOWER": 2}


class NotServed(Exception):
    """The node needs more than one kernel."""


def _array(values):
    return [len(values), *values]


def _window(attrs, rank):
    auto = attrs.get("auto_pad", "NOTSET")
    pads = attrs.get("pads", [0] * 2 * rank) if auto == "NOTSET" else [0] * 2 * rank
    return (_array(attrs.get("strides", [1] * rank)), _array(attrs.get("dilations", [1] * rank)),
            _array(pads), AUTO_PAD[auto])


def _pad_inputs(inputs, count):
    return list(inputs) + [None] * (count - len(inputs))


def conv(attrs, inputs, opset):
    strides, dilations, pads, auto = _window(attrs, inputs[0].ndim - 2)
    ints = strides + dilations + pads + [attrs.get("group", 1), auto]
    return "conv", _pad_inputs(inputs, 3), ints, []


def conv_transpose(attrs, inputs, opset):
    rank = inputs[0].ndim - 2
    strides, dilations, pads, auto = _window(attrs, rank)
    ints = (strides + dilations + pads + _array(attrs.get("output_padding", [0] * rank)) +
            _array(attrs.get("output_shape", [])) + [attrs.get("group", 1), auto])
    return "conv_transpose", _pad_inputs(inputs, 3), ints, []


def deform_conv(attrs, inputs, opset):
    strides, dilations, pads, _ = _window(attrs, inputs[0].ndim - 2)
    ints = strides + dilations + pads + [attrs.get("group", 1), attrs.get("offset_group", 1)]
    return "deform_conv", _pad_inputs(inputs, 5), ints, []


def matmul(attrs, inputs, opset):
    return "matmul", inputs, [], []


def _pool(attrs, inputs):
    kernel = attrs["kernel_shape"]
    strides, dilations, pads, auto = _window(attrs, len(kernel))
    return _array(kernel) + strides + dilations + pads + [attrs.get("ceil_mode", 0), auto]


def max_pool(attrs, inputs, opset):
    ints = _pool(attrs, inputs)
    if attrs["outputs"] == 2:
        return "max_pool_indices", inputs, ints + [attrs.get("storage_order", 0)], []
    return "max_pool", inputs, ints, []


def average_pool(attrs, inputs, opset):
    return "avg_pool", inputs, _pool(attrs, inputs) + [attrs.get("count_include_pad", 0)], []


def lp_pool(attrs, inputs, opset):
    return "lp_pool", inputs, _pool(attrs, inputs) + [attrs.get("p", 2)], []


def _reduce(kernel):
    def lower(attrs, inputs, opset):
        axes = inputs[1] if len(inputs) > 1 else None
        if "axes" in attrs:
            axes = np.array(attrs["axes"], np.int64)
        if axes is None or axes.size == 0:
            reduced = [] if attrs.get("noop_with_empty_axes", 0) else range(inputs[0].ndim)
            axes = np.array(list(reduced), np.int64)
        return kernel, [inputs[0], axes], [attrs.get("keepdims", 1)], []
    return lower


def _axis(attrs, inputs, default):
    return attrs.get("axis", default) % max(1, inputs[0].ndim)


def _arg(kernel):
    def lower(attrs, inputs, opset):
        ints = [_axis(attrs, inputs, 0), attrs.get("keepdims", 1),
                attrs.get("select_last_index", 0)]
        return kernel, inputs, ints, []
    return lower


def _cumulative(kernel):
    def lower(attrs, inputs, opset):
        return kernel, inputs, [attrs.get("exclusive", 0), attrs.get("reverse", 0)], []
    return lower


def _softmax(kernel):
    def lower(attrs, inputs, opset):
        if opset < 13:
            raise NotServed("flattens its input")
        return kernel, inputs, [_axis(attrs, inputs, -1)], []
    return lower


LOWERINGS = {
    "Conv": conv, "ConvTranspose": conv_transpose, "DeformConv": deform_conv, "MatMul": matmul,
    "MaxPool": max_pool, "AveragePool": average_pool, "LpPool": lp_pool,
    "ReduceSum": _reduce("reduce_sum"), "ReduceProd": _reduce("reduce_prod"),
    "ReduceMean": _reduce("reduce_mean"), "ReduceMax": _reduce("reduce_max"),
    "ReduceMin": _reduce("reduce_min"), "ArgMax": _arg("arg_max"), "ArgMin": _arg("arg_min"),
    "CumSum": _cumulative("cum_sum"), "CumProd": _cumulative("cum_prod"),
    "Softmax": _softmax("softmax"), "LogSoftmax": _softmax("log_softmax"),
    "Hardmax": _softmax("hardmax"),
}
