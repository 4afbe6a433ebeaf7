// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/TensorData.h"

#include "dialects/nn/Constants.h"
#include "frontends/onnx/Model.h"
#include "frontends/onnx/onnx-ml.pb.h"
#include "runtime/support/DType.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

#include <bit>
#include <cstring>
#include <vector>

namespace pebble::onnx {

// raw_data is little-endian, and its bytes are used as they are.
static_assert(std::endian::native == std::endian::little, "big-endian hosts are not supported");

using proto::TensorProto;

namespace {

/// The repeated field that holds a type's values when raw_data does not.
enum class Field { Float, Int32, Int64, Double, Uint64, String };

struct DataType {
  int number;
  llvm::StringLiteral name;
  unsigned bits;                       ///< Of an element in raw_data.
  Field field;                         ///< Where typed values are.
  unsigned perElement;                 ///< Entries of the typed field an element takes.
  mlir::Type (*type)(mlir::Builder &); ///< Null when it is not supported.
  bool isNarrow = false;               ///< Whether `type` is that of codes.
};

template <unsigned Width> mlir::Type signedType(mlir::Builder &b) {
  return b.getIntegerType(Width);
}
template <unsigned Width> mlir::Type unsignedType(mlir::Builder &b) {
  return b.getIntegerType(Width, /*isSigned=*/false);
}

constexpr DataType dataTypes[] = {
    {TensorProto::FLOAT, "float32", 32, Field::Float, 1,
     [](mlir::Builder &b) -> mlir::Type { return b.getF32Type(); }},
    {TensorProto::UINT8, "uint8", 8, Field::Int32, 1, unsignedType<8>},
    {TensorProto::INT8, "int8", 8, Field::Int32, 1, signedType<8>},
    {TensorProto::UINT16, "uint16", 16, Field::Int32, 1, unsignedType<16>},
    {TensorProto::INT16, "int16", 16, Field::Int32, 1, signedType<16>},
    {TensorProto::INT32, "int32", 32, Field::Int32, 1, signedType<32>},
    {TensorProto::INT64, "int64", 64, Field::Int64, 1, signedType<64>},
    {TensorProto::STRING, "string", 0, Field::String, 1, nullptr},
    {TensorProto::BOOL, "bool", 8, Field::Int32, 1, signedType<1>},
    {TensorProto::FLOAT16, "float16", 16, Field::Int32, 1,
     [](mlir::Builder &b) -> mlir::Type { return b.getF16Type(); }},
    {TensorProto::DOUBLE, "float64", 64, Field::Double, 1,
     [](mlir::Builder &b) -> mlir::Type { return b.getF64Type(); }},
    {TensorProto::UINT32, "uint32", 32, Field::Uint64, 1, unsignedType<32>},
    {TensorProto::UINT64, "uint64", 64, Field::Uint64, 1, unsignedType<64>},
    {TensorProto::COMPLEX64, "complex64", 64, Field::Float, 2, nullptr},
    {TensorProto::COMPLEX128, "complex128", 128, Field::Double, 2, nullptr},
    {TensorProto::BFLOAT16, "bfloat16", 16, Field::Int32, 1,
     [](mlir::Builder &b) -> mlir::Type { return b.getBF16Type(); }},
    {TensorProto::FLOAT8E4M3FN, "float8e4m3fn", 8, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::FLOAT8E4M3FNUZ, "float8e4m3fnuz", 8, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::FLOAT8E5M2, "float8e5m2", 8, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::FLOAT8E5M2FNUZ, "float8e5m2fnuz", 8, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::UINT4, "uint4", 4, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::INT4, "int4", 4, Field::Int32, 1, signedType<8>, true},
    {TensorProto::FLOAT4E2M1, "float4e2m1", 4, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::FLOAT8E8M0, "float8e8m0", 8, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::UINT2, "uint2", 2, Field::Int32, 1, unsignedType<8>, true},
    {TensorProto::INT2, "int2", 2, Field::Int32, 1, signedType<8>, true},
};

const DataType *findDataType(int number) {
  for (const DataType &type : dataTypes)
    if (type.number == number)
      return &type;
  return nullptr;
}

int64_t fieldSize(const TensorProto &tensor, Field field) {
  switch (field) {
  case Field::Float:
    return tensor.float_data_size();
  case Field::Int32:
    return tensor.int32_data_size();
  case Field::Int64:
    return tensor.int64_data_size();
  case Field::Double:
    return tensor.double_data_size();
  case Field::Uint64:
    return tensor.uint64_data_size();
  case Field::String:
    return tensor.string_data_size();
  }
  return 0;
}

llvm::Error failure(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// Copies a typed field, each value cut to `width` bytes.
template <typename Values>
void packValues(const Values &values, unsigned width, llvm::SmallVectorImpl<char> &bytes) {
  bytes.resize(static_cast<size_t>(values.size()) * width);
  char *out = bytes.data();
  for (auto value : values) {
    std::memcpy(out, &value, width);
    out += width;
  }
}

mlir::ElementsAttr makeAttr(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                            const std::shared_ptr<const void> &owner) {
  if (type.getElementType().isInteger(1)) {
    // Other non-zero bytes than 1 would break the promise of the ABI.
    llvm::SmallVector<char> truths;
    for (char byte : bytes)
      truths.push_back(byte != 0);
    return nn::makeConstant(type, truths);
  }
  size_t align = type.getElementTypeBitWidth() / 8;
  bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % align == 0;
  if (!owner || !aligned)
    return nn::makeConstant(type, bytes);
  // The deleter is what holds the owner: the blob itself frees nothing.
  return nn::makeConstant(type, mlir::UnmanagedAsmResourceBlob::allocateWithAlign(
                                    bytes, align, [owner](void *, size_t, size_t) {}));
}

/// One byte an element, from elements packed into bytes.
mlir::ElementsAttr unpackSubByte(const TensorProto &tensor, const Model &model,
                                 mlir::RankedTensorType codes) {
  llvm::SmallVector<char> typed;
  llvm::ArrayRef<char> packed;
  if (tensor.has_raw_data() || tensor.data_location() == TensorProto::EXTERNAL) {
    packed = model.rawData(tensor);
  } else {
    packValues(tensor.int32_data(), 1, typed);
    packed = typed;
  }
  std::vector<char> bytes(codes.getNumElements());
  support::unpackElements(*support::findDType(tensor.data_type()), packed.data(), bytes.size(),
                          bytes.data());
  return nn::makeConstant(codes, bytes);
}

} // namespace

llvm::StringRef dataTypeName(int dataType) {
  const DataType *type = findDataType(dataType);
  return type ? llvm::StringRef(type->name) : "an unknown element type";
}

mlir::Type elementTypeOf(int dataType, mlir::MLIRContext *context) {
  const DataType *type = findDataType(dataType);
  if (!type || !type->type || type->isNarrow)
    return {};
  mlir::Builder builder(context);
  return type->type(builder);
}

mlir::Type codeTypeOf(int dataType, mlir::MLIRContext *context) {
  const DataType *type = findDataType(dataType);
  if (!type || !type->isNarrow)
    return {};
  mlir::Builder builder(context);
  return type->type(builder);
}

unsigned narrowBits(int dataType) {
  const DataType *type = findDataType(dataType);
  return type && type->isNarrow ? type->bits : 0;
}

unsigned subByteBits(int dataType) {
  bool isInteger = dataType == TensorProto::INT4 || dataType == TensorProto::UINT4 ||
                   dataType == TensorProto::INT2 || dataType == TensorProto::UINT2;
  return isInteger ? narrowBits(dataType) : 0;
}

llvm::StringRef supportedElementTypes() {
  static const std::string names = [] {
    std::string list;
    for (const DataType &type : dataTypes)
      if (type.type)
        list += (list.empty() ? "" : ", ") + type.name.str();
    return list;
  }();
  return names;
}

std::optional<int64_t> elementCount(llvm::ArrayRef<int64_t> dims) {
  // A zero dim must not hide that the others are absurd: shape arithmetic multiplies them anyway.
  int64_t count = 1;
  bool isEmpty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    isEmpty |= dim == 0;
    if (dim != 0 && llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  }
  return isEmpty ? 0 : count;
}

llvm::Error checkTensor(const TensorProto &tensor, ExternalFiles &external) {
  const DataType *type = findDataType(tensor.data_type());
  if (!type)
    return failure("element type " + llvm::Twine(tensor.data_type()) + " is not one of ONNX's");
  if (tensor.has_segment())
    return failure("tensors in segments are not supported; expected the whole tensor in one piece");
  llvm::ArrayRef<int64_t> dims(tensor.dims().data(), tensor.dims_size());
  if (static_cast<int64_t>(dims.size()) > maxRank)
    return failure("it has " + llvm::Twine(dims.size()) + " dims; expected at most " +
                   llvm::Twine(maxRank));
  std::optional<int64_t> count = elementCount(dims);
  int64_t bits = 0;
  if (!count || llvm::MulOverflow<int64_t>(*count, type->bits, bits))
    return failure("its dims are negative or their product overflows");

  bool isExternal = tensor.data_location() == TensorProto::EXTERNAL;
  int64_t typed = fieldSize(tensor, type->field);
  int64_t allTyped = 0;
  for (Field field :
       {Field::Float, Field::Int32, Field::Int64, Field::Double, Field::Uint64, Field::String})
    allTyped += fieldSize(tensor, field);
  if (allTyped != typed)
    return failure("it holds values of another type than " + type->name);
  if (isExternal || tensor.has_raw_data()) {
    if (type->field == Field::String)
      return failure("strings cannot be raw or external data");
    if (typed || (isExternal && tensor.has_raw_data()))
      return failure("its data is given twice; expected exactly one of raw_data, external data and "
                     "the typed field");
    llvm::ArrayRef<char> bytes(tensor.raw_data().data(), tensor.raw_data().size());
    if (isExternal) {
      llvm::Expected<llvm::ArrayRef<char>> data = external.data(tensor);
      if (!data)
        return data.takeError();
      bytes = *data;
    }
    uint64_t expected = llvm::divideCeil(static_cast<uint64_t>(bits), 8);
    if (bytes.size() != expected)
      return failure("its shape and element type (" + type->name + ") need " +
                     llvm::Twine(expected) + " bytes; it has " + llvm::Twine(bytes.size()));
    return llvm::Error::success();
  }
  int64_t expected = type->bits && type->bits < 8
                         ? static_cast<int64_t>(llvm::divideCeil(static_cast<uint64_t>(bits), 8))
                         : *count * type->perElement;
  if (typed != expected)
    return failure("its shape and element type (" + type->name + ") need " + llvm::Twine(expected) +
                   " values; it has " + llvm::Twine(typed));
  return llvm::Error::success();
}

mlir::ElementsAttr tensorValue(const TensorProto &tensor, const Model &model,
                               const std::shared_ptr<const void> &owner,
                               mlir::MLIRContext *context) {
  const DataType &type = *findDataType(tensor.data_type());
  llvm::ArrayRef<int64_t> dims(tensor.dims().data(), tensor.dims_size());
  mlir::Builder builder(context);
  auto tensorType = mlir::RankedTensorType::get(dims, type.type(builder));
  if (type.bits < 8)
    return unpackSubByte(tensor, model, tensorType);
  if (tensor.has_raw_data() || tensor.data_location() == TensorProto::EXTERNAL)
    return makeAttr(tensorType, model.rawData(tensor), owner);
  llvm::SmallVector<char> bytes;
  unsigned width = type.bits / 8;
  switch (type.field) {
  case Field::Float:
    packValues(tensor.float_data(), width, bytes);
    break;
  case Field::Int32:
    packValues(tensor.int32_data(), width, bytes);
    break;
  case Field::Int64:
    packValues(tensor.int64_data(), width, bytes);
    break;
  case Field::Double:
    packValues(tensor.double_data(), width, bytes);
    break;
  case Field::Uint64:
    packValues(tensor.uint64_data(), width, bytes);
    break;
  case Field::String:
    break;
  }
  return makeAttr(tensorType, bytes, nullptr);
}

} // namespace pebble::onnx
