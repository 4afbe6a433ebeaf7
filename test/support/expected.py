"""Lists of tests that are known not to pass, checked in beside a suite."""
import pathlib

HEADER = """\
# Tests that do not pass: name, kind, reason. Rewritten by --update of the script beside this file.
#   unsupported  refused at compile time with a message: a gap
#   rejected     the model itself is refused as malformed
#   stricter     refused as malformed where ONNX Runtime is lenient
#   wrong        compiles and gives another result: a defect
#   inexact      differs because the reference is off, as the reason shows; set by hand, kept
#   crash        dies, hangs or fails without a message: a defect
"""


class Failures:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.kinds = {}
        self.reasons = {}
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                if line and not line.startswith("#"):
                    name, kind, reason = (line.split(None, 2) + ["", ""])[:3]
                    self.kinds[name] = kind
                    self.reasons[name] = reason

    def update(self, outcomes):
        """Takes over the outcomes of the tests that ran; the others keep their lines."""
        for name, outcome in outcomes.items():
            known = self.kinds.pop(name, None)
            if known == "inexact" and outcome.kind == "wrong":
                self.kinds[name] = known
            elif not outcome.ok:
                self.kinds[name] = outcome.kind
                self.reasons[name] = outcome.message
        lines = [f"{name} {self.kinds[name]} {self.reasons[name]}".rstrip()
                 for name in sorted(self.kinds)]
        self.path.write_text(HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")

    def judge(self, outcomes, report):
        """Counts what went as the list says: a pass, or a listed gap. All else is a failure."""
        for name, outcome in sorted(outcomes.items()):
            known = self.kinds.get(name, "pass")
            if known == "inexact" and outcome.kind == "wrong":
                report.gap(name)
            elif outcome.kind != known:
                report.add(name, False, f"{outcome.kind} where {known} is expected: "
                                        f"{outcome.message or 'update the list'}")
            elif outcome.ok:
                report.add(name, True)
            elif outcome.kind in ("unsupported", "rejected", "stricter"):
                report.gap(name)
            else:
                report.add(name, False, f"{outcome.kind}, a listed defect: {outcome.message}")
