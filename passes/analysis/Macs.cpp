// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Macs.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// The product of dims; nothing where one is not known or it does not fit.
std::optional<int64_t> product(std::initializer_list<ArrayRef<int64_t>> lists) {
  int64_t all = 1;
  for (ArrayRef<int64_t> dims : lists)
    for (int64_t dim : dims)
      if (ShapedType::isDynamic(dim) || llvm::MulOverflow(all, dim, all))
        return std::nullopt;
  return all;
}

/// One product for each input element of each gate, and for each state of it.
template <typename RecurrentOp> std::optional<int64_t> recurrent(RecurrentOp op) {
  ArrayRef<int64_t> steps = shapeOf(op.getInput()).take_front(2);
  std::optional<int64_t> inputs = product({steps, shapeOf(op.getWeight())});
  std::optional<int64_t> states = product({steps, shapeOf(op.getRecurrence())});
  return inputs && states ? std::optional(*inputs + *states) : std::nullopt;
}

} // namespace

std::optional<int64_t> pebble::macsOf(Operation *op) {
  using Result = std::optional<int64_t>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<nn::ConvOp, nn::DeformConvOp, qnn::ConvOp>([](auto o) {
        return product({shapeOf(o.getResult()), shapeOf(o.getWeight()).drop_front()});
      })
      .Case([](nn::ConvTransposeOp o) {
        return product({shapeOf(o.getInput()), shapeOf(o.getWeight()).drop_front()});
      })
      .Case([](nn::ConvNhwcOp o) {
        return product({shapeOf(o.getResult()), shapeOf(o.getWeight()).slice(2, 3)});
      })
      .Case([](nn::DepthwiseNhwcOp o) {
        return product({shapeOf(o.getResult()), shapeOf(o.getWeight()).take_front(2)});
      })
      .Case<nn::MatMulOp, qnn::BatchMatMulOp>(
          [](auto o) { return product({shapeOf(o.getResult()), shapeOf(o.getLhs()).take_back()}); })
      .Case<nn::MatMulPackedOp, qnn::MatMulOp, qnn::ProductBytesOp>([](auto o) {
        return product({shapeOf(o.getResult()), shapeOf(o.getInput()).take_back()});
      })
      .Case<qnn::ConvPackedOp, qnn::ConvSumsOp>([](auto o) -> Result {
        int64_t channels = shapeOf(o.getInput()).back();
        if (ShapedType::isDynamic(channels))
          return std::nullopt;
        return product({shapeOf(o.getResult()), o.getKernelShape(),
                        channels / static_cast<int64_t>(o.getGroup())});
      })
      .Case([](qnn::DepthwisePackedOp o) {
        return product({shapeOf(o.getResult()), o.getKernelShape()});
      })
      .Case<nn::LSTMOp, nn::GRUOp, nn::RNNOp>([](auto o) { return recurrent(o); })
      .Default([](Operation *) { return 0; });
}
