"""Makes a module of the examples in a dialect's reference page: a function for each, whose
arguments are the values that the example uses. Fails when an op has no example."""
import re
import sys

# The element type of a quantized tensor has angle brackets of its own, twice.
TENSOR = r"tensor<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>"

page = open(sys.argv[1], encoding="utf-8").read()
without = []
for section in re.split(r"\n### ", page)[1:]:
    op = re.match(r"`(q?nn\.\w+)`", section)
    if not op:
        continue
    examples = re.findall(r"```mlir\n(.*?)```", section, re.DOTALL)
    if not examples:
        without.append(op.group(1))
    for number, text in enumerate(examples):
        defined = set()
        for left in re.findall(r"^\s*(%[\w, %]+) = ", text, re.MULTILINE):
            defined.update(re.findall(r"%\w+", left))
        for arguments in re.findall(r"\^bb0\((.*?)\):", text):
            defined.update(re.findall(r"%\w+", arguments))
        types = {}
        # `op names... : (types...)` and `nn.yield names... : types...`
        for statement in re.split(r"(?=\bq?nn\.\w+ )", re.sub(r"\^bb0\(.*?\):", "", text))[1:]:
            names, _, rest = re.sub(r"\{[^{}]*?=[^{}]*?\}", "", statement).partition(" : ")
            listed = re.match(r"\s*\((.*?)\) ->", rest, re.DOTALL)
            listed = listed.group(1) if listed else rest
            for name, kind in zip(re.findall(r"%\w+", names), re.findall(TENSOR, listed)):
                types.setdefault(name, kind)
        free = [name for name in types if name not in defined]
        arguments = ", ".join(f"{name}: {types[name]}" for name in free)
        label = op.group(1).replace(".", "_") + (f"_{number}" if number else "")
        end = f"return {free[0]} : {types[free[0]]}" if "nn.yield" == op.group(1) else "return"
        body = text.replace("nn.yield", "// nn.yield") if "nn.yield" == op.group(1) else text
        results = f" -> {types[free[0]]}" if end != "return" else ""
        print(f"func.func @{label}({arguments}){results} {{\n{body}  {end}\n}}")
if without:
    sys.exit("ops without an example: " + ", ".join(without))
