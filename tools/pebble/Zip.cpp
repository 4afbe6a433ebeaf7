// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of the zip format that NumPy writes: stored or deflated files, with or without the
// 64-bit extension. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
#include "tools/pebble/Npy.h"
#include "tools/pebble/Verb.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

using namespace pebble::cli;

namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kLocatorBytes = 20;
constexpr uint64_t kCentralBytes = 46;
constexpr uint64_t kLocalBytes = 30;
/// A deflated file is at most about 1032 times its size; more is a bomb.
constexpr uint64_t kMaxRatio = 1040;

class ZipReader {
public:
  ZipReader(std::string_view bytes, const std::string &what) : bytes(bytes), what(what) {}

  std::map<std::string, std::string> read() {
    uint64_t position = 0, count = 0;
    findDirectory(position, count);
    std::map<std::string, std::string> files;
    for (uint64_t index = 0; index < count; ++index)
      position = readEntry(position, files);
    return files;
  }

private:
  [[noreturn]] void fail(const std::string &reason) const {
    throw Failure(kUsage, what + " is not a readable .npz file: " + reason);
  }

  std::string_view slice(uint64_t begin, uint64_t size) const {
    if (begin > bytes.size() || size > bytes.size() - begin)
      fail("it ends too early");
    return bytes.substr(begin, size);
  }

  template <typename T> T get(uint64_t position) const {
    T value;
    std::memcpy(&value, slice(position, sizeof(T)).data(), sizeof(T));
    return value;
  }

  void findDirectory(uint64_t &position, uint64_t &count) const {
    if (bytes.size() < kEndBytes)
      fail("it is too short for a zip archive");
    // The record ends the file but for a comment of at most 65535 bytes.
    uint64_t end = bytes.size() - kEndBytes;
    uint64_t first = end - std::min<uint64_t>(end, 0xffff);
    while (get<uint32_t>(end) != kEnd) {
      if (end == first)
        fail("it is no zip archive");
      --end;
    }
    count = get<uint16_t>(end + 10);
    position = get<uint32_t>(end + 16);
    if (end >= kLocatorBytes && get<uint32_t>(end - kLocatorBytes) == kEnd64Locator) {
      uint64_t end64 = get<uint64_t>(end - kLocatorBytes + 8);
      if (get<uint32_t>(end64) != kEnd64)
        fail("its directory is damaged");
      count = get<uint64_t>(end64 + 32);
      position = get<uint64_t>(end64 + 48);
    }
  }

  /// Sizes and offsets of all ones stand in a 64-bit extra field, in the order of the arguments.
  void readExtra(std::string_view extra, std::initializer_list<uint64_t *> fields) const {
    constexpr uint16_t kZip64 = 1;
    while (extra.size() >= 4) {
      uint16_t tag, size;
      std::memcpy(&tag, extra.data(), 2);
      std::memcpy(&size, extra.data() + 2, 2);
      std::string_view body = extra.substr(4, size);
      if (tag == kZip64) {
        for (uint64_t *field : fields) {
          if (*field != 0xffffffff)
            continue;
          if (body.size() < 8)
            fail("its directory is damaged");
          std::memcpy(field, body.data(), 8);
          body.remove_prefix(8);
        }
        return;
      }
      extra.remove_prefix(std::min<size_t>(extra.size(), 4u + size));
    }
  }

  uint64_t readEntry(uint64_t position, std::map<std::string, std::string> &files) const {
    if (get<uint32_t>(position) != kCentralHeader)
      fail("its directory is damaged");
    auto flags = get<uint16_t>(position + 8);
    auto method = get<uint16_t>(position + 10);
    auto crc = get<uint32_t>(position + 16);
    uint64_t packed = get<uint32_t>(position + 20);
    uint64_t unpacked = get<uint32_t>(position + 24);
    uint64_t nameBytes = get<uint16_t>(position + 28);
    uint64_t extraBytes = get<uint16_t>(position + 30);
    uint64_t commentBytes = get<uint16_t>(position + 32);
    uint64_t local = get<uint32_t>(position + 42);
    std::string name(slice(position + kCentralBytes, nameBytes));
    readExtra(slice(position + kCentralBytes + nameBytes, extraBytes),
              {&unpacked, &packed, &local});
    if (flags & 1)
      fail("'" + name + "' is encrypted");
    if (get<uint32_t>(local) != kLocalHeader)
      fail("'" + name + "' is not where the directory says");
    uint64_t data = local + kLocalBytes + get<uint16_t>(local + 26) + get<uint16_t>(local + 28);
    files[name] = unpack(name, method, slice(data, packed), unpacked, crc);
    return position + kCentralBytes + nameBytes + extraBytes + commentBytes;
  }

  std::string unpack(const std::string &name, uint16_t method, std::string_view packed,
                     uint64_t size, uint32_t crc) const {
    constexpr uint16_t kStored = 0, kDeflated = 8;
    std::string contents;
    if (method == kStored)
      contents = packed;
    else if (method == kDeflated)
      contents = inflateAll(name, packed, size);
    else
      fail("'" + name + "' is compressed by method " + std::to_string(method) +
           "; write it with numpy.savez or numpy.savez_compressed");
    uLong actual = crc32_z(0, reinterpret_cast<const Bytef *>(contents.data()), contents.size());
    if (contents.size() != size || actual != crc)
      fail("'" + name + "' is damaged");
    return contents;
  }

  std::string inflateAll(const std::string &name, std::string_view packed, uint64_t size) const {
    if (size / kMaxRatio > packed.size())
      fail("'" + name + "' is damaged");
    std::string contents(size, '\0');
    z_stream stream = {};
    constexpr int kRawDeflate = -MAX_WBITS;
    if (inflateInit2(&stream, kRawDeflate) != Z_OK)
      fail("there is no memory to unpack it");
    // zlib counts in 32 bits, so large files go through in parts.
    constexpr uint64_t kPart = 1u << 30;
    uint64_t in = 0, out = 0;
    int status = Z_OK;
    while (status == Z_OK) {
      auto inPart = static_cast<uInt>(std::min<uint64_t>(kPart, packed.size() - in));
      auto outPart = static_cast<uInt>(std::min<uint64_t>(kPart, size - out));
      stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + in));
      stream.avail_in = inPart;
      stream.next_out = reinterpret_cast<Bytef *>(contents.data() + out);
      stream.avail_out = outPart;
      status = inflate(&stream, Z_NO_FLUSH);
      in += inPart - stream.avail_in;
      out += outPart - stream.avail_out;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END || out != size)
      fail("'" + name + "' is damaged");
    return contents;
  }

  std::string_view bytes;
  const std::string &what;
};

} // namespace

std::map<std::string, std::string> pebble::cli::decodeZip(std::string_view bytes,
                                                          const std::string &what) {
  return ZipReader(bytes, what).read();
}
