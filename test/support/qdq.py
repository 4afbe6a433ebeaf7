"""QDQ models from float ones, by onnxruntime.quantization: u8 activations, s8 weights a channel.

Calibrated on a few random inputs: what they are for is speed and the structure of their graphs.
"""
import logging
import pathlib

import numpy as np
import onnx
from onnx import version_converter

CALIBRATION_INPUTS = 4


class RandomInputs:
    """The calibration data reader that the quantizer asks for inputs."""

    def __init__(self, name, shape):
        rng = np.random.default_rng(0)
        self.feeds = iter([{name: rng.standard_normal(shape).astype(np.float32)}
                           for _ in range(CALIBRATION_INPUTS)])

    def get_next(self):
        return next(self.feeds, None)


def make_static(source, target, shape):
    """Opset 13 or later, its one input of this shape, no weight an input. Returns the input."""
    model = onnx.load(source)
    if model.opset_import[0].version < 13:
        model = version_converter.convert_version(model, 13)
    weights = {tensor.name for tensor in model.graph.initializer}
    (info,) = [info for info in model.graph.input if info.name not in weights]
    for dim, size in zip(info.type.tensor_type.shape.dim, shape):
        dim.dim_value = size
    del model.graph.input[:]
    model.graph.input.append(info)
    onnx.save(model, target)
    return info.name


def quantize(source, target, shape, scratch):
    """Writes `target`, the model `source` with an input of `shape` quantized."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    scratch = pathlib.Path(scratch)
    static, prepared = scratch / "static.onnx", scratch / "prepared.onnx"
    logging.disable(logging.WARNING)
    try:
        name = make_static(source, static, shape)
        quant_pre_process(str(static), str(prepared), skip_symbolic_shape=True)
        quantize_static(str(prepared), str(target), RandomInputs(name, shape),
                        quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    finally:
        logging.disable(logging.NOTSET)
