// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the attention operators share.
#ifndef PEBBLE_FRONTENDS_ONNX_ATTENTION_H
#define PEBBLE_FRONTENDS_ONNX_ATTENTION_H

#include "frontends/onnx/NodeImporter.h"

namespace pebble::onnx {

/// The square root of the attribute `scale` (1 / sqrt(head size) when missing): queries and keys
/// are both scaled with it, which keeps products of f16 in range.
mlir::Value attentionScale(NodeImporter &node, mlir::Value queries, mlir::Type element);

/// Grouped queries: several query heads share a key head. Instead of repeating the keys, the query
/// heads of a group are seen as further rows of one head.
struct HeadGroups {
  int64_t queryHeads = 0, keyHeads = 0;

  static mlir::FailureOr<HeadGroups> of(NodeImporter &node, mlir::Value queries, mlir::Value keys);
  /// [batch, query heads, length, size] as [batch, key heads, heads in a group * length, size].
  mlir::Value fold(NodeImporter &node, mlir::Value perQueryHead) const;
  /// The way back.
  mlir::Value unfold(NodeImporter &node, mlir::Value perKeyHead) const;
};

mlir::LogicalResult importFlexAttention(NodeImporter &node);       // AttentionFlex.cpp
mlir::LogicalResult importLinearAttention(NodeImporter &node);     // AttentionLinear.cpp
mlir::LogicalResult importCausalConvWithState(NodeImporter &node); // AttentionLinear.cpp

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_ATTENTION_H
