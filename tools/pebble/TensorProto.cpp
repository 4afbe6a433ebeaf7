// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/TensorProto.h"

#include "tools/pebble/Verb.h"

using namespace pebble;
using namespace pebble::cli;
using pebble::onnx::proto::TensorProto;

namespace {

/// Appends each value of a typed field, narrowed to the element's size.
template <typename Field> void appendNarrowed(const Field &values, uint32_t bytes, Array &array) {
  for (auto value : values) {
    const char *data = reinterpret_cast<const char *>(&value);
    array.data.insert(array.data.end(), data, data + bytes);
  }
}

/// Fills the data from the field that ONNX prescribes for the element type.
void appendTyped(const TensorProto &tensor, Array &array) {
  switch (array.dtype) {
  case PEBBLE_F32:
    return appendNarrowed(tensor.float_data(), 4, array);
  case PEBBLE_F64:
    return appendNarrowed(tensor.double_data(), 8, array);
  case PEBBLE_I64:
    return appendNarrowed(tensor.int64_data(), 8, array);
  case PEBBLE_U32:
  case PEBBLE_U64:
    return appendNarrowed(tensor.uint64_data(), array.type().bytes, array);
  default:
    return appendNarrowed(tensor.int32_data(), array.type().bytes, array);
  }
}

/// Gives each element of a type of less than a byte its own; false when there are too few.
bool unpack(Array &array, uint64_t elements) {
  const uint64_t perByte = 8 / array.type().bits;
  if (array.data.size() != elements / perByte + (elements % perByte != 0))
    return false;
  std::vector<char> unpacked(elements);
  support::unpackElements(array.type(), array.data.data(), elements, unpacked.data());
  array.data = std::move(unpacked);
  return true;
}

} // namespace

Array pebble::cli::decodeTensor(const TensorProto &tensor, const std::string &what) {
  Array array;
  array.dtype = tensor.data_type();
  if (!support::findDType(array.dtype))
    throw Failure(kUnsupported, what + " holds elements of ONNX's type " +
                                    std::to_string(tensor.data_type()) +
                                    ", which Pebble does not have");
  if (tensor.data_location() == TensorProto::EXTERNAL)
    throw Failure(kUnsupported, what + " keeps its data in another file");
  array.dims.assign(tensor.dims().begin(), tensor.dims().end());
  uint64_t bytes = 0;
  if (!support::tensorBytes(array.dims.data(), array.dims.size(), array.type().bytes, bytes))
    throw Failure(kUsage, what + " has the impossible shape " + shapeText(array.dims));
  if (tensor.has_raw_data())
    array.data.assign(tensor.raw_data().begin(), tensor.raw_data().end());
  else
    appendTyped(tensor, array);
  bool isPacked = array.type().bits < 8;
  if (isPacked ? !unpack(array, bytes) : array.data.size() != bytes)
    throw Failure(kUsage, what + " has " + std::to_string(array.data.size()) +
                              " bytes of data for " + typeText(array.dtype, array.dims));
  return array;
}
