#!/usr/bin/env python3
"""Writes the pages of docs/ that are made from the sources, or with --check says which are stale.

  docs/ops.md              the operator registry (`pebble ops --json`) and the node tests' outcomes
  docs/dialects/*.md       the dialects' .td files
  docs/passes.md           passes/Passes.td

Runs with the Python of tools/setup after a build:
  ~/.cache/pebble/venv/bin/python tools/generate_docs.py
"""
import collections
import json
import pathlib
import subprocess
import sys

import onnx
import onnx.backend.test
import onnx.defs

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "test"))
from support import expected, results  # noqa: E402

NODE_TESTS = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "node"
DIALECTS = {"nn": "dialects/nn/NNOps.td", "qnn": "dialects/qnn/QNNOps.td",
            "mem": "dialects/mem/MemOps.td"}


def tablegen(*arguments):
    prefix = subprocess.run(["llvm-config-22", "--includedir"], capture_output=True, text=True,
                            check=True).stdout.strip()
    text = subprocess.run(["mlir-tblgen-22", *arguments, f"-I{ROOT}", f"-I{prefix}"],
                          capture_output=True, text=True, check=True).stdout
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"


def operators_of(name):
    """What a plain node test tests: the operators of its model."""
    graph = onnx.load(NODE_TESTS / name / "model.onnx").graph
    return {(node.domain, node.op_type) for node in graph.node}



def ops_page(build):
    done = subprocess.run([str(build / "bin" / "pebble"), "ops", "--json"], capture_output=True,
                          text=True, check=True)
    supported = collections.defaultdict(list)
    for row in json.loads(done.stdout)["ops"]:
        supported[row["domain"], row["name"]].append(row)
    failures = expected.Failures(ROOT / "test/conformance/expected_failures.txt")
    tests = sorted(path.name for path in NODE_TESTS.iterdir())
    plain = [name for name in tests if not name.endswith("_expanded")]
    tally = collections.defaultdict(lambda: [0, 0])
    for name in plain:
        for key in operators_of(name):
            tally[key][0] += name not in failures.kinds
            tally[key][1] += 1
    standard = {schema.name for schema in onnx.defs.get_all_schemas()
                if schema.domain == "" and not schema.deprecated}
    covered = standard & {name for domain, name in supported if domain == ""}

    lines = [
        "# ONNX operators", "",
        "<!-- Written by tools/generate_docs.py; CI fails when it is stale. -->", "",
        f"{len(covered)} of the {len(standard)} operators of ai.onnx (onnx {onnx.__version__}) are "
        f"imported; {len(tests) - len(failures.kinds)} of its {len(tests)} node tests pass. The "
        "rest is refused before anything is compiled, with the reason: see",
        "[expected_failures.txt](../test/conformance/expected_failures.txt).", "",
        "*From* lists the opset versions at which the import changes; *node tests* counts the "
        "plain tests whose model uses the operator.", "",
        "| operator | from | node tests | limits |", "|---|---|---|---|",
    ]
    for (domain, name), rows in sorted(supported.items()):
        label = name if domain == "" else f"{domain}.{name}"
        versions = ", ".join(str(version) for version in sorted({row["since"] for row in rows}))
        passed, total = tally.get((domain, name), (0, 0))
        limits = "; ".join(dict.fromkeys(row["limits"] for row in rows if row["limits"]))
        lines.append(f"| {label} | {versions} | {passed}/{total} | {limits} |")
    missing = sorted(standard - covered)
    lines += ["", "Not imported: " + (", ".join(missing) or "none") + "."]
    return "\n".join(lines) + "\n"


def pages(build):
    yield "docs/ops.md", ops_page(build)
    for name, source in DIALECTS.items():
        yield f"docs/dialects/{name}.md", tablegen("-gen-dialect-doc", f"-dialect={name}",
                                                   str(ROOT / source))
    yield "docs/passes.md", "# Passes\n\n" + tablegen("-gen-pass-doc",
                                                     str(ROOT / "passes/Passes.td"))


def main():
    p = results.parser(__doc__)
    p.add_argument("--check", action="store_true", help="write nothing; fail for stale pages")
    args = p.parse_args()
    report = results.Results(args)
    for name, text in pages(pathlib.Path(args.build).resolve()):
        path = ROOT / name
        if args.check:
            stale = not path.exists() or path.read_text(encoding="utf-8") != text
            report.add(name, not stale, "stale: run tools/generate_docs.py and commit the page")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return report.finish() if args.check else 0


if __name__ == "__main__":
    sys.exit(main())
