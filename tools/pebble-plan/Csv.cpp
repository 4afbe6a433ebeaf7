// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble-plan/Csv.h"

#include "passes/schedule/planner/Planner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <tuple>
#include <unordered_map>

using namespace pebble;
using namespace pebble::plan;

namespace {

enum Column { id, lower, upper, size, alignment, offset, columnCount };
struct ColumnRule {
  const char *name;
  bool isRequired;
  bool mayBeEmpty;
};
constexpr ColumnRule kColumns[columnCount] = {
    {"id", true, false},   {"lower", true, false},     {"upper", true, false},
    {"size", true, false}, {"alignment", false, true}, {"offset", false, true},
};

struct Field {
  std::string text;
  int column; ///< Of its first byte.
};

std::vector<Field> splitFields(const std::string &line) {
  std::vector<Field> fields;
  size_t begin = 0;
  while (true) {
    size_t end = std::min(line.find(',', begin), line.size());
    size_t first = begin, last = end;
    auto isBlank = [&](size_t at) { return line[at] == ' ' || line[at] == '\t'; };
    while (first < last && isBlank(first))
      ++first;
    while (last > first && isBlank(last - 1))
      --last;
    fields.push_back({line.substr(first, last - first), static_cast<int>(first) + 1});
    if (end == line.size())
      return fields;
    begin = end + 1;
  }
}

std::string expectedColumns() { return "expected id,lower,upper,size[,alignment][,offset]"; }

/// Which column of the file each column is; -1 where it is not there.
std::array<int, columnCount> parseHeader(const std::vector<Field> &fields, int line,
                                         std::vector<Fault> &faults) {
  std::array<int, columnCount> where;
  where.fill(-1);
  for (size_t i = 0; i < fields.size(); ++i) {
    auto rule = std::find_if(std::begin(kColumns), std::end(kColumns),
                             [&](const ColumnRule &rule) { return fields[i].text == rule.name; });
    if (rule == std::end(kColumns)) {
      faults.push_back({line, fields[i].column,
                        "unknown column '" + fields[i].text + "'; " + expectedColumns()});
      continue;
    }
    int &place = where[rule - std::begin(kColumns)];
    if (place >= 0)
      faults.push_back({line, fields[i].column, "a second column '" + fields[i].text + "'"});
    place = static_cast<int>(i);
  }
  for (int c = 0; c < columnCount; ++c)
    if (kColumns[c].isRequired && where[c] < 0)
      faults.push_back(
          {line, 1,
           "there is no column '" + std::string(kColumns[c].name) + "'; " + expectedColumns()});
  return where;
}

bool parseNumber(const Field &field, int64_t &value, std::string &message) {
  const char *begin = field.text.data(), *end = begin + field.text.size();
  auto [rest, error] = std::from_chars(begin, end, value);
  if (error == std::errc::result_out_of_range)
    message = "'" + field.text + "' is too large";
  else if (error != std::errc() || rest != end)
    message = "'" + field.text + "' is no whole number";
  else
    return true;
  return false;
}

class Reader {
public:
  Reader(Table &table, std::vector<Fault> &faults) : table(table), faults(faults) {}

  void readLine(const std::string &text, int line) {
    std::vector<Field> fields = splitFields(text);
    if (table.columns.empty()) {
      where = parseHeader(fields, line, faults);
      for (const Field &field : fields)
        table.columns.push_back(field.text);
      return;
    }
    if (fields.size() != table.columns.size()) {
      faults.push_back({line, fields.back().column,
                        std::to_string(fields.size()) + " fields where the header has " +
                            std::to_string(table.columns.size())});
      return;
    }
    readBuffer(fields, line);
  }

  /// What only all buffers together can show.
  void finish() {
    static constexpr Column columns[] = {lower, size, alignment, offset};
    bool isWhole = true;
    for (int c = 0; c < columnCount; ++c)
      isWhole &= where[c] >= 0 || !kColumns[c].isRequired;
    if (isWhole)
      for (const planner::Fault &fault : planner::findFaults(table.buffers))
        faults.push_back({table.lines[fault.buffer], placesOf[fault.buffer][columns[fault.field]],
                          "buffer '" + table.ids[fault.buffer] + "': " + fault.message});
    std::sort(faults.begin(), faults.end(), [](const Fault &a, const Fault &b) {
      return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
    });
  }

private:
  void readBuffer(const std::vector<Field> &fields, int line) {
    planner::Buffer buffer;
    std::string name;
    bool isRight = true;
    auto report = [&](const Field &field, const std::string &message) {
      faults.push_back({line, field.column, message});
      isRight = false;
    };
    for (int c = 0; c < columnCount; ++c) {
      if (where[c] < 0)
        continue;
      const Field &field = fields[where[c]];
      if (field.text.empty()) {
        if (!kColumns[c].mayBeEmpty)
          report(field, "'" + std::string(kColumns[c].name) + "' is empty");
        continue;
      }
      if (c == id) {
        name = field.text;
        auto [first, isNew] = lineOf.emplace(name, line);
        if (!isNew)
          report(field,
                 "the id '" + name + "' was used before, in line " + std::to_string(first->second));
        continue;
      }
      int64_t value;
      std::string message;
      if (!parseNumber(field, value, message)) {
        report(field, "'" + std::string(kColumns[c].name) + "': " + message);
        continue;
      }
      switch (c) {
      case lower:
        buffer.lower = value;
        break;
      case upper:
        buffer.upper = value;
        break;
      case size:
        buffer.size = value;
        break;
      case alignment:
        buffer.alignment = value;
        break;
      case offset:
        buffer.fixed = value;
        break;
      }
    }
    if (!isRight)
      return;
    table.buffers.push_back(buffer);
    table.ids.push_back(name);
    table.lines.push_back(line);
    auto &places = placesOf.emplace_back();
    for (int c = 0; c < columnCount; ++c)
      places[c] = where[c] >= 0 ? fields[where[c]].column : 1;
    std::vector<std::string> row;
    for (const Field &field : fields)
      row.push_back(field.text);
    table.rows.push_back(std::move(row));
  }

  Table &table;
  std::vector<Fault> &faults;
  std::array<int, columnCount> where;
  std::unordered_map<std::string, int> lineOf;
  std::vector<std::array<int, columnCount>> placesOf; ///< Where the fields of each buffer start.
};

} // namespace

Table pebble::plan::parseTable(const std::string &text, std::vector<Fault> &faults) {
  Table table;
  Reader reader(table, faults);
  static constexpr std::string_view mark = "\xEF\xBB\xBF"; // Spreadsheets put it at the beginning.
  size_t begin = text.starts_with(mark) ? mark.size() : 0;
  for (int line = 1; begin < text.size(); ++line) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string content = text.substr(begin, end - begin);
    if (!content.empty() && content.back() == '\r')
      content.pop_back();
    if (content.find_first_not_of(" \t") != std::string::npos)
      reader.readLine(content, line);
    begin = end + 1;
  }
  if (table.columns.empty())
    faults.push_back({1, 1, "the file is empty; " + expectedColumns()});
  else
    reader.finish();
  return table;
}

std::string pebble::plan::printTable(const Table &table, const std::vector<int64_t> &offsets) {
  std::string text;
  auto known = std::find(table.columns.begin(), table.columns.end(), kColumns[offset].name);
  size_t place = known - table.columns.begin();
  auto append = [&](std::vector<std::string> fields, const std::string &last) {
    fields.resize(std::max(fields.size(), place + 1));
    fields[place] = last;
    for (size_t i = 0; i < fields.size(); ++i)
      text += (i ? "," : "") + fields[i];
    text += '\n';
  };
  append(table.columns, kColumns[offset].name);
  for (size_t row = 0; row < table.rows.size(); ++row)
    append(table.rows[row], std::to_string(offsets[row]));
  return text;
}
