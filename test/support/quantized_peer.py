"""ONNX Runtime's answers for graphs of QuantizeLinear and DequantizeLinear.

It has three. `integer`: its integer kernels for all that they can compute. `default`: what it does
on x86-64 unless told otherwise, which leaves many layers on signed codes, and all with 4-bit
weights, in float. `float`: node by node, as the graph says.
"""
import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

ANSWERS = ("integer", "default", "float")


def session(model, answer, threads=1, optimized_file=None):
    """A session on a ModelProto; the graph that it runs is written to `optimized_file`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    if answer == "integer":
        options.add_session_config_entry("session.qdqisint8allowed", "1")
        model = widened(model)
    if answer == "float":
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if optimized_file:
        options.optimized_model_filepath = str(optimized_file)
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def widened(model):
    """The model with its 4-bit weights in bytes, the same codes, which integer kernels take."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    narrow = {onnx.TensorProto.INT4: np.int8, onnx.TensorProto.UINT4: np.uint8}
    for tensor in wide.graph.initializer:
        if tensor.data_type in narrow:
            codes = numpy_helper.to_array(tensor).astype(narrow[tensor.data_type])
            tensor.CopyFrom(numpy_helper.from_array(codes, tensor.name))
    return wide


def cut_at_codes(model):
    """The model up to the codes in front of the last DequantizeLinear on the way to each output."""
    maker = {name: node for node in model.graph.node for name in node.output}
    codes, work, seen = [], [output.name for output in model.graph.output], set()
    while work:
        name = work.pop(0)
        node = maker.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op_type == "DequantizeLinear" and node.input[0] in maker:
            codes.append(node.input[0])
        else:
            work += node.input
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    known = {value.name: value for value in
             onnx.shape_inference.infer_shapes(model).graph.value_info}
    del cut.graph.output[:]
    cut.graph.output.extend(known[name] for name in codes)
    used, nodes = set(codes), []
    for node in reversed(model.graph.node):
        if used & set(node.output):
            used |= set(node.input)
            nodes.append(node)
    del cut.graph.node[:]
    cut.graph.node.extend(reversed(nodes))
    return cut


def difference(ours, theirs):
    """(number of differing codes, largest difference)."""
    distance = np.abs(ours.astype(np.int32) - theirs.astype(np.int32))
    return int(np.count_nonzero(distance)), int(distance.max(initial=0))
