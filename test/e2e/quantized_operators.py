#!/usr/bin/env python3
"""Quantized networks layer by layer, on the tensors that ONNX Runtime computes in between.

Every tensor of codes that a QuantizeLinear makes is cut: a network becomes one model of all of its
layers, each from codes to codes. Both compute it on the peer's own codes, so that no difference
adds up. From the peer's integer kernels no code may differ; a layer that it has none for and leaves
in float may differ by one step.
"""
import collections
import os
import pathlib
import sys
import tempfile

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import pebble, quantized_peer, results, shared_object  # noqa: E402

SAMPLES = 2
# Layers that only move what QuantizeLinear then quantizes.
MOVING = {"QuantizeLinear", "Transpose", "Reshape", "Flatten"}
# Of a layer that the peer computes in float.
LARGEST = 1


def code_tensors(model):
    """The results of QuantizeLinear nodes that something in the model reads."""
    read = {name for node in model.graph.node for name in node.input}
    return [node.output[0] for node in model.graph.node
            if node.op_type == "QuantizeLinear" and node.output[0] in read]


def value_infos(model, names):
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {value.name: value for value in inferred.graph.value_info}
    return [known[name] for name in names if name in known]


def cut(model, infos):
    """The layers side by side: codes are inputs where they are read, outputs `..._out` where they
    are made."""
    layers = onnx.ModelProto()
    layers.CopyFrom(model)
    names = {info.name for info in infos}
    for node in layers.graph.node:
        if node.op_type == "QuantizeLinear" and node.output[0] in names:
            node.output[0] += "_out"
    del layers.graph.output[:]
    for info in infos:
        layers.graph.input.append(info)
        out = layers.graph.output.add()
        out.CopyFrom(info)
        out.name += "_out"
    return layers


def layer_kinds(model):
    """The operators between a tensor of codes and the codes before it."""
    maker = {name: node for node in model.graph.node for name in node.output}
    kinds = {}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear":
            continue
        found, work = set(), [node.input[0]]
        while work:
            source = maker.get(work.pop())
            if source is None or source.op_type == "DequantizeLinear":
                continue
            found.add(source.op_type)
            work += source.input
        kinds[node.output[0]] = "+".join(sorted(found)) or "QuantizeLinear"
    return kinds


def float_layers(optimized, names):
    """Which of these tensors of codes the optimized graph quantizes from floats."""
    maker = {name: node for node in optimized.graph.node for name in node.output}
    floats = set()
    for name in names:
        node = maker.get(name + "_out")
        while node is not None and node.op_type == "Transpose":
            node = maker.get(node.input[0])
        if node is not None and node.op_type == "QuantizeLinear":
            floats.add(name)
    return floats


def check(tool, report, path, folder):
    model = onnx.load(path)
    infos = value_infos(model, code_tensors(model))
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    whole.graph.output.extend(infos)
    layers = cut(model, infos)
    file = folder / f"{path.stem}.onnx"
    onnx.save(layers, file)
    outcome = tool.compile(file, folder / "layers.so", "--emit", "so")
    if not outcome.ok:
        report.add(path.stem, False, f"compile: {outcome.kind}: {outcome.message}")
        return
    ours = shared_object.SharedObject(folder / "layers.so", *shared_object.signature(layers))
    between = quantized_peer.session(whole, "integer")
    optimized = folder / "optimized.onnx"
    peer = quantized_peer.session(layers, "integer", optimized_file=optimized)
    kinds = layer_kinds(model)
    floats = {name for name in float_layers(onnx.load(optimized), [info.name for info in infos])
              if not set(kinds[name].split("+")) <= MOVING}
    differing, largest, total = collections.Counter(), {True: 0, False: 0}, 0
    for sample in range(SAMPLES):
        rng = np.random.default_rng(sample)
        feeds = {}
        for value in inputs:
            shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
            dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            feeds[value.name] = (rng.standard_normal(shape).astype(dtype) if dtype == np.float32
                                 else rng.integers(0, 127, shape).astype(dtype))
        codes = between.run([info.name for info in infos], feeds)
        feeds.update({info.name: value for info, value in zip(infos, codes)})
        theirs = peer.run(None, feeds)
        for info, a, b in zip(infos, ours.run(list(feeds.values())), theirs):
            distance = np.abs(a.astype(np.int32) - b.astype(np.int32))
            total += distance.size
            isFloat = info.name in floats
            largest[isFloat] = max(largest[isFloat], int(distance.max(initial=0)))
            if distance.any():
                differing[kinds[info.name]] += int(np.count_nonzero(distance))
    text = ", ".join(f"{count} of {kind}" for kind, count in sorted(differing.items())) or "none"
    print(f"{path.stem}: {len(infos)} layers, {len(floats)} of them in float; {total} codes; "
          f"differing: {text}", flush=True)
    report.add(path.stem, largest[False] == 0 and largest[True] <= LARGEST,
               f"a code differs by {largest[False]} in integer layers, {largest[True]} in float")


def main():
    p = results.parser(__doc__)
    p.add_argument("--filter", default="", help="only the networks whose name contains this")
    args = p.parse_args()
    report = results.Results(args)
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere"))
    networks = sorted((data / "mlperf-tiny/onnx").glob("*_qdq_*.onnx"))
    networks += sorted((data / "mcu/onnx").glob("*.onnx"))
    if not networks:
        report.skip("quantized operators", "no data: set PEBBLE_DATA")
    tool = pebble.Pebble(args.build, timeout=300)
    for path in networks:
        if args.filter in path.stem:
            with tempfile.TemporaryDirectory(prefix="operators") as folder:
                check(tool, report, path, pathlib.Path(folder))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
