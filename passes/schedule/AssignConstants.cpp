// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "llvm/Support/MathExtras.h"

namespace pebble {
#define GEN_PASS_DEF_ASSIGNCONSTANTS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class AssignConstants : public pebble::impl::AssignConstantsBase<AssignConstants> {
  void runOnOperation() override {
    // Attributes are uniqued: equal attributes are one pointer.
    llvm::DenseMap<Attribute, int64_t> places;
    SmallVector<Attribute> table;
    int64_t end = 0;
    Builder builder(&getContext());
    getOperation().walk([&](mem::ConstantOp op) {
      auto [place, isNew] = places.try_emplace(op.getValue(), end);
      if (isNew) {
        auto type = cast<MemRefType>(op.getType());
        int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
        end = llvm::alignTo(end + std::max<int64_t>(bytes, 1), 64);
      }
      op.setOffsetAttr(builder.getI64IntegerAttr(place->second));
      if (isNew)
        table.push_back(builder.getArrayAttr({op.getOffsetAttr(), op.getValue()}));
    });
    getOperation()->setAttr("mem.constants", builder.getArrayAttr(table));
    getOperation()->setAttr("mem.constant_bytes", builder.getI64IntegerAttr(end));
  }
};

} // namespace
