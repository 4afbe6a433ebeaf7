// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant weights of contractions on codes, in the order that the packed kernels read them: blocks
// of 16 output channels by 4 steps of the reduction (dialects/qnn/QNNKernels.td).
#ifndef PEBBLE_PASSES_FUSE_PACKEDWEIGHTS_H
#define PEBBLE_PASSES_FUSE_PACKEDWEIGHTS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>
#include <vector>

namespace pebble {

constexpr int64_t blockWidth = 16, quad = 4;

/// Entries of a per-channel array of all groups' `channels`.
int64_t paddedChannels(int64_t channels, int64_t groups);
/// Where output channel `c` stands in it, of groups of `groupOutputs`.
int64_t blockedIndex(int64_t c, int64_t groupOutputs);

/// The equal runs that a reduction over a `kernel` of `groupChannels` is cut into.
int64_t runsOf(int64_t groupChannels, llvm::ArrayRef<int64_t> kernel, int64_t groups);

/// The dims of `qnn.conv_packed`'s weight, `step` of whose reduction share a block: `quad`, or
/// twice that for weights of half a byte.
llvm::SmallVector<int64_t> packedShape(int64_t channels, int64_t groups, int64_t depth,
                                       int64_t runs, int64_t step = quad);

/// [O, depth] weights in blocks, filled up with zeros.
std::vector<int8_t> packBlocks(llvm::ArrayRef<int8_t> ordered, int64_t channels, int64_t groups,
                               int64_t runs);

/// The same for weights of at most 4 bits: the low bits of weight + `zeroPoint`, two a byte.
std::vector<uint8_t> packHalfBlocks(llvm::ArrayRef<int8_t> ordered, int64_t channels,
                                    int64_t groups, int64_t runs, int64_t zeroPoint);

/// From [O, C, taps] to [O, taps, C], and from [depth, O] to [O, depth].
std::vector<int8_t> channelsLastWeights(llvm::ArrayRef<int64_t> weights, int64_t groupChannels,
                                        int64_t taps);
std::vector<int8_t> transposedWeights(llvm::ArrayRef<int64_t> weights, int64_t channels);

/// A shape that reads -1 for the one dim that may be unknown; nothing when there are more.
std::optional<llvm::SmallVector<int64_t>> reshapeTarget(mlir::RankedTensorType type);
mlir::Value reshapeOneDynamic(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                              mlir::RankedTensorType type);

} // namespace pebble

#endif // PEBBLE_PASSES_FUSE_PACKEDWEIGHTS_H
