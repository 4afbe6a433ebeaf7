// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "tools/pebble/Npy.h"

#include "tools/pebble/Verb.h"

#include <algorithm>
#include <cstring>
#include <optional>

using namespace pebble;
using namespace pebble::cli;

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

/// Reads the Python dict literal of a header, which NumPy writes in one form only.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &what) : text(text), what(what) {}

  struct Header {
    std::string descr;
    bool fortranOrder = false;
    std::vector<int64_t> shape;
  };

  Header parse() {
    Header header;
    expect('{');
    while (!accept('}')) {
      std::string key = string();
      expect(':');
      if (key == "descr")
        header.descr = string();
      else if (key == "fortran_order")
        header.fortranOrder = boolean();
      else if (key == "shape")
        header.shape = tuple();
      else
        fail("has the unknown header field '" + key + "'");
      accept(',');
    }
    if (header.descr.empty())
      fail("does not say its element type");
    return header;
  }

private:
  [[noreturn]] void fail(const std::string &reason) { throw Failure(kUsage, what + " " + reason); }

  void skipSpace() {
    while (position < text.size() && std::isspace(static_cast<unsigned char>(text[position])))
      ++position;
  }

  bool accept(char wanted) {
    skipSpace();
    if (position >= text.size() || text[position] != wanted)
      return false;
    ++position;
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted))
      fail(std::string("has a malformed header: '") + wanted + "' is missing");
  }

  std::string string() {
    if (accept('[') || accept('('))
      fail("holds structures; Pebble reads plain numbers only");
    char quote = accept('"') ? '"' : '\'';
    if (quote == '\'')
      expect('\'');
    size_t end = text.find(quote, position);
    if (end == std::string_view::npos)
      fail("has a malformed header");
    std::string result(text.substr(position, end - position));
    position = end + 1;
    return result;
  }

  bool boolean() {
    skipSpace();
    for (auto [word, value] : {std::pair<std::string_view, bool>("True", true), {"False", false}}) {
      if (text.substr(position, word.size()) == word) {
        position += word.size();
        return value;
      }
    }
    fail("has a malformed header");
  }

  std::vector<int64_t> tuple() {
    std::vector<int64_t> result;
    expect('(');
    while (!accept(')')) {
      skipSpace();
      size_t begin = position;
      int64_t value = 0;
      for (; position < text.size() && std::isdigit(static_cast<unsigned char>(text[position]));
           ++position)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[position] - '0', &value))
          fail("has a dim that does not fit 64 bits");
      if (begin == position)
        fail("has a malformed shape");
      result.push_back(value);
      accept('L'); // Python 2 wrote long integers so.
      accept(',');
    }
    return result;
  }

  std::string_view text;
  const std::string &what;
  size_t position = 0;
};

/// The element type behind a NumPy type string; false in `swapped` when it is little-endian.
std::optional<int32_t> parseDescr(const std::string &descr, bool &swapped, bool &isUnnamed) {
  if (descr.size() < 2)
    return std::nullopt;
  swapped = descr[0] == '>';
  std::string type = descr.substr(1);
  // The package ml_dtypes gives its bfloat16 and its float8_e5m2 types of their own; all others
  // that it has share one.
  if (type == "V2")
    return PEBBLE_BF16;
  if (type == "f1")
    return PEBBLE_F8E5M2;
  isUnnamed = type == "V1";
  if (isUnnamed)
    return PEBBLE_U8;
  constexpr int32_t kTypes[] = {PEBBLE_F32, PEBBLE_F64, PEBBLE_F16, PEBBLE_I8,
                                PEBBLE_I16, PEBBLE_I32, PEBBLE_I64, PEBBLE_U8,
                                PEBBLE_U16, PEBBLE_U32, PEBBLE_U64, PEBBLE_BOOL};
  for (int32_t dtype : kTypes)
    if (type == support::findDType(dtype)->numpyType + 1)
      return dtype;
  return std::nullopt;
}

void swapBytes(std::vector<char> &data, uint32_t elementBytes) {
  for (size_t begin = 0; begin + elementBytes <= data.size(); begin += elementBytes)
    std::reverse(data.begin() + begin, data.begin() + begin + elementBytes);
}

/// Turns column-major data into row-major data.
std::vector<char> transpose(const std::vector<char> &from, const std::vector<int64_t> &dims,
                            uint32_t elementBytes) {
  std::vector<char> to(from.size());
  std::vector<int64_t> index(dims.size(), 0);
  size_t elements = from.size() / elementBytes;
  for (size_t target = 0; target < elements; ++target) {
    size_t source = 0;
    for (size_t axis = dims.size(); axis-- > 0;)
      source = source * static_cast<size_t>(dims[axis]) + static_cast<size_t>(index[axis]);
    std::memcpy(&to[target * elementBytes], &from[source * elementBytes], elementBytes);
    for (size_t axis = dims.size(); axis-- > 0;) {
      if (++index[axis] < dims[axis])
        break;
      index[axis] = 0;
    }
  }
  return to;
}

} // namespace

Array pebble::cli::decodeNpy(std::string_view bytes, const std::string &what) {
  // Version 1 has a 16-bit header length, versions 2 and 3 a 32-bit one.
  size_t lengthBytes = bytes.size() > kMagic.size() && bytes[kMagic.size()] == 1 ? 2 : 4;
  size_t headerBegin = kMagic.size() + 2 + lengthBytes;
  if (bytes.substr(0, kMagic.size()) != kMagic || bytes.size() < headerBegin)
    throw Failure(kUsage, what + " is not a .npy file");
  uint32_t headerBytes = 0;
  std::memcpy(&headerBytes, bytes.data() + kMagic.size() + 2, lengthBytes);
  if (headerBytes > bytes.size() - headerBegin)
    throw Failure(kUsage, what + " ends inside its header");
  auto header = HeaderParser(bytes.substr(headerBegin, headerBytes), what).parse();

  bool swapped = false;
  Array array;
  std::optional<int32_t> dtype = parseDescr(header.descr, swapped, array.isUnnamed);
  if (!dtype)
    throw Failure(kUsage, what + " holds elements of NumPy's type '" + header.descr +
                              "', which Pebble does not read: convert it with astype");
  array.dtype = *dtype;
  array.dims = header.shape;
  uint64_t size = 0;
  std::string_view data = bytes.substr(headerBegin + headerBytes);
  if (!support::tensorBytes(array.dims.data(), array.dims.size(), array.type().bytes, size) ||
      size > data.size())
    throw Failure(kUsage, what + " holds " + std::to_string(data.size()) +
                              " bytes of data, too few for " + typeText(array.dtype, array.dims));
  array.data.assign(data.begin(), data.begin() + static_cast<ptrdiff_t>(size));
  if (swapped)
    swapBytes(array.data, array.type().bytes);
  if (header.fortranOrder)
    array.data = transpose(array.data, array.dims, array.type().bytes);
  // Compiled code relies on a bool being 0 or 1.
  if (array.dtype == PEBBLE_BOOL)
    for (char &element : array.data)
      element = element != 0;
  return array;
}

std::string pebble::cli::encodeNpy(const Array &array) {
  std::string shape;
  for (int64_t dim : array.dims)
    shape += std::to_string(dim) + ", ";
  // A tuple of one keeps its comma, all others lose the last.
  if (array.dims.size() == 1)
    shape.pop_back();
  else if (!shape.empty())
    shape.resize(shape.size() - 2);
  std::string header = std::string("{'descr': '") + array.type().numpyType +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr size_t kAlignment = 64;
  size_t prefix = kMagic.size() + 2 + 2;
  size_t total = (prefix + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.append(total - prefix - header.size() - 1, ' ');
  header += '\n';
  auto length = static_cast<uint16_t>(header.size());
  std::string bytes(kMagic);
  bytes += {'\x01', '\x00', static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  bytes += header;
  bytes.append(array.data.data(), array.data.size());
  return bytes;
}

std::map<std::string, Array> pebble::cli::decodeNpz(std::string_view bytes,
                                                    const std::string &what) {
  constexpr std::string_view kSuffix = ".npy";
  std::map<std::string, Array> arrays;
  for (auto &[file, contents] : decodeZip(bytes, what)) {
    std::string name = file;
    if (name.size() > kSuffix.size() && name.ends_with(kSuffix))
      name.resize(name.size() - kSuffix.size());
    arrays[name] = decodeNpy(contents, "'" + file + "' in " + what);
  }
  return arrays;
}
