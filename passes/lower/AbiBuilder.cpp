// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/AbiBuilder.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "runtime/abi/pebble_abi.h"

using namespace mlir;
using namespace pebble;

AbiBuilder::AbiBuilder(ModuleOp module) : module(module), b(module.getLoc(), module.getContext()) {
  indexWord = b.getIntegerType(DataLayout(module).getTypeSizeInBits(b.getIndexType()));
  pointer = LLVM::LLVMPointerType::get(b.getContext());
  word = b.getI64Type();
  SmallVector<Type> fields(EnvFields, pointer);
  envType = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
  tensorType = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                {pointer, pointer, b.getI32Type(), b.getI32Type()});
}

func::FuncOp AbiBuilder::parent() {
  Operation *op = b.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(op);
  return function ? function : op->getParentOfType<func::FuncOp>();
}

Value AbiBuilder::envField(EnvField field) {
  Value at = LLVM::GEPOp::create(b, pointer, envType, env(),
                                 ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(field)});
  return LLVM::LoadOp::create(b, pointer, at);
}

Value AbiBuilder::constantWord(int64_t value) {
  return arith::ConstantIntOp::create(b, word, value);
}
Value AbiBuilder::constantInt(int64_t value) {
  return arith::ConstantIntOp::create(b, b.getI32Type(), value);
}
Value AbiBuilder::constantIndexWord(int64_t value) {
  return arith::ConstantIntOp::create(b, indexWord, value);
}
Value AbiBuilder::toIndexWord(Value index) {
  return arith::IndexCastOp::create(b, indexWord, index);
}
Value AbiBuilder::toWord(Value index) { return arith::IndexCastOp::create(b, word, index); }
Value AbiBuilder::toIndex(Value value) {
  return arith::IndexCastOp::create(b, b.getIndexType(), value);
}

Value AbiBuilder::offsetBy(Value base, int64_t bytes) {
  return LLVM::GEPOp::create(b, pointer, b.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

Value AbiBuilder::offsetBy(Value base, Value bytes) {
  return LLVM::GEPOp::create(b, pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{bytes});
}

LLVM::LLVMStructType AbiBuilder::descriptorType(int64_t rank) {
  SmallVector<Type> fields{pointer, pointer, indexWord};
  if (rank > 0)
    fields.append(2, LLVM::LLVMArrayType::get(indexWord, rank));
  return LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
}

Value AbiBuilder::makeMemref(Value data, MemRefType type, ValueRange dynamicSizes) {
  int64_t rank = type.getRank();
  Value result = LLVM::PoisonOp::create(b, descriptorType(rank));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    result = LLVM::InsertValueOp::create(b, result, value, position);
  };
  insert(data, {0});
  insert(data, {1});
  insert(constantIndexWord(0), {2});
  SmallVector<Value> sizes;
  for (int64_t dim = 0, next = 0; dim < rank; ++dim)
    sizes.push_back(type.isDynamicDim(dim) ? toIndexWord(dynamicSizes[next++])
                                           : constantIndexWord(type.getDimSize(dim)));
  Value stride = constantIndexWord(1);
  for (int64_t dim = rank - 1; dim >= 0; --dim) {
    insert(sizes[dim], {3, dim});
    insert(stride, {4, dim});
    if (dim > 0)
      stride = arith::MulIOp::create(b, stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(b, type, result).getResult(0);
}

Value AbiBuilder::pointerOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  Value descriptor =
      UnrealizedConversionCastOp::create(b, descriptorType(type.getRank()), memref).getResult(0);
  return LLVM::ExtractValueOp::create(b, descriptor, 1);
}

SmallVector<Value> AbiBuilder::sizesOf(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    sizes.push_back(type.isDynamicDim(dim) ? toWord(memref::DimOp::create(b, memref, dim))
                                           : constantWord(type.getDimSize(dim)));
  return sizes;
}

Value AbiBuilder::bytesOf(MemRefType type, ArrayRef<Value> sizes) {
  Value bytes = constantWord(type.getElementTypeBitWidth() / 8);
  for (Value size : sizes)
    bytes = arith::MulIOp::create(b, bytes, size);
  return bytes;
}

Value AbiBuilder::stack(Type type, int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&parent().getBody().front());
  return LLVM::AllocaOp::create(b, pointer, type, constantWord(std::max<int64_t>(count, 1)),
                                /*alignment=*/8);
}

template <typename T> Value AbiBuilder::makeTable(ArrayRef<T> values, Type element) {
  if (values.empty())
    return LLVM::ZeroOp::create(b, pointer);
  auto type = LLVM::LLVMArrayType::get(element, values.size());
  auto shape = RankedTensorType::get(static_cast<int64_t>(values.size()), element);
  LLVM::GlobalOp global;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    global = LLVM::GlobalOp::create(b, type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                    "pebble_table_" + std::to_string(tables++),
                                    DenseElementsAttr::get(shape, values));
    global.setUnnamedAddr(LLVM::UnnamedAddr::Global);
  }
  return LLVM::AddressOfOp::create(b, pointer, global.getSymName());
}

Value AbiBuilder::table(ArrayRef<int64_t> values) { return makeTable(values, word); }
Value AbiBuilder::table(ArrayRef<double> values) { return makeTable(values, b.getF64Type()); }

Value AbiBuilder::dimsArray(ArrayRef<Value> sizes) {
  SmallVector<int64_t> constants;
  for (Value size : sizes)
    if (auto constant = size.getDefiningOp<arith::ConstantIntOp>())
      constants.push_back(constant.value());
  if (constants.size() == sizes.size())
    return table(ArrayRef<int64_t>(constants));
  Value array = stack(word, sizes.size());
  for (auto [index, size] : llvm::enumerate(sizes))
    LLVM::StoreOp::create(b, size, offsetBy(array, static_cast<int64_t>(index) * 8));
  return array;
}

void AbiBuilder::storeTensor(Value array, size_t index, Value data, Value dims, int32_t dtype,
                             int64_t rank) {
  auto field = [&](Value value, int32_t position) {
    Value at = LLVM::GEPOp::create(b, pointer, tensorType, array,
                                   ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index), position});
    LLVM::StoreOp::create(b, value, at);
  };
  field(data, 0);
  field(dims, 1);
  field(constantInt(dtype), 2);
  field(constantInt(rank), 3);
}

void AbiBuilder::storeAbsent(Value array, size_t index) {
  Value null = LLVM::ZeroOp::create(b, pointer);
  storeTensor(array, index, null, null, PEBBLE_NONE, 0);
}

Value AbiBuilder::callExternal(StringRef symbol, ArrayRef<Value> arguments) {
  SmallVector<Type> types;
  for (Value argument : arguments)
    types.push_back(argument.getType());
  if (!module.lookupSymbol(symbol)) {
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    func::FuncOp::create(top, module.getLoc(), symbol, top.getFunctionType(types, b.getI32Type()))
        .setPrivate();
  }
  return func::CallOp::create(b, symbol, b.getI32Type(), arguments).getResult(0);
}

Value AbiBuilder::callback(EnvField field, Type result, ArrayRef<Value> arguments) {
  SmallVector<Type> types;
  for (Value argument : arguments)
    types.push_back(argument.getType());
  auto type =
      LLVM::LLVMFunctionType::get(result ? result : LLVM::LLVMVoidType::get(b.getContext()), types);
  SmallVector<Value> operands{envField(field)};
  llvm::append_range(operands, arguments);
  auto call = LLVM::CallOp::create(b, type, operands);
  return result ? call.getResult() : Value();
}

void AbiBuilder::exitIf(Value status) {
  StringRef symbol = "pebble.exit_if";
  if (!module.lookupSymbol(symbol)) {
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    func::FuncOp::create(top, module.getLoc(), symbol, top.getFunctionType({b.getI32Type()}, {}))
        .setPrivate();
  }
  func::CallOp::create(b, symbol, TypeRange(), status);
}

void AbiBuilder::exitIfNull(Value data, int32_t status) {
  Value null = LLVM::ZeroOp::create(b, pointer);
  Value isNull = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, data, null);
  exitIf(arith::SelectOp::create(b, isNull, constantInt(status), constantInt(0)));
}
