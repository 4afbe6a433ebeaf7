// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/CodeMovement.h"

using namespace mlir;
using namespace pebble;

bool pebble::movesElements(Operation *op) {
  // Resizing by cropping puts other numbers outside of the input.
  if (auto resize = dyn_cast<nn::ResizeOp>(op))
    return resize.getMode() == nn::ResizeMode::nearest &&
           resize.getCoordinates() != nn::ResizeCoordinates::tf_crop_and_resize;
  return isa<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::BroadcastToOp, nn::TileOp,
             nn::GatherOp, nn::GatherElementsOp, nn::GatherNDOp, nn::ReverseSequenceOp>(op);
}

bool pebble::picksElements(Operation *op) {
  return isa<nn::MaxPoolOp, nn::MaxPoolIndicesOp, nn::ReduceMaxOp, nn::ReduceMinOp, nn::TopKOp>(op);
}

bool pebble::findsElements(Operation *op) { return isa<nn::ArgMaxOp, nn::ArgMinOp>(op); }

SmallVector<unsigned> pebble::joinedOperands(Operation *op) {
  if (isa<nn::ConcatOp>(op))
    return llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
  if (isa<nn::MaxOp, nn::MinOp>(op))
    return {0, 1};
  if (isa<nn::SelectOp>(op))
    return {1, 2};
  auto elements = dyn_cast<nn::ScatterElementsOp>(op);
  auto slices = dyn_cast<nn::ScatterNDOp>(op);
  if ((elements && elements.getReduction() == nn::ScatterReduction::none) ||
      (slices && slices.getReduction() == nn::ScatterReduction::none))
    return {0, 2};
  return {};
}
