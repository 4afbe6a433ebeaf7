// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/Board.h"

#include "passes/schedule/MemoryRegions.h"
#include "targets/cortexm/Files.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <toml++/toml.h>
#include <tuple>

using namespace pebble;

namespace {

/// Reads fields and remembers the first that is missing or of the wrong type.
class Reader {
public:
  explicit Reader(const toml::table &table) : table(table) {}

  uint64_t number(const std::string &path) {
    std::optional<int64_t> value = table.at_path(path).value_exact<int64_t>();
    if (!value || *value < 0 || *value > UINT32_MAX)
      complain(path, "an integer from 0 to 0xFFFFFFFF");
    return value ? static_cast<uint64_t>(*value) : 0;
  }

  Region region(const std::string &name) {
    std::string path = "memory." + name;
    return {name, number(path + ".origin"), number(path + ".bytes")};
  }

  std::string text(const std::string &path) {
    std::optional<std::string> value = table.at_path(path).value_exact<std::string>();
    if (!value)
      complain(path, "a string");
    return value.value_or("");
  }

  bool has(const std::string &path) const { return static_cast<bool>(table.at_path(path)); }
  const std::string &problem() const { return message; }

  void complain(const std::string &path, const std::string &expected) {
    if (message.empty())
      message = path + " must be " + expected;
  }

private:
  const toml::table &table;
  std::string message;
};

/// Fills `board` with [memory.ram] and whatever else can be written.
void readMemories(const toml::table &table, Reader &reader, Board &board) {
  board.memories.push_back(reader.region("ram"));
  if (reader.has("memory.ram.preference"))
    board.memories.back().preference = reader.number("memory.ram.preference");
  const toml::table *memory = table["memory"].as_table();
  for (auto &&[key, value] : memory ? *memory : toml::table()) {
    std::string name(key.str());
    if (name == "flash" || name == "ram")
      continue;
    board.memories.push_back(reader.region(name));
    board.memories.back().preference = reader.number("memory." + name + ".preference");
  }
  std::vector<MemoryRegion> names{{"flash", 0, ""}};
  for (const Region &region : board.memories)
    names.push_back({region.name, 0, ""});
  if (std::string fault = faultOf(names); !fault.empty())
    reader.complain("the regions of [memory]", "told apart: " + fault);

  llvm::sort(board.memories, [](const Region &a, const Region &b) {
    return std::tie(a.preference, a.name) < std::tie(b.preference, b.name);
  });
  for (size_t index = 0; index < board.memories.size(); ++index) {
    const Region &region = board.memories[index];
    if (region.name == "ram")
      board.ram = index;
    if (index > 0 && region.preference == board.memories[index - 1].preference)
      reader.complain("memory." + region.name + ".preference",
                      "another than that of " + board.memories[index - 1].name);
    for (const Region &other :
         llvm::concat<const Region>(llvm::ArrayRef(board.flash), llvm::ArrayRef(board.memories)))
      if (&other != &region && region.origin < other.origin + other.bytes &&
          other.origin < region.origin + region.bytes)
        reader.complain("memory." + region.name, "apart from memory." + other.name);
  }
}

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
  board.flash = reader.region("flash");
  readMemories(table, reader, board);
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
