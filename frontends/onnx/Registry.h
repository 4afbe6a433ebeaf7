// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of ONNX operators that the front end understands: one row an operator and range of
// opsets, grouped by kind of operator in the Ops*.cpp files.
#ifndef PEBBLE_FRONTENDS_ONNX_REGISTRY_H
#define PEBBLE_FRONTENDS_ONNX_REGISTRY_H

#include "frontends/onnx/NodeImporter.h"

#include <vector>

namespace pebble::onnx {

/// Emits nn ops for one node. On failure it has called `node.unsupported` or `node.invalid`.
using ImportFn = llvm::LogicalResult (*)(NodeImporter &node);

struct OpEntry {
  llvm::StringLiteral domain; ///< "" is ai.onnx.
  llvm::StringLiteral name;
  int since; ///< First opset version this row covers; the next row of the same op ends its range.
  ImportFn import;
  /// What is not supported, as a user would say it; empty when everything is.
  llvm::StringLiteral limits = "";
};

/// Rows sorted by domain, name and version.
class Registry {
public:
  static const Registry &get();
  /// The row for an operator at an opset version, or null.
  const OpEntry *find(llvm::StringRef domain, llvm::StringRef name, int opset) const;
  llvm::ArrayRef<OpEntry> entries() const { return rows; }

private:
  Registry();
  std::vector<OpEntry> rows;
};

// One function a kind of operator, each in its own file.
void addElementwiseOps(std::vector<OpEntry> &rows); // OpsElementwise.cpp
void addActivationOps(std::vector<OpEntry> &rows);  // OpsActivation.cpp
void addStructureOps(std::vector<OpEntry> &rows);   // OpsStructure.cpp: reshape, slice, gather, ...
void addIndexingOps(std::vector<OpEntry> &rows);    // OpsIndexing.cpp: scatter, top-k, unique, ...
void addContractionOps(
    std::vector<OpEntry> &rows);                  // OpsContraction.cpp: conv, matmul, gemm, einsum
void addPoolOps(std::vector<OpEntry> &rows);      // OpsPool.cpp
void addReductionOps(std::vector<OpEntry> &rows); // OpsReduction.cpp
void addNormalizationOps(std::vector<OpEntry> &rows); // OpsNormalization.cpp
void addRecurrentOps(std::vector<OpEntry> &rows);     // OpsRecurrent.cpp
void addAttentionOps(std::vector<OpEntry> &rows);     // OpsAttention.cpp
void addQuantizationOps(std::vector<OpEntry> &rows);  // OpsQuantization.cpp
void addControlOps(std::vector<OpEntry> &rows);       // OpsControl.cpp: If, Loop, Scan
void addImageOps(std::vector<OpEntry> &rows);         // OpsImage.cpp: resize, grid sample, ROI, ...
void addSignalOps(std::vector<OpEntry> &rows);        // OpsSignal.cpp: DFT, windows, mel, ...
void addLossOps(std::vector<OpEntry> &rows);          // OpsLoss.cpp
void addGeneratorOps(std::vector<OpEntry> &rows);     // OpsGenerator.cpp: constants, range, random
void addTrainingOps(std::vector<OpEntry> &rows);      // OpsTraining.cpp: optimizers

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_REGISTRY_H
