#!/usr/bin/env python3
"""Times quantized models on one thread beside their peers, interleaved, and prints the tables.

  onnxruntime   ten int8 models beside ONNX Runtime
  litert        networks that there are as .tflite too beside LiteRT, with inputs and outputs as the
                .tflite file has them: codes, or numbers in f32
  float         ResNet-50 in int8 beside the same in f32, both compiled by Pebble

Six of the ten, and ResNet-50, are quantized from float models when --models has no file of theirs.
Batch 1. Blocks of both sides alternate, so that a change of the machine's speed hits both; a ratio
is one of medians. Beside the times stands how much of the processor's rate of int8 dot products
they are, where bin/int8-kernels is built.
"""
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import onnx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, qdq, reference, results  # noqa: E402

# Of the table of models: quantized as they are, or to be quantized.
QUANTIZED = ["mlperf_vww", "mlperf_kws", "mlperf_ad", "mlperf_ic"]
TO_QUANTIZE = ["mobilenetv2_0.35", "cifar_resnet_4b", "yunet", "yolox_nano", "ppocr5_det",
               "ppocr5_rec"]
RESNET = "light_resnet50"

# name, ONNX file, .tflite file of the same network, both below $PEBBLE_DATA.
PAIRS = [
    ("vww", "mlperf-tiny/onnx/vww_qdq_int8.onnx", "mlperf-tiny/tflite/vww_96_int8.tflite"),
    ("ic", "mlperf-tiny/onnx/ic_qdq_int8.onnx",
     "mlperf-tiny/tflite/pretrainedResnet_quant.tflite"),
    ("kws", "mlperf-tiny/onnx/kws_qdq_int8.onnx", "mlperf-tiny/tflite/kws_ref_model.tflite"),
    ("ad", "mlperf-tiny/onnx/ad_qdq_int8.onnx", "mlperf-tiny/tflite/ad01_int8.tflite"),
    ("mobilenet_v2", "mcu/onnx/tflm-mobilenet_v2_int8.onnx",
     "mcu/tflm/mobilenet_v2_quantized_1x3x224x224.tflite"),
    ("mcunet-320kb", "mcu/onnx/mcunet-320kb-1mb_imagenet_int8.onnx",
     "mcu/mcunet/mcunet-320kb-1mb_imagenet.tflite"),
    ("tinyengine-vww", "mcu/onnx/tinyengine-vww_int8.onnx", "mcu/tinyengine/vww.tflite"),
    ("tinyengine-detection", "mcu/onnx/tinyengine-detection_int8.onnx",
     "mcu/tinyengine/detection.tflite"),
    ("mcunetv2_large", "mcu/onnx/tinyengine-mcunetv2_large_int8.onnx",
     "mcu/tinyengine/mcunetv2_large.tflite"),
    ("lenet-300-100", "mcu/onnx/tinyengine-ptq_mnist_lenet-300-100_int8.onnx",
     "mcu/tinyengine/ptq_mnist_lenet-300-100.tflite"),
    ("person_detect", "mcu/onnx/tflm-person_detect_int8.onnx", "mcu/tflm/person_detect.tflite"),
    ("micro_speech", "mcu/onnx/tflm-micro_speech_int8.onnx",
     "mcu/tflm/micro_speech_quantized.tflite"),
]

ROUNDS = 5
BLOCK_SECONDS = 0.15


def multiplications(path):
    """Multiply-accumulates of the convolutions and products with constant weights."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    for info in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        shapes[info.name] = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    makers = {name: node for node in model.graph.node for name in node.output}

    def shape(name):
        # Dequantized weights have the shape of their codes.
        node = makers.get(name)
        if node is not None and node.op_type == "DequantizeLinear":
            return shape(node.input[0])
        return shapes.get(name, [])

    total = 0
    for node in model.graph.node:
        weight = shape(node.input[1]) if len(node.input) > 1 else []
        if node.op_type == "Conv" and weight:
            total += math.prod(shape(node.output[0])) * math.prod(weight[1:])
        elif node.op_type == "ConvTranspose" and weight:
            total += math.prod(shape(node.input[0])) * math.prod(weight[1:])
        elif node.op_type in ("MatMul", "Gemm") and weight:
            total += math.prod(shape(node.output[0])) * shape(node.input[0])[-1]
    return total


class Bench:
    """The tools of one build, and a folder to work in."""

    def __init__(self, build, scratch):
        self.bin = pathlib.Path(build).resolve() / "bin"
        self.scratch = pathlib.Path(scratch)

    def run(self, *arguments):
        """None, or what the tool said when it failed."""
        done = subprocess.run([self.bin / "pebble", *map(str, arguments)], capture_output=True,
                              text=True, timeout=600)
        return f"exit {done.returncode}: {done.stderr.strip()[:300]}" if done.returncode else None

    def compile(self, model, package, *options):
        return self.run("compile", model, "--target", "x86", "-o", package, *options)

    def median(self, package):
        """Milliseconds of one block."""
        figures = self.scratch / "block.json"
        wrong = self.run("bench", package, "--seconds", BLOCK_SECONDS, "--layers", 0, "--json",
                         figures)
        if wrong:
            raise RuntimeError(wrong)
        return json.loads(figures.read_text(encoding="utf-8"))["pebble"]["median_ms"]

    def roof(self):
        """Billions of operations a second that dot products of registers reach, or None."""
        figures = self.scratch / "roof.json"
        try:
            subprocess.run([self.bin / "int8-kernels", "--filter", "none of them", "--json",
                            figures], check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            return None
        return json.loads(figures.read_text(encoding="utf-8"))["roofline_gops"] or None


class Table:
    """Rows of our and the peer's milliseconds; the larger the ratio, the faster we are."""

    def __init__(self, title, peer, roof):
        self.roof, self.rows = roof, {}
        print(f"\n{title}\n\n| model | Pebble, ms | {peer}, ms | ratio | of the roof |")
        print("|---|---|---|---|---|")

    def add(self, name, ours, theirs, macs):
        share = macs * 2 / (ours * 1e-3) / (self.roof * 1e9) if self.roof and macs else None
        self.rows[name] = {"pebble_ms": ours, "peer_ms": theirs, "ratio": theirs / ours,
                           "macs": macs, "of_roof": share}
        print(f"| {name} | {ours:.3g} | {theirs:.3g} | {theirs / ours:.2f} | "
              f"{'' if share is None else f'{share:.0%}'} |", flush=True)

    def finish(self):
        if not self.rows:
            return {}
        ratios = [row["ratio"] for row in self.rows.values()]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"\nGeometric mean of {len(ratios)}: {mean:.2f}; the least {min(ratios):.2f}.")
        return {"rows": self.rows, "geometric_mean": mean}


def quantized_file(model, folder, scratch):
    """The QDQ form of a float model of the table, made if it is not there; None without data."""
    file = model.find(scratch)
    if file is None:
        return None
    target = folder / f"{model.name}_qdq.onnx"
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        shape = next(iter(model.inputs(reference.session(file), model.runs[0]).values())).shape
        qdq.quantize(file, target, shape, scratch)
    return target


def beside_onnxruntime(bench, by_name, args, report):
    table = Table("Beside ONNX Runtime", "ONNX Runtime", args.roof)
    for name in [name for name in QUANTIZED + TO_QUANTIZE if args.filter in name]:
        model = by_name[name]
        file = (model.find(bench.scratch) if name in QUANTIZED
                else quantized_file(model, args.models, bench.scratch))
        if file is None:
            report.skip(name, f"no data ({model.model})")
            continue
        package, figures = bench.scratch / "model.pbl", bench.scratch / "bench.json"
        wrong = bench.compile(file, package) or bench.run(
            "bench", package, "--model", file, "--threads", 1, "--vs", "onnxruntime", "--layers",
            0, "--seconds", 1, "--json", figures)
        report.add(name, not wrong, wrong)
        if not wrong:
            times = json.loads(figures.read_text(encoding="utf-8"))
            table.add(name, times["pebble"]["median_ms"], times["onnxruntime"]["median_ms"],
                      multiplications(file))
    return table.finish()


def litert_times(bench, file, tflite, python):
    """Medians of alternating blocks, in milliseconds, or what went wrong."""
    package = bench.scratch / "model.pbl"
    peer = subprocess.Popen([python, pathlib.Path(__file__).with_name("litert_peer.py"), tflite],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    with peer:
        greeting = peer.stdout.readline().split()
        if not greeting:
            return f"LiteRT: {peer.stderr.read().strip()[-200:]}"
        wrong = bench.compile(file, package, "--io", "quantized" if greeting[1] == "1" else "float")
        if wrong:
            return wrong
        ours, theirs = [], []
        for _ in range(ROUNDS):
            peer.stdin.write(f"{BLOCK_SECONDS}\n")
            peer.stdin.flush()
            theirs.append(float(peer.stdout.readline()) * 1e3)
            ours.append(bench.median(package))
    return statistics.median(ours), statistics.median(theirs)


def beside_litert(bench, args, report):
    table = Table("Beside LiteRT", "LiteRT", args.roof)
    data = pathlib.Path(os.environ.get("PEBBLE_DATA", "/nonexistent"))
    for name, file, tflite in [pair for pair in PAIRS if args.filter in pair[0]]:
        if not (data / file).is_file() or not (data / tflite).is_file():
            report.skip(name, "no data")
            continue
        times = litert_times(bench, data / file, data / tflite, args.litert_python)
        if isinstance(times, str):
            if times.startswith("LiteRT"):
                report.skip(name, times)
            else:
                report.add(name, False, times)
            continue
        table.add(name, *times, multiplications(data / file))
        report.add(name, True)
    return table.finish()


def beside_float(bench, by_name, args, report):
    table = Table("int8 beside f32", "Pebble f32", args.roof)
    model = by_name[RESNET]
    if args.filter not in RESNET:
        return {}
    file = model.find(bench.scratch)
    quantized = quantized_file(model, args.models, bench.scratch)
    packages = [bench.scratch / "int8.pbl", bench.scratch / "f32.pbl"]
    wrong = bench.compile(quantized, packages[0]) or bench.compile(file, packages[1])
    report.add(RESNET, not wrong, wrong)
    if wrong:
        return {}
    blocks = [[bench.median(package) for package in packages] for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) for column in zip(*blocks))
    table.add(RESNET, ours, theirs, multiplications(quantized))
    return table.finish()


def main():
    p = results.parser(__doc__)
    cache = os.environ.get("PEBBLE_CACHE") or os.path.expanduser("~/.cache/pebble")
    p.add_argument("--filter", default="", help="only the models whose name contains this")
    p.add_argument("--peer", choices=["onnxruntime", "litert", "float"], action="append",
                   help="only this table; may be repeated")
    p.add_argument("--models", type=pathlib.Path, default=pathlib.Path(cache) / "qdq",
                   help="folder of NAME_qdq.onnx files (default: %(default)s)")
    p.add_argument("--litert-python", default=sys.executable,
                   help="a Python that has ai-edge-litert (default: this one)")
    p.add_argument("--json", help="write the figures to this file")
    args = p.parse_args()
    report = results.Results(args)
    by_name = {model.name: model for model in models.table()}
    chosen = args.peer or ["onnxruntime", "litert", "float"]
    figures = {"version": 1}
    with tempfile.TemporaryDirectory(prefix="int8") as scratch:
        bench = Bench(args.build, scratch)
        args.roof = bench.roof()
        figures["roofline_gops"] = args.roof
        if "onnxruntime" in chosen:
            figures["onnxruntime"] = beside_onnxruntime(bench, by_name, args, report)
        if "litert" in chosen:
            figures["litert"] = beside_litert(bench, args, report)
        if "float" in chosen:
            figures["float"] = beside_float(bench, by_name, args, report)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
