"""The files of hostile_models.py: what a careless or an ill-meaning exporter may write."""
import dataclasses
import os
import typing

import numpy as np
import onnx
from onnx import TensorProto, helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
X = [("x", FLOAT, [2, 3])]
HUGE = 1 << 40


@dataclasses.dataclass
class Case:
    name: str
    write: typing.Callable
    refused: bool = True
    inputs: dict = dataclasses.field(default_factory=dict)


def value_info(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def make_model(nodes, inputs=X, outputs=(("y", FLOAT, None),), initializers=(), functions=(),
               opset=18):
    graph = helper.make_graph(nodes, "g", [value_info(*i) for i in inputs],
                              [value_info(*o) for o in outputs], list(initializers))
    imports = [helper.make_opsetid("", opset)]
    if functions:
        imports.append(helper.make_opsetid("local", 1))
    return helper.make_model(graph, opset_imports=imports, ir_version=8, functions=functions)


def saved(model):
    return lambda path: path.write_bytes(model.SerializeToString())


def node(op, inputs=("x",), outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


def ints(name, values):
    return helper.make_tensor(name, INT64, [len(values)], values)


def one_node(name, op, refused=True, constants=(), inputs=("x",), **attributes):
    """A model of one node on the input x (2x3 floats) and integer constants c0, c1, ..."""
    initializers = [ints(f"c{i}", values) for i, values in enumerate(constants)]
    names = list(inputs) + [tensor.name for tensor in initializers]
    model = make_model([node(op, names, **attributes)], initializers=initializers)
    return Case(name, saved(model), refused, {"x": np.ones((2, 3), np.float32)})


# ---- bytes that are no model ----


def files():
    good = make_model([node("Relu")]).SerializeToString()
    yield Case("empty file", lambda path: path.write_bytes(b""))
    yield Case("text", lambda path: path.write_text("this is no model\n"))
    yield Case("truncated", lambda path: path.write_bytes(good[: len(good) // 2]))
    yield Case("trailing garbage", lambda path: path.write_bytes(good + b"\xff" * 64))
    noise = np.random.default_rng(0).bytes(4096)
    yield Case("noise", lambda path: path.write_bytes(noise))
    yield Case("length prefix of 4 GB", lambda path: path.write_bytes(b"\x3a\xff\xff\xff\xff\x0f"))
    yield Case("folder instead of a file", lambda path: path.mkdir())
    yield Case("no file", lambda path: None)


# ---- external data ----


def external(name, location, offset=None, length=None, prepare=None):
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[2, 3],
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    model = make_model([node("Add", ["x", "w"])], initializers=[tensor])

    def write(path):
        (path.parent / "w.bin").write_bytes(bytes(24))
        (path.parent.parent / "secret.bin").write_bytes(bytes(24))
        if prepare:
            prepare(path.parent)
        saved(model)(path)

    return Case(f"external data: {name}", write)


def external_data():
    yield external("parent folder", "../secret.bin")
    yield external("parent in the middle", "sub/../../secret.bin",
                   prepare=lambda folder: (folder / "sub").mkdir())
    yield external("absolute path", "/etc/hostname")
    yield external("symbolic link", "link.bin",
                   prepare=lambda folder: (folder / "link.bin").symlink_to("../secret.bin"))
    yield external("folder that is a symbolic link", "sub/secret.bin",
                   prepare=lambda folder: (folder / "sub").symlink_to(".."))
    yield external("fifo", "fifo", prepare=lambda folder: os.mkfifo(folder / "fifo"))
    yield external("folder", ".")
    yield external("missing file", "nothing.bin")
    yield external("empty name", "")
    yield external("no location", None)
    yield external("negative offset", "w.bin", offset=-8)
    yield external("negative length", "w.bin", length=-24)
    yield external("offset past the end", "w.bin", offset=1 << 20)
    yield external("sum of offset and length overflows", "w.bin", offset=(1 << 63) - 8, length=24)
    yield external("length past the end", "w.bin", length=1 << 30)
    yield external("length below the shape", "w.bin", length=8)
    yield external("offset that is no number", "w.bin", offset="twelve")
    yield external("NUL in the name", "w.bin\0.txt")


# ---- tensors ----


def tensor_case(name, refused=True, **fields):
    model = make_model([node("Add", ["x", "w"])],
                       initializers=[TensorProto(name="w", **fields)])
    return Case(f"tensor: {name}", saved(model), refused, {"x": np.ones((2, 3), np.float32)})


def tensors():
    yield tensor_case("data shorter than the shape", data_type=FLOAT, dims=[2, 3],
                      raw_data=bytes(8))
    yield tensor_case("data longer than the shape", data_type=FLOAT, dims=[2, 3],
                      raw_data=bytes(64))
    yield tensor_case("float_data shorter than the shape", data_type=FLOAT, dims=[2, 3],
                      float_data=[1.0])
    yield tensor_case("no data", data_type=FLOAT, dims=[2, 3])
    yield tensor_case("huge dims without data", data_type=FLOAT, dims=[HUGE, HUGE])
    yield tensor_case("product of dims wraps to 0", data_type=FLOAT, dims=[1 << 32, 1 << 32])
    yield tensor_case("size in bytes wraps", data_type=FLOAT, dims=[(1 << 62) + 1],
                      raw_data=bytes(4))
    yield tensor_case("negative dim", data_type=FLOAT, dims=[-1, 3], raw_data=bytes(24))
    yield tensor_case("two negative dims", data_type=FLOAT, dims=[-2, -3], raw_data=bytes(24))
    yield tensor_case("unknown type", data_type=99, dims=[2, 3], raw_data=bytes(24))
    yield tensor_case("undefined type", data_type=0, dims=[2, 3], raw_data=bytes(24))
    yield tensor_case("data of another type", data_type=FLOAT, dims=[2, 3],
                      int64_data=[1, 2, 3, 4, 5, 6])
    yield tensor_case("thousand dims", False, data_type=FLOAT, dims=[1] * 1000, raw_data=bytes(4))


# ---- graphs ----


def nested_if(depth):
    branch = helper.make_graph([node("Relu", ["x"], ["b0"])], "b", [],
                               [value_info("b0", FLOAT, None)])
    for level in range(1, depth):
        inner = node("If", ["c"], [f"b{level}"], then_branch=branch, else_branch=branch)
        # Both branches of every level would make the file exponential: one is flat.
        flat = helper.make_graph([node("Relu", ["x"], [f"f{level}"])], "f", [],
                                 [value_info(f"f{level}", FLOAT, None)])
        inner.attribute[1].g.CopyFrom(flat)
        branch = helper.make_graph([inner], "b", [], [value_info(f"b{level}", FLOAT, None)])
    top = node("If", ["c"], then_branch=branch, else_branch=branch)
    return make_model([top], inputs=X + [("c", TensorProto.BOOL, [])])


def field(number, payload):
    """A length-delimited field of protobuf's wire format."""
    size, prefix = len(payload), bytearray([number << 3 | 2])
    while size >= 128:
        prefix.append(size & 127 | 128)
        size >>= 7
    return bytes(prefix + bytes([size])) + payload


def nested_bytes(depth):
    """Deeper than any protobuf library writes: graph, node, attribute, graph, ..."""
    graph = field(2, b"innermost")
    for _ in range(depth):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    return field(7, graph)


def function(name, body, inputs=("a",), outputs=("b",)):
    return helper.make_function("local", name, list(inputs), list(outputs), body,
                                [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)])


def local(op, inputs, outputs):
    return helper.make_node(op, inputs, outputs, domain="local")


def doubling_functions(levels):
    """Each function calls the one below twice: 2^levels nodes once inlined."""
    functions = [function("F0", [node("Relu", ["a"], ["b"])])]
    for level in range(1, levels):
        functions.append(function(f"F{level}", [local(f"F{level - 1}", ["a"], ["t"]),
                                                local(f"F{level - 1}", ["t"], ["b"])]))
    return make_model([local(f"F{levels - 1}", ["x"], ["y"])], functions=functions)


def graphs():
    relu = node("Relu")
    yield Case("graph: cycle", saved(make_model(
        [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"])])))
    yield Case("graph: node reads itself", saved(make_model([node("Add", ["x", "y"])])))
    yield Case("graph: one name twice", saved(make_model(
        [node("Relu", ["x"], ["a"]), node("Neg", ["x"], ["a"]), node("Relu", ["a"])])))
    yield Case("graph: output named like an input", saved(make_model(
        [node("Relu", ["x"], ["x"])], outputs=[("x", FLOAT, None)])))
    yield Case("graph: two inputs of one name", saved(make_model([relu], inputs=X + X)))
    yield Case("graph: unknown input name", saved(make_model([node("Relu", ["nothing"])])))
    yield Case("graph: output that nobody makes",
               saved(make_model([relu], outputs=[("z", FLOAT, None)])))
    yield Case("graph: no outputs", saved(make_model([relu], outputs=[])), refused=False,
               inputs={"x": np.ones((2, 3), np.float32)})
    yield Case("graph: no graph", saved(onnx.ModelProto(ir_version=8)))
    yield Case("graph: node without an operator", saved(make_model([node("")])))
    yield Case("graph: unknown operator", saved(make_model([node("Frobnicate")])))
    yield Case("graph: no opset", saved(onnx.ModelProto(ir_version=8,
                                                       graph=make_model([relu]).graph)))
    yield Case("graph: opset 0", saved(make_model([relu], opset=0)))
    yield Case("graph: negative opset", saved(make_model([relu], opset=-7)))
    yield Case("graph: opset of the far future", saved(make_model([relu], opset=100000)))
    yield Case("graph: input without a type", saved(make_model([relu], inputs=[("x", 0, [2])])))
    yield Case("graph: negative input dim",
               saved(make_model([relu], inputs=[("x", FLOAT, [-5, 3])])), refused=False,
               inputs={"x": np.ones((2, 3), np.float32)})
    yield Case("graph: huge input",
               saved(make_model([relu], inputs=[("x", FLOAT, [HUGE, HUGE])])), refused=False)
    yield Case("graph: function that calls itself", saved(make_model(
        [local("F", ["x"], ["y"])], functions=[function("F", [local("F", ["a"], ["b"])])])))
    yield Case("graph: functions that call each other", saved(make_model(
        [local("F", ["x"], ["y"])], functions=[function("F", [local("G", ["a"], ["b"])]),
                                              function("G", [local("F", ["a"], ["b"])])])))
    yield Case("graph: functions that double 40 times", saved(doubling_functions(40)))
    yield Case("graph: 5000 nested graphs", lambda path: path.write_bytes(nested_bytes(5000)))
    yield Case("graph: 25 nested Ifs", saved(nested_if(25)), refused=False,
               inputs={"x": np.ones((2, 3), np.float32), "c": np.array(True)})
    yield Case("graph: a name of a megabyte",
               saved(make_model([node("Relu", ["x"], ["n" * 1000000]),
                                 node("Relu", ["n" * 1000000])])), refused=False,
               inputs={"x": np.ones((2, 3), np.float32)})


# ---- nodes ----


def nodes():
    yield one_node("Softmax: axis == rank", "Softmax", axis=2)
    yield one_node("Softmax: axis below -rank", "Softmax", axis=-3)
    yield one_node("Concat: axis == rank", "Concat", axis=2)
    yield one_node("Flatten: axis past the rank", "Flatten", axis=3)
    yield one_node("Gather: axis == rank", "Gather", constants=[[0]], axis=2)
    yield one_node("Gather: index out of range", "Gather", False, [[7]], axis=0)
    yield one_node("Gather: index of 2^62", "Gather", False, [[1 << 62]], axis=0)
    wide = [(name, FLOAT, [2, 4, 32]) for name in ("query", "key", "value")]
    yield Case("LinearAttention: decay of rank 2", saved(make_model(
        [node("LinearAttention", ["query", "key", "value", "", "decay", "beta"], kv_num_heads=4,
              q_num_heads=4)],
        inputs=[*wide, ("decay", FLOAT, [2, 4]), ("beta", FLOAT, [2, 4, 4])], opset=27)))
    yield one_node("Squeeze: dim that is not 1", "Squeeze", constants=[[0]])
    yield one_node("Unsqueeze: same axis twice", "Unsqueeze", constants=[[0, 0]])
    yield one_node("Transpose: one dim twice", "Transpose", perm=[0, 0])
    yield one_node("Transpose: too long", "Transpose", perm=[0, 1, 2])
    yield one_node("Reshape: other number of elements", "Reshape", constants=[[7, 5]])
    yield one_node("Reshape: two unknown dims", "Reshape", constants=[[-1, -1]])
    yield one_node("Reshape: product overflows", "Reshape", constants=[[1 << 33, 1 << 33]])
    yield one_node("Reshape: dim of -2", "Reshape", constants=[[-2, -3]])
    yield one_node("Expand: huge", "Expand", False, [[HUGE, 2, 3]])
    yield one_node("Expand: negative", "Expand", False, [[-4, 2, 3]])
    yield one_node("Tile: huge", "Tile", False, [[HUGE, HUGE]])
    yield one_node("Tile: negative", "Tile", False, [[-1, 1]])
    yield one_node("Pad: huge", "Pad", False, [[HUGE, 0, 0, 0]])
    yield one_node("Pad: crops more than there is", "Pad", False, [[-5, 0, 0, 0]])
    yield one_node("Pad: too few numbers", "Pad", constants=[[1, 1]])
    yield one_node("Slice: step 0", "Slice", constants=[[0], [1], [0], [0]])
    yield one_node("Slice: bounds at the ends of the range", "Slice", False,
                   [[-(1 << 63)], [(1 << 63) - 1], [0], [(1 << 63) - 1]])
    yield one_node("Slice: axis == rank", "Slice", constants=[[0], [1], [2]])
    yield one_node("TopK: k past the dim", "TopK", False, [[9]])
    yield one_node("TopK: negative k", "TopK", False, [[-1]])
    yield one_node("Cast: unknown type", "Cast", to=77)
    yield one_node("ReduceSum: axis == rank", "ReduceSum", constants=[[2]])
    yield one_node("Split: parts that do not add up", "Split", constants=[[1, 7]])
    yield one_node("DepthToSpace: block 0", "DepthToSpace", blocksize=0)
    yield one_node("Einsum: nonsense", "Einsum", equation="->->,,ij")
    yield one_node("attribute of another type", "Softmax", axis="one")
    yield one_node("node without inputs", "Relu", inputs=())
    yield one_node("node with too many inputs", "Relu", False, inputs=("x", "x", "x"))
    yield from images()
    yield from generators()


IMAGE = [("x", FLOAT, [1, 2, 8, 8])]


def image_node(name, op, refused=True, weights=None, constants=(), gaps=0, **attributes):
    """One node on the image x and weights w; `gaps` absent inputs stand before the constants."""
    initializers = [ints(f"c{i}", values) for i, values in enumerate(constants)]
    names = ["x"]
    if weights:
        initializers.append(helper.make_tensor("w", FLOAT, weights, [1.0] * int(np.prod(weights))))
        names.append("w")
    names += [""] * gaps + [tensor.name for tensor in initializers if tensor.name != "w"]
    model = make_model([node(op, names, **attributes)], inputs=IMAGE, initializers=initializers)
    return Case(f"{op}: {name}", saved(model), refused, {"x": np.ones((1, 2, 8, 8), np.float32)})


def images():
    yield image_node("stride 0", "Conv", weights=[3, 2, 3, 3], strides=[0, 0])
    yield image_node("negative stride", "Conv", weights=[3, 2, 3, 3], strides=[-1, 1])
    yield image_node("dilation 0", "Conv", weights=[3, 2, 3, 3], dilations=[0, 1])
    yield image_node("group 0", "Conv", weights=[3, 2, 3, 3], group=0)
    yield image_node("group that does not divide", "Conv", weights=[3, 2, 3, 3], group=7)
    yield image_node("channels that do not match", "Conv", weights=[3, 5, 3, 3])
    yield image_node("kernel larger than the image", "Conv", False, weights=[3, 2, 30, 30])
    yield image_node("kernel_shape that does not match", "Conv", weights=[3, 2, 3, 3],
                     kernel_shape=[5, 5])
    yield image_node("huge pads", "Conv", False, weights=[3, 2, 3, 3],
                     pads=[1 << 30, 1 << 30, 1 << 30, 1 << 30])
    yield image_node("pads near the end of the range", "Conv", False, weights=[3, 2, 3, 3],
                     pads=[(1 << 63) - 1] * 4)
    yield image_node("huge dilations", "Conv", False, weights=[3, 2, 3, 3],
                     dilations=[1 << 62, 1 << 62])
    yield image_node("weights of another rank", "Conv", weights=[3, 2, 3])
    yield image_node("stride 0", "MaxPool", kernel_shape=[2, 2], strides=[0, 0])
    yield image_node("kernel 0", "MaxPool", kernel_shape=[0, 0])
    yield image_node("no kernel", "MaxPool")
    yield image_node("huge kernel", "MaxPool", False, kernel_shape=[1 << 40, 1 << 40])
    yield image_node("one kernel dim too few", "AveragePool", kernel_shape=[2])
    yield image_node("huge strides", "ConvTranspose", False, weights=[2, 3, 3, 3],
                     strides=[1 << 40, 1 << 40])
    yield image_node("huge sizes", "Resize", False, constants=[[1, 2, HUGE, HUGE]], gaps=2)
    yield image_node("negative sizes", "Resize", False, constants=[[1, 2, -4, -4]], gaps=2)
    yield image_node("group 0", "GroupNormalization", num_groups=0)


def generators():
    def case(name, op, constants, refused=False, **attributes):
        model = make_model([node(op, [tensor.name for tensor in constants], **attributes)],
                           inputs=[], initializers=constants)
        return Case(f"{op}: {name}", saved(model), refused)

    def scalar(name, value):
        return helper.make_tensor(name, INT64, [], [value])

    yield case("huge", "ConstantOfShape", [ints("s", [HUGE])])
    yield case("product overflows", "ConstantOfShape", [ints("s", [1 << 32, 1 << 32])])
    yield case("negative", "ConstantOfShape", [ints("s", [-5])])
    yield case("step 0", "Range", [scalar("a", 0), scalar("b", 5), scalar("c", 0)])
    yield case("huge", "Range", [scalar("a", 0), scalar("b", 1 << 62), scalar("c", 1)])
    yield case("difference overflows", "Range",
               [scalar("a", -(1 << 63)), scalar("b", (1 << 63) - 1), scalar("c", 1)])
    yield case("huge shape", "RandomNormal", [], shape=[HUGE], dtype=FLOAT)
    yield loop_without_end()


def loop_without_end():
    """A loop of 2^62 rounds on constants: folding must not run it."""
    body = helper.make_graph(
        [node("Identity", ["on"], ["go"]), node("Add", ["v", "one"], ["w"])], "body",
        [value_info("i", INT64, []), value_info("on", TensorProto.BOOL, []),
         value_info("v", FLOAT, [])],
        [value_info("go", TensorProto.BOOL, []), value_info("w", FLOAT, [])],
        [helper.make_tensor("one", FLOAT, [], [1.0])])
    model = make_model(
        [node("Loop", ["m", "t", "z"], ["v_end"], body=body),
         node("Add", ["x", "v_end"])],
        inputs=X + [("t", TensorProto.BOOL, [])],
        initializers=[helper.make_tensor("m", INT64, [], [1 << 62]),
                      helper.make_tensor("z", FLOAT, [], [0.0])])
    return Case("Loop: 2^62 rounds", saved(model), False,
                {"x": np.ones((2, 3), np.float32), "t": np.array(False)})


def cases():
    yield from files()
    yield from external_data()
    yield from tensors()
    yield from graphs()
    yield from nodes()
