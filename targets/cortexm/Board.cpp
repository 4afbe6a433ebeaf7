// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/Board.h"

#include "targets/cortexm/Files.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <toml++/toml.h>

using namespace pebble;

namespace {

/// Reads fields and remembers the first that is missing or of the wrong type.
class Reader {
public:
  explicit Reader(const toml::table &table) : table(table) {}

  uint64_t number(const char *path) {
    std::optional<int64_t> value = table.at_path(path).value_exact<int64_t>();
    if (!value || *value < 0 || *value > UINT32_MAX)
      complain(path, "an integer from 0 to 0xFFFFFFFF");
    return value ? static_cast<uint64_t>(*value) : 0;
  }

  std::string text(const char *path) {
    std::optional<std::string> value = table.at_path(path).value_exact<std::string>();
    if (!value)
      complain(path, "a string");
    return value.value_or("");
  }

  bool has(const char *path) const { return static_cast<bool>(table.at_path(path)); }
  const std::string &problem() const { return message; }

private:
  void complain(const char *path, const char *expected) {
    if (message.empty())
      message = std::string(path) + " must be " + expected;
  }

  const toml::table &table;
  std::string message;
};

std::optional<Board> parse(llvm::StringRef text, llvm::StringRef origin, std::string &error) {
  toml::table table;
  try {
    table = toml::parse(std::string_view(text.data(), text.size()));
  } catch (const toml::parse_error &problem) {
    error = "board " + origin.str() + ", line " + std::to_string(problem.source().begin.line) +
            ": " + std::string(problem.description());
    return std::nullopt;
  }
  Reader reader(table);
  Board board;
  board.name = reader.text("name");
  board.cpu = reader.text("cpu");
  board.flash = {reader.number("memory.flash.origin"), reader.number("memory.flash.bytes")};
  board.ram = {reader.number("memory.ram.origin"), reader.number("memory.ram.bytes")};
  board.stackBytes = reader.number("stack.bytes");
  if (reader.has("emulator")) {
    board.emulator = reader.text("emulator.program");
    board.machine = reader.text("emulator.machine");
  }
  if (reader.problem().empty())
    return board;
  error = "board " + origin.str() + ": " + reader.problem();
  return std::nullopt;
}

} // namespace

std::optional<Board> pebble::loadBoard(llvm::StringRef nameOrFile, std::string &error) {
  if (nameOrFile.ends_with(".toml")) {
    auto file = llvm::MemoryBuffer::getFile(nameOrFile, /*IsText=*/true);
    if (!file) {
      error = "cannot read the board " + nameOrFile.str() + ": " + file.getError().message();
      return std::nullopt;
    }
    return parse((*file)->getBuffer(), nameOrFile, error);
  }
  std::vector<llvm::StringRef> names;
  for (const cortexm::File &file : cortexm::boardFiles()) {
    if (file.name == nameOrFile)
      return parse(file.contents, file.name, error);
    names.push_back(file.name);
  }
  error = "--board " + nameOrFile.str() + " is not one of " + llvm::join(names, ", ") +
          ", nor a file that ends in .toml";
  return std::nullopt;
}
