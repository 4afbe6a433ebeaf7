// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "passes/analysis/CodeRanges.h"
#include "passes/analysis/NodeNames.h"

namespace pebble {
#define GEN_PASS_DEF_ANNOTATECODERANGES
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class AnnotateCodeRanges : public pebble::impl::AnnotateCodeRangesBase<AnnotateCodeRanges> {
  void runOnOperation() override {
    const auto &ranges = getAnalysis<CodeRanges>();
    getOperation().walk([&](Operation *op) {
      if (op->getNumResults() == 1)
        if (const ChannelRanges *known = ranges.of(op->getResult(0)))
          op->setAttr("qnn.ranges", describe(*known, op->getLoc()));
    });
    markAllAnalysesPreserved();
  }

  static DictionaryAttr describe(const ChannelRanges &known, Location loc) {
    Builder b(loc.getContext());
    SmallVector<int64_t> low, high;
    for (Interval one : known.intervals) {
      low.push_back(one.low);
      high.push_back(one.high);
    }
    NamedAttrList list;
    if (known.axis)
      list.append("axis", b.getI64IntegerAttr(*known.axis));
    list.append("low", b.getDenseI64ArrayAttr(low));
    list.append("high", b.getDenseI64ArrayAttr(high));
    list.append("nodes", b.getStrArrayAttr(nodeNames(loc)));
    return list.getDictionary(b.getContext());
  }
};

} // namespace
