// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WindowSpec.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pebble;

namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

std::optional<WindowSpec> make(int64_t firstSpatial, ArrayRef<int64_t> kernel,
                               ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                               ArrayRef<int64_t> pads) {
  WindowSpec spec;
  spec.firstSpatial = firstSpatial;
  // An empty list is the default for every dim.
  auto at = [](ArrayRef<int64_t> values, size_t index, int64_t missing) {
    return index < values.size() ? values[index] : missing;
  };
  for (auto [index, size] : llvm::enumerate(kernel)) {
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    spec.dims.push_back({(size - 1) * at(dilations, index, 1) + 1, at(strides, index, 1),
                         at(pads, index, 0) + at(pads, kernel.size() + index, 0)});
  }
  return spec;
}

template <typename PoolOp> std::optional<WindowSpec> makePool(PoolOp op) {
  if (op.getAutoPad() != nn::AutoPad::explicit_pads || op.getCeilMode())
    return std::nullopt;
  return make(2, op.getKernelShape(), op.getStrides(), op.getDilations(), op.getPads());
}

} // namespace

std::optional<WindowSpec> WindowSpec::of(Operation *op) {
  using Result = std::optional<WindowSpec>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([](nn::ConvOp conv) -> Result {
        if (conv.getAutoPad() != nn::AutoPad::explicit_pads)
          return std::nullopt;
        return make(2, shapeOf(conv.getWeight()).drop_front(2), conv.getStrides(),
                    conv.getDilations(), conv.getPads());
      })
      .Case([](nn::ConvNhwcOp conv) {
        return make(1, shapeOf(conv.getWeight()).slice(2, 2), conv.getStrides(),
                    conv.getDilations(), conv.getPads());
      })
      .Case([](nn::DepthwiseNhwcOp conv) {
        return make(1, shapeOf(conv.getWeight()).take_front(2), conv.getStrides(),
                    conv.getDilations(), conv.getPads());
      })
      .Case([](nn::PoolNhwcOp pool) {
        return make(1, pool.getKernelShape(), pool.getStrides(), pool.getDilations(),
                    pool.getPads());
      })
      .Case<nn::MaxPoolOp, nn::AvgPoolOp>([](auto pool) { return makePool(pool); })
      .Default([](Operation *) { return std::nullopt; });
}
