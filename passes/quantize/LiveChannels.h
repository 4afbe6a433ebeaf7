// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which channels of quantized tensors have to be computed.
#ifndef PEBBLE_PASSES_QUANTIZE_LIVECHANNELS_H
#define PEBBLE_PASSES_QUANTIZE_LIVECHANNELS_H

#include "passes/analysis/CodeRanges.h"
#include "passes/analysis/ContractionParameters.h"

#include "llvm/ADT/BitVector.h"

#include <vector>

namespace pebble {

/// A channel stays when a layer that is not known to do without it reads it. A contraction does
/// without an input channel whose weights are all zero points, or whose code is constant: what it
/// adds to each sum is a number. Where a window may hang over the edge, that holds for the zero
/// point alone, since padding reads as the zero point. An output channel that is constant reads
/// nothing. Layers that keep channels apart do without what their results are not wanted for.
class LiveChannels {
public:
  LiveChannels(mlir::func::FuncOp function, const CodeRanges &ranges);

  /// The channels of `value` that stay, along the axis that the ranges have; null where all do.
  const llvm::BitVector *of(mlir::Value value) const;

private:
  /// What a contraction of one group needs of its input.
  struct Reader {
    std::vector<llvm::BitVector> reads; ///< Input channels with weights, one set an output channel.
    llvm::BitVector folds;              ///< Input channels that add a number to each sum.
    llvm::BitVector constant;           ///< Output channels that read nothing.
  };

  bool constrain(mlir::Operation *op);
  bool constrainContraction(mlir::Operation *op, int64_t groups);
  bool constrainFlow(mlir::Operation *op, llvm::BitVector &result, int64_t resultAxis);
  bool keepSome();
  bool keepAll(mlir::Value value);
  llvm::BitVector *maskOf(mlir::Value value);
  Reader read(mlir::Operation *op) const;

  const CodeRanges &ranges;
  std::vector<mlir::Operation *> ops; ///< In program order.
  llvm::DenseMap<mlir::Value, llvm::BitVector> masks;
  llvm::DenseMap<mlir::Operation *, Reader> readers;
};

/// Whether the contraction's bias can take up other numbers.
bool canChangeBias(const ContractionParameters &contraction);

/// A quantization by channels, of some of them.
qnn::Quantization onlyChannels(const qnn::Quantization &all, llvm::ArrayRef<int64_t> channels);

/// The type of a bias for these output channels: the contraction's own, or one made for it. Null
/// when there is none.
mlir::Type biasElementType(const ContractionParameters &contraction,
                           llvm::ArrayRef<int64_t> channels);

} // namespace pebble

#endif // PEBBLE_PASSES_QUANTIZE_LIVECHANNELS_H
