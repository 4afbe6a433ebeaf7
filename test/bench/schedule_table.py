#!/usr/bin/env python3
"""What scheduling makes of each model: its arena, and the same results to the bit.

Quantized networks for microcontrollers (mcu/onnx of PEBBLE_DATA) take and give codes and have the
layouts of a microcontroller: layer by layer with the image in the arena, then with the least memory
at no extra multiply-adds, with the image in the arena and with rows of it from the caller. Beside
them stands what TinyEngine's own planner needs for the network (its activations, scratch of im2col
and of kernels included, the image in the arena). Real models (test/e2e/models.json) are compiled as
for a host, for latency and for least memory, and for latency with layers that are computed again,
for up to 10 % of multiply-adds more. Fails where a result changes.
"""
import json
import os
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, pebble, reference, results  # noqa: E402

ARENA = ["--input-memory=arena"]
BOARD = ["--io=quantized", "--layout=cortexm7"]
MEMORY = ["--objective=memory"]
AGAIN = ["--rematerialize", "--extra-macs=10"]
KIB = 1024
CODES = {"i8": np.int8, "u8": np.uint8}
# What the planner of TinyEngine reports for the same architectures, in KiB.
TINYENGINE = {
    "mbv2-w0.35-r144_imagenet_random_w8a8": 295.0,
    "mcunet-10fps_imagenet_random_w8a8": 48.9,
    "mcunet-256kb-1mb-int4_imagenet_random_w4a8": 416,
    "mcunet-256kb-1mb_imagenet_random_w8a8": 214.6,
    "mcunet-320kb-1mb-int4_imagenet_random_w4a8": 503,
    "mcunet-320kb-1mb_imagenet_int8": 260.1,
    "mcunet-320kb-1mb_imagenet_random_w8a8": 260.1,
    "mcunet-512kb-2mb-int4_imagenet_random_w4a8": 887,
    "mcunet-512kb-2mb_imagenet_random_w8a8": 416.1,
    "mcunet-5fps_imagenet_random_w8a8": 95.7,
    "proxyless-w0.3-r176_imagenet_random_w8a8": 259.4,
    "tinyengine-detection_int8": 251.4,
    "tinyengine-mcunetv2_large_int8": 433.8,
    "tinyengine-vww_int8": 91.8,
}


class Runner:
    def __init__(self, tool, report, folder):
        self.tool, self.report, self.folder = tool, report, folder

    def run(self, file, options, inputs):
        """(outputs, what `pebble report` says), or a message."""
        package, out = self.folder / "model.pbl", self.folder / "out"
        outcome = self.tool.compile(file, package, *options)
        if not outcome.ok:
            return f"compile: {outcome.kind}: {outcome.message}"
        given = {}
        for index, (name, value) in enumerate(inputs.items()):
            given[name] = self.folder / f"input_{index}.npy"
            np.save(given[name], value)
        outcome = self.tool.run(package, given, out)
        if not outcome.ok:
            return f"run: {outcome.kind}: {outcome.message}"
        outputs = pebble.load_outputs(out)
        for file in out.iterdir():
            file.unlink()
        outcome = self.tool.call("report", package, "--json", self.folder / "report.json")
        if not outcome.ok:
            return f"report: {outcome.kind}: {outcome.message}"
        return outputs, json.loads((self.folder / "report.json").read_text(encoding="utf-8"))

    def draw_codes(self, file):
        """Random codes for the inputs of a network whose inputs are quantized."""
        package = self.folder / "model.pbl"
        self.tool.compile(file, package, *BOARD)
        drawn, rng = {}, np.random.default_rng(1)
        for tensor in json.loads(self.tool.call_text("inspect", "--json", package))["inputs"]:
            limits = np.iinfo(CODES[tensor["dtype"]])
            drawn[tensor["name"]] = rng.integers(limits.min, limits.max + 1,
                                                 tensor["shape"]).astype(limits.dtype)
        return drawn

    def compare(self, label, file, ways, inputs):
        """The report of each way to compile a model whose results are all those of the first."""
        runs = [self.run(file, options, inputs) for options in ways]
        for options, run in zip(ways, runs):
            name = f"{label} {' '.join(options)}"
            if isinstance(run, str):
                self.report.add(name, False, run)
                return None
            same = len(run[0]) == len(runs[0][0]) and all(
                a.tobytes() == b.tobytes() for a, b in zip(run[0], runs[0][0]))
            self.report.add(name, same, "other results than layer by layer")
        return [run[1] for run in runs]


def percent(macs):
    once = macs["total"] - macs["extra"] if macs["total"] is not None else 0
    return 100 * macs["extra"] / once if once else 0.0


def cells(figures):
    """Arena, bound, gap, extra multiply-adds."""
    arena, bound = (figures["arena"][key] for key in ("bytes", "lower_bound_bytes"))
    gap = 100 * (arena - bound) / bound if bound else 0.0
    return f"{arena / KIB:.1f} | {bound / KIB:.1f} | {gap:.1f} % | {percent(figures['macs']):.1f} %"


def boards(runner, folder, part):
    table = {}
    print("| network | layer by layer | image in the arena | bound | gap | extra | rows from the "
          "caller | bound | gap | extra | TinyEngine | ratio |")
    print("|---|" + "---|" * 11)
    for file in sorted(folder.glob("*.onnx")):
        if part not in file.stem:
            continue
        ways = [BOARD + ARENA, BOARD + MEMORY + ARENA, BOARD + MEMORY]
        figures = runner.compare(file.stem, file, ways, runner.draw_codes(file))
        if figures is None:
            continue
        table[file.stem] = [{key: one[key] for key in ("arena", "macs")} for one in figures]
        peer = TINYENGINE.get(file.stem)
        ratio = f"{peer} | {peer * KIB / figures[1]['arena']['bytes']:.2f}" if peer else "- | -"
        print(f"| {file.stem} | {figures[0]['arena']['bytes'] / KIB:.1f} | {cells(figures[1])} | "
              f"{cells(figures[2])} | {ratio} |", flush=True)
    return table


def hosts(runner, chosen):
    table = {}
    print("| model | arena, KiB | bound | gap | extra | least memory | bound | gap | extra "
          "| computed again | bound | gap | extra |")
    print("|---|" + "---|" * 12)
    for model in chosen:
        file = model.find(runner.folder)
        if file is None:
            runner.report.skip(model.name, f"no data ({model.model})")
            continue
        session = reference.session(file)
        inputs = model.inputs(session, model.runs[0])
        ways = [models.bind_dims(session, inputs) + options for options in ([], MEMORY, AGAIN)]
        figures = runner.compare(model.name, file, ways, inputs)
        if figures is None:
            continue
        table[model.name] = [{key: one[key] for key in ("arena", "macs")} for one in figures]
        print(f"| {model.name} | {' | '.join(map(cells, figures))} |", flush=True)
    return table


def main():
    p = results.parser(__doc__)
    models.add_choice(p)
    p.add_argument("--json", help="write the figures to this file")
    args = p.parse_args()
    report = results.Results(args)
    tool = pebble.Pebble(args.build, timeout=600)
    with tempfile.TemporaryDirectory(prefix="schedule") as scratch:
        runner = Runner(tool, report, pathlib.Path(scratch))
        folder = pathlib.Path(os.environ.get("PEBBLE_DATA", "nowhere")) / "mcu/onnx"
        rows = boards(runner, folder, args.filter)
        rows |= hosts(runner, models.chosen(args))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
