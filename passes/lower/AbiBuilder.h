// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What host programs are made of below memrefs: raw memory, the environment and its callbacks,
// tensors for library functions. After runtime/abi/pebble_abi.h.
#ifndef PEBBLE_PASSES_LOWER_ABIBUILDER_H
#define PEBBLE_PASSES_LOWER_ABIBUILDER_H

#include "passes/Passes.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace pebble {

class AbiBuilder {
protected:
  using Value = mlir::Value;
  using Type = mlir::Type;
  using MemRefType = mlir::MemRefType;
  template <typename T> using ArrayRef = llvm::ArrayRef<T>;

  /// Positions of the fields of pebble_env.
  enum EnvField : int32_t {
    Self,
    Constants,
    Arena,
    Allocate,
    Release,
    Output,
    ParallelFor,
    Trace,
    Regions,
    EnvFields
  };

  explicit AbiBuilder(mlir::ModuleOp module);

  Value env() { return parent().getArgument(0); }
  mlir::func::FuncOp parent();
  Value envField(EnvField field);

  Value constantWord(int64_t value);
  Value constantInt(int64_t value);
  /// Sizes and strides in a memref's descriptor have the width of an index.
  Value constantIndexWord(int64_t value);
  Value toIndexWord(Value index);
  Value toWord(Value index);
  Value toIndex(Value value);

  Value offsetBy(Value base, int64_t bytes);
  Value offsetBy(Value base, Value bytes);

  /// A memref of `type` over raw memory.
  Value makeMemref(Value data, MemRefType type, mlir::ValueRange dynamicSizes);
  Value pointerOf(Value memref);
  llvm::SmallVector<Value> sizesOf(Value memref);
  Value bytesOf(MemRefType type, ArrayRef<Value> sizes);

  /// Stack space, reserved at the function's entry so that loops do not grow the stack.
  Value stack(Type type, int64_t count);
  /// Read-only data in the object file.
  Value table(ArrayRef<int64_t> values);
  Value table(ArrayRef<double> values);
  /// An array of i64: read-only data when all are constants, stack memory otherwise.
  Value dimsArray(ArrayRef<Value> sizes);
  void storeTensor(Value array, size_t index, Value data, Value dims, int32_t dtype, int64_t rank);
  void storeAbsent(Value array, size_t index);

  Value callExternal(llvm::StringRef symbol, ArrayRef<Value> arguments);
  Value callback(EnvField field, Type result, ArrayRef<Value> arguments);
  void exitIf(Value status);
  void exitIfNull(Value data, int32_t status);

  mlir::ModuleOp module;
  mlir::ImplicitLocOpBuilder b;
  Type pointer, word, indexWord;
  mlir::LLVM::LLVMStructType envType, tensorType;

private:
  mlir::LLVM::LLVMStructType descriptorType(int64_t rank);
  template <typename T> Value makeTable(ArrayRef<T> values, Type element);

  unsigned tables = 0;
};

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_ABIBUILDER_H
