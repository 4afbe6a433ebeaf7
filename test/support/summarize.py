#!/usr/bin/env python3
"""Adds up the counts that the suites of one CTest run left in a folder.

A suite is a CTest test; it counts as the tests in its <suite>.json (lit's, GoogleTest's or
results.py's form), or as one test when it left no file.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

LIT_PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
LIT_SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def lit_counts(data):
    codes = [test["code"] for test in data["tests"]]
    passed = sum(code in LIT_PASSED for code in codes)
    skipped = sum(code in LIT_SKIPPED for code in codes)
    return passed, len(codes) - passed - skipped, skipped


def gtest_counts(data):
    passed = failed = skipped = 0
    for suite in data["testsuites"]:
        for test in suite["testsuite"]:
            if "failures" in test:
                failed += 1
            elif test["status"] == "NOTRUN" or test["result"] == "SKIPPED":
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


def own_counts(data):
    return data["passed"], data["failed"], data["skipped"]


# The key that only this form has, and its reader.
FORMS = {"tests": lit_counts, "testsuites": gtest_counts, "passed": own_counts}


def counts(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    # GoogleTest's report has both "tests", a number, and "testsuites".
    form = next(key for key in ("testsuites", "passed", "tests") if key in data)
    return FORMS[form](data)


def main():
    folder = pathlib.Path(sys.argv[1])
    ctest = folder / "ctest.xml"
    if not ctest.exists():
        sys.exit("error: CTest wrote no report; its output above says why")
    total = [0, 0, 0]
    red = []
    for case in ElementTree.parse(ctest).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        report = folder / f"{name}.json"
        if report.exists():
            suite = list(counts(report))
        else:
            suite = [int(status == "run"), 0, int(status in ("notrun", "disabled"))]
        # A suite that died counts, whatever it had written before.
        if status == "fail" and suite[1] == 0:
            suite[1] = 1
        if suite[1]:
            red.append(name)
        total = [a + b for a, b in zip(total, suite)]
    if red:
        print("failed suites: " + ", ".join(red))
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
