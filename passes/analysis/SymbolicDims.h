// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dims that only the run knows, as expressions of those of a function's arguments.
#ifndef PEBBLE_PASSES_ANALYSIS_SYMBOLICDIMS_H
#define PEBBLE_PASSES_ANALYSIS_SYMBOLICDIMS_H

#include "passes/Passes.h"

#include "mlir/IR/AffineExpr.h"

#include <string>
#include <vector>

namespace pebble {

/// Gives every dim of every tensor an expression; dims with one expression are equal in every run.
/// A dim that follows from data, or in a way that is not followed here, is a symbol of its own.
class SymbolicDims {
public:
  explicit SymbolicDims(mlir::MLIRContext *context) : context(context) {}

  /// Sets the dims of a function's argument: dims with one name are one symbol, "" has none.
  void bind(mlir::Value argument, llvm::ArrayRef<std::string> names);

  /// One expression a dim.
  llvm::ArrayRef<mlir::AffineExpr> of(mlir::Value tensor);

  /// How `expression` is written with the symbols' names; nothing if a symbol in it has none.
  std::optional<std::string> text(mlir::AffineExpr expression) const;

  /// The bytes of `tensor`: an integer, or the text of a product; nothing as above.
  std::optional<std::string> bytesText(mlir::Value tensor);

private:
  using Exprs = llvm::SmallVector<mlir::AffineExpr, 4>;

  mlir::AffineExpr constant(int64_t value) const;
  mlir::AffineExpr freshSymbol(std::string name = "");
  Exprs compute(mlir::Value tensor);
  Exprs broadcast(mlir::Operation *op, int64_t rank);
  Exprs reduced(mlir::Operation *op, int64_t rank);
  Exprs reshaped(mlir::Operation *op, int64_t rank);
  std::optional<std::string> write(mlir::AffineExpr expression, bool nested) const;

  mlir::MLIRContext *context;
  std::vector<std::string> names; // Of the symbols, "" for one without.
  llvm::DenseMap<mlir::Value, Exprs> known;
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_SYMBOLICDIMS_H
