"""An ONNX graph of quantized layers under construction."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from support import quantized_reference as q


class Graph:
    """An ONNX graph that many layers are added to."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.weights = [], [], [], []
        self.count = 0

    def name(self, what):
        self.count += 1
        return f"{what}_{self.count}"

    def constant(self, array, element=None):
        name = self.name("c")
        if element is None:
            self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        else:
            self.weights.append(helper.make_tensor(name, element, np.shape(array),
                                                   np.asarray(array).flatten().tolist()))
        return name

    def node(self, op, operands, **attributes):
        result = self.name(op.lower())
        self.nodes.append(helper.make_node(op, operands, [result], name=result, **attributes))
        return result

    def nodes_of(self, op, operands, count):
        """The results of a node of several."""
        results = [self.name(op.lower()) for _ in range(count)]
        self.nodes.append(helper.make_node(op, operands, results, name=results[0]))
        return results

    def input(self, shape, dtype):
        name = self.name("x")
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, shape, dtype):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def model(self):
        graph = helper.make_graph(self.nodes, "layers", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
        model.ir_version = 10
        return model

    def narrow(self, quantization):
        """Scale and zero point of the same codes in 4 bits."""
        kind = TensorProto.INT4 if quantization.low < 0 else TensorProto.UINT4
        scale, zero = quantization.single
        return [self.constant(np.array(scale)), self.constant(np.array(zero), kind)]

    def dequantize(self, codes, quantization, axis=None):
        if quantization.bits == 4:
            wide = q.Quantization(quantization.scale, quantization.zero, 0, 0, quantization.dtype)
            narrow = self.narrow(quantization)
            codes = self.node("QuantizeLinear", [self.dequantize(codes, wide), *narrow])
            return self.node("DequantizeLinear", [codes, *narrow])
        scale, zero = quantization.scale, quantization.zero.astype(quantization.dtype)
        if axis is None:
            # One number is a scalar or, with the axis at its default, a tensor of one dim.
            shape = () if self.count % 2 else (1,)
            scale, zero = scale.reshape(shape), zero.reshape(shape)
            return self.node("DequantizeLinear",
                             [codes, self.constant(scale), self.constant(zero)])
        return self.node("DequantizeLinear", [codes, self.constant(scale), self.constant(zero)],
                         axis=axis)

    def quantize(self, numbers, quantization):
        if quantization.bits == 4:
            narrow = self.narrow(quantization)
            codes = self.node("QuantizeLinear", [numbers, *narrow])
            numbers = self.node("DequantizeLinear", [codes, *narrow])
        return self.node("QuantizeLinear",
                         [numbers, self.constant(quantization.scale.reshape(())),
                          self.constant(quantization.zero.astype(quantization.dtype).reshape(()))])
