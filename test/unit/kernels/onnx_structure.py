"""How a node of an ONNX structure operator becomes a call of the kernel library.

Each entry of LOWERINGS takes the node's attributes (a dict), its input arrays (None for an absent
one) and its wanted outputs, whose dims the results get, and gives a Call. Attributes are flattened
in the order of dialects/nn/NNStructure.td.
"""
import dataclasses

import numpy as np
import onnx

import library


@dataclasses.dataclass
class Call:
    op: str
    operands: list
    ints: list = dataclasses.field(default_factory=list)
    floats: list = dataclasses.field(default_factory=list)
    results: list = None  # (dtype, dims) where they are not those of the wanted outputs
    finish: object = None  # cuts results of bounded size to what they hold


def _array(values):
    return [len(values), *values]


def _dtype_number(onnx_type):
    return library.DTYPES[np.dtype(onnx.helper.tensor_dtype_to_np_dtype(onnx_type))][0]


def _int64(values):
    return np.array(values, np.int64)


def _at(inputs, index):
    return inputs[index] if index < len(inputs) else None


def _axis(attrs, rank, default):
    axis = attrs.get("axis", default)
    return axis + rank if axis < 0 else axis


def reshape(attrs, inputs, outputs):
    return Call("reshape", inputs, [attrs.get("allowzero", 0)])


def bit_cast(attrs, inputs, outputs):
    return Call("bit_cast", inputs, [_dtype_number(attrs["to"])])


def transpose(attrs, inputs, outputs):
    perm = attrs.get("perm", list(range(inputs[0].ndim))[::-1])
    return Call("transpose", inputs, _array(perm))


def slice_(attrs, inputs, outputs):
    data, starts, ends = inputs[:3]
    axes = _at(inputs, 3) if _at(inputs, 3) is not None else np.arange(len(starts))
    steps = _at(inputs, 4) if _at(inputs, 4) is not None else np.ones(len(starts))
    return Call("slice", [data, _int64(starts), _int64(ends), _int64(axes), _int64(steps)])


def concat(attrs, inputs, outputs):
    return Call("concat", inputs, [len(inputs), _axis(attrs, inputs[0].ndim, 0)])


def pad(attrs, inputs, outputs):
    mode = ["constant", "reflect", "edge", "wrap"].index(attrs.get("mode", "constant"))
    axes = _at(inputs, 3)
    value = _at(inputs, 2)
    return Call("pad", [inputs[0], _int64(inputs[1]), value,
                        None if axes is None else _int64(axes)], [mode])


def _with_axis(op):
    def lower(attrs, inputs, outputs):
        return Call(op, inputs, [_axis(attrs, inputs[0].ndim, 0)])
    return lower


def gather_nd(attrs, inputs, outputs):
    return Call("gather_nd", inputs, [attrs.get("batch_dims", 0)])


def _reduction(attrs):
    return ["none", "add", "mul", "min", "max"].index(attrs.get("reduction", "none"))


def scatter_elements(attrs, inputs, outputs):
    return Call("scatter_elements", inputs,
                [_axis(attrs, inputs[0].ndim, 0), _reduction(attrs)])


def scatter_nd(attrs, inputs, outputs):
    return Call("scatter_nd", inputs, [_reduction(attrs)])


def reverse_sequence(attrs, inputs, outputs):
    return Call("reverse_sequence", inputs,
                [attrs.get("batch_axis", 1), attrs.get("time_axis", 0)])


def trilu(attrs, inputs, outputs):
    k = _at(inputs, 1)
    return Call("trilu", [inputs[0], _int64(0) if k is None else k], [attrs.get("upper", 1)])


def one_hot(attrs, inputs, outputs):
    indices, depth, values = inputs
    if indices.dtype not in (np.int32, np.int64):
        indices = indices.astype(np.int64)
    return Call("one_hot", [indices, _int64(depth).reshape(()), values],
                [_axis(attrs, indices.ndim + 1, -1)])


def eye_like(attrs, inputs, outputs):
    to = _dtype_number(attrs["dtype"]) if "dtype" in attrs else library.DTYPES[inputs[0].dtype][0]
    return Call("eye_like", inputs, [to, attrs.get("k", 0)])


def non_zero(attrs, inputs, outputs):
    data = inputs[0]
    return Call("non_zero", inputs,
                results=[(np.int64, (max(1, data.ndim), data.size)), (np.int64, (1,))],
                finish=lambda got: [got[0][:, :got[1][0]]])


def compress(attrs, inputs, outputs):
    data, condition = inputs
    if "axis" not in attrs:
        return Call("compress", inputs, [-1],
                    results=[(data.dtype, (data.size,)), (np.int64, (1,))],
                    finish=lambda got: [got[0][:got[1][0]]])
    axis = _axis(attrs, data.ndim, 0)
    return Call("compress", inputs, [axis], results=[(data.dtype, data.shape), (np.int64, (1,))],
                finish=lambda got: [np.take(got[0], range(got[1][0]), axis)])


def unique(attrs, inputs, outputs):
    data = inputs[0]
    has_axis = "axis" in attrs
    axis = _axis(attrs, data.ndim, 0)
    count = data.shape[axis] if has_axis else data.size
    values = data.shape if has_axis else (data.size,)

    def finish(got):
        kept = range(got[4][0])
        return [np.take(got[0], kept, axis if has_axis else 0), got[1][kept], got[2], got[3][kept]]
    return Call("unique", inputs, [int(has_axis), axis, attrs.get("sorted", 1)],
                results=[(data.dtype, values)] + [(np.int64, (count,))] * 3 + [(np.int64, (1,))],
                finish=finish)


def top_k(attrs, inputs, outputs):
    data, k = inputs
    return Call("top_k", [data, _int64(k)],
                [_axis(attrs, data.ndim, -1), attrs.get("largest", 1), attrs.get("sorted", 1)])


COORDINATES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
               "asymmetric", "tf_crop_and_resize"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def resize(attrs, inputs, outputs):
    given = [None if v is None or v.size == 0 else v for v in (list(inputs) + [None] * 3)[:4]]
    ints = [["nearest", "linear", "cubic"].index(attrs.get("mode", "nearest")),
            COORDINATES.index(attrs.get("coordinate_transformation_mode", "half_pixel")),
            NEAREST.index(attrs.get("nearest_mode", "round_prefer_floor")),
            attrs.get("antialias", 0), attrs.get("exclude_outside", 0),
            ["stretch", "not_larger", "not_smaller"].index(
                attrs.get("keep_aspect_ratio_policy", "stretch"))]
    ints += _array(list(attrs.get("axes", range(inputs[0].ndim))))
    return Call("resize", given, ints,
                [attrs.get("cubic_coeff_a", -0.75), attrs.get("extrapolation_value", 0.0)])


def upsample(attrs, inputs, outputs):
    modes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return resize(dict(attrs, **modes), [inputs[0], None, inputs[1]], outputs)


def col2im(attrs, inputs, outputs):
    rank = inputs[1].size
    ints = (_array(attrs.get("dilations", [1] * rank)) + _array(attrs.get("pads", [0] * 2 * rank)) +
            _array(attrs.get("strides", [1] * rank)))
    return Call("col2im", inputs, ints)


def max_unpool(attrs, inputs, outputs):
    rank = inputs[0].ndim - 2
    ints = (_array(attrs["kernel_shape"]) + _array(attrs.get("pads", [0] * 2 * rank)) +
            _array(attrs.get("strides", [1] * rank)))
    return Call("max_unpool", [*inputs[:2], _at(inputs, 2)], ints)


def non_max_suppression(attrs, inputs, outputs):
    boxes, scores = inputs[:2]
    most = _at(inputs, 2)
    limit = 0 if most is None else int(most[0])
    rows = boxes.shape[0] * scores.shape[1] * min(boxes.shape[1], limit)
    return Call("non_max_suppression", [boxes, scores, most, _at(inputs, 3), _at(inputs, 4)],
                [attrs.get("center_point_box", 0)],
                results=[(np.int64, (rows, 3)), (np.int64, (1,))],
                finish=lambda got: [got[0][:got[1][0]]])


def _plain(op):
    return lambda attrs, inputs, outputs: Call(op, inputs)


LOWERINGS = {
    "Reshape": reshape, "BitCast": bit_cast, "Transpose": transpose,
    "Expand": _plain("broadcast_to"), "Tile": _plain("tile"), "Slice": slice_, "Concat": concat,
    "Pad": pad, "Gather": _with_axis("gather"), "GatherElements": _with_axis("gather_elements"),
    "GatherND": gather_nd, "ScatterElements": scatter_elements, "Scatter": scatter_elements,
    "ScatterND": scatter_nd, "Range": _plain("range"), "ReverseSequence": reverse_sequence,
    "Trilu": trilu, "OneHot": one_hot, "EyeLike": eye_like, "NonZero": non_zero,
    "Compress": compress, "Unique": unique, "TopK": top_k, "Resize": resize, "Upsample": upsample,
    "Col2Im": col2im, "MaxUnpool": max_unpool, "NonMaxSuppression": non_max_suppression,
}
