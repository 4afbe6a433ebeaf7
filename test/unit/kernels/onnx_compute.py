"""How a node of an ONNX compute operator becomes a call of the kernel library.

Each entry of LOWERINGS takes the node's attributes (a dict), its input arrays (None for an absent
one) and the opset, and gives (kernel, operands, ints, floats) and, where the node may leave out
results that the kernel has, the ranks of all results. The kernels' attributes are flattened
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


def layer_norm(attrs, inputs, opset):
    ints, epsilon = [_axis(attrs, inputs, -1), 0], attrs.get("epsilon", 1e-5)
    return "layer_norm", _pad_inputs(inputs, 3), ints, [epsilon], [inputs[0].ndim] * 3


def rms_norm(attrs, inputs, opset):
    ints, epsilon = [_axis(attrs, inputs, -1), 1], attrs.get("epsilon", 1e-5)
    return "layer_norm", [*inputs, None], ints, [epsilon], [inputs[0].ndim] * 3


def lrn(attrs, inputs, opset):
    floats = [attrs.get("alpha", 1e-4), attrs.get("beta", 0.75), attrs.get("bias", 1.0)]
    return "lrn", inputs, [attrs["size"]], floats


SAMPLE_MODES = {"nearest": 0, "linear": 1, "bilinear": 1, "cubic": 2, "bicubic": 2}
PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}


def grid_sample(attrs, inputs, opset):
    ints = [SAMPLE_MODES[attrs.get("mode", "linear")],
            PADDINGS[attrs.get("padding_mode", "zeros")], attrs.get("align_corners", 0)]
    return "grid_sample", inputs, ints, []


def affine_grid(attrs, inputs, opset):
    return "affine_grid", inputs, [attrs.get("align_corners", 0)], []


def roi_align(attrs, inputs, opset):
    coordinates = attrs.get("coordinate_transformation_mode",
                            "half_pixel" if opset >= 16 else "output_half_pixel")
    ints = [["avg", "max"].index(attrs.get("mode", "avg")), coordinates == "half_pixel",
            attrs.get("output_height", 1), attrs.get("output_width", 1),
            attrs.get("sampling_ratio", 0)]
    return "roi_align", inputs, ints, [attrs.get("spatial_scale", 1.0)]


def dft(attrs, inputs, opset):
    operands = _pad_inputs(inputs, 3)
    if opset < 20:
        operands[2] = np.array(attrs.get("axis", 1), np.int64)
    return "dft", operands, [attrs.get("inverse", 0), attrs.get("onesided", 0)], []


def stft(attrs, inputs, opset):
    return "stft", _pad_inputs(inputs, 4), [attrs.get("onesided", 1)], []


def det(attrs, inputs, opset):
    return "det", inputs, [], []


ACTIVATIONS = {name: number for number, name in enumerate(
    ["relu", "tanh", "sigmoid", "affine", "leakyrelu", "thresholdedrelu", "scaledtanh",
     "hardsigmoid", "elu", "softsign", "softplus"])}
# ONNX's defaults for the parameters of activations, alpha then beta.
ALPHAS = {"affine": 1.0, "leakyrelu": 0.01, "thresholdedrelu": 1.0, "scaledtanh": 1.0,
          "hardsigmoid": 0.2, "elu": 1.0}
BETAS = {"affine": 0.0, "scaledtanh": 1.0, "hardsigmoid": 0.5}


def _recurrent(kernel, functions, flag, operand_count, ranks):
    def lower(attrs, inputs, opset):
        directions = ["forward", "reverse", "bidirectional"]
        direction = directions.index(attrs.get("direction", "forward"))
        names = [n.lower() for n in attrs.get("activations",
                                              functions * (2 if direction == 2 else 1))]
        # The lists hold parameters only for the activations that have them, in order.
        given = {"alpha": list(attrs.get("activation_alpha", [])),
                 "beta": list(attrs.get("activation_beta", []))}
        alphas = [given["alpha"].pop(0) if n in ALPHAS and given["alpha"] else ALPHAS.get(n, 0)
                  for n in names]
        betas = [given["beta"].pop(0) if n in BETAS and given["beta"] else BETAS.get(n, 0)
                 for n in names]
        hidden = inputs[2].shape[2]
        ints = [hidden, direction, attrs.get("layout", 0)]
        ints += [attrs.get(flag, 0)] if flag else []
        ints += _array([ACTIVATIONS[n] for n in names])
        floats = alphas + betas + [attrs.get("clip", 0.0)]
        return kernel, _pad_inputs(inputs, operand_count), ints, floats, ranks
    return lower


LOWERINGS = {
    "Conv": conv, "ConvTranspose": conv_transpose, "DeformConv": deform_conv, "MatMul": matmul,
    "MaxPool": max_pool, "AveragePool": average_pool, "LpPool": lp_pool,
    "ReduceSum": _reduce("reduce_sum"), "ReduceProd": _reduce("reduce_prod"),
    "ReduceMean": _reduce("reduce_mean"), "ReduceMax": _reduce("reduce_max"),
    "ReduceMin": _reduce("reduce_min"), "ArgMax": _arg("arg_max"), "ArgMin": _arg("arg_min"),
    "CumSum": _cumulative("cum_sum"), "CumProd": _cumulative("cum_prod"),
    "Softmax": _softmax("softmax"), "LogSoftmax": _softmax("log_softmax"),
    "Hardmax": _softmax("hardmax"), "LayerNormalization": layer_norm,
    "LSTM": _recurrent("lstm", ["sigmoid", "tanh", "tanh"], "input_forget", 8, [4, 3, 3]),
    "GRU": _recurrent("gru", ["sigmoid", "tanh"], "linear_before_reset", 6, [4, 3]),
    "GridSample": grid_sample, "AffineGrid": affine_grid, "RoiAlign": roi_align, "DFT": dft,
    "STFT": stft, "Det": det,
    "RNN": _recurrent("rnn", ["tanh"], None, 6, [4, 3]), "RMSNormalization": rms_norm, "LRN": lrn,
}
