// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/pebble-plan/Csv.h"

#include "passes/schedule/planner/Planner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>

using namespace pebble;
using namespace pebble::plan;

namespace {

enum Column {
  id,
  lower,
  upper,
  size,
  alignment,
  offset,
  regions,
  region,
  traffic,
  sharesWith,
  columnCount
};
struct ColumnRule {
  const char *name;
  bool isRequired;
};
constexpr ColumnRule kColumns[columnCount] = {
    {"id", true},         {"lower", true},        {"upper", true},    {"size", true},
    {"alignment", false}, {"offset", false},      {"regions", false}, {"region", false},
    {"traffic", false},   {"shares_with", false},
};

struct Field {
  std::string text;
  int column; ///< Of its first byte.
};

/// What `separator` divides, without blanks around it; `column` is that of the first byte.
std::vector<Field> split(const std::string &line, char separator, int column = 1) {
  std::vector<Field> fields;
  size_t begin = 0;
  while (true) {
    size_t end = std::min(line.find(separator, begin), line.size());
    size_t first = begin, last = end;
    auto isBlank = [&](size_t at) { return line[at] == ' ' || line[at] == '\t'; };
    while (first < last && isBlank(first))
      ++first;
    while (last > first && isBlank(last - 1))
      --last;
    fields.push_back({line.substr(first, last - first), static_cast<int>(first) + column});
    if (end == line.size())
      return fields;
    begin = end + 1;
  }
}

std::string expectedColumns() {
  std::string text = "expected ";
  for (const ColumnRule &rule : kColumns)
    text += rule.isRequired ? (&rule == kColumns ? "" : ",") + std::string(rule.name)
                            : "[," + std::string(rule.name) + "]";
  return text;
}

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
  Reader(Table &table, const std::vector<std::string> &regionNames, std::vector<Fault> &faults)
      : table(table), regionNames(regionNames), faults(faults) {}

  void readLine(const std::string &text, int line) {
    std::vector<Field> fields = split(text, ',');
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
    // In the order of planner::Fault::Field.
    static constexpr Column columns[] = {lower,      size,    alignment, offset,
                                         sharesWith, regions, traffic};
    resolveShares();
    bool isWhole = true;
    for (int c = 0; c < columnCount; ++c)
      isWhole &= where[c] >= 0 || !kColumns[c].isRequired;
    const size_t regionCount = std::max<size_t>(regionNames.size(), 1);
    if (isWhole)
      for (const planner::Fault &fault : planner::findFaults(table.buffers, regionCount))
        faults.push_back({table.lines[fault.buffer], placesOf[fault.buffer][columns[fault.field]],
                          "buffer '" + table.ids[fault.buffer] + "': " + fault.message});
    std::sort(faults.begin(), faults.end(), [](const Fault &a, const Fault &b) {
      return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
    });
  }

private:
  /// Reports what is wrong with a field of a row.
  using Report = std::function<void(int column, const std::string &message)>;

  void readBuffer(const std::vector<Field> &fields, int line) {
    planner::Buffer buffer;
    std::string name;
    bool isRight = true;
    const Report report = [&](int column, const std::string &message) {
      faults.push_back({line, column, message});
      isRight = false;
    };
    std::optional<Field> shared;
    for (int c = 0; c < columnCount; ++c) {
      if (where[c] < 0)
        continue;
      const Field &field = fields[where[c]];
      if (field.text.empty()) {
        if (kColumns[c].isRequired)
          report(field.column, "'" + std::string(kColumns[c].name) + "' is empty");
        continue;
      }
      switch (c) {
      case id: {
        name = field.text;
        auto [first, isNew] = lineOf.emplace(name, line);
        if (!isNew)
          report(field.column,
                 "the id '" + name + "' was used before, in line " + std::to_string(first->second));
        break;
      }
      case regions:
      case region:
        readRegions(field, c == region, report, buffer.regions);
        break;
      case sharesWith:
        shared = field;
        break;
      default:
        readNumber(field, static_cast<Column>(c), report, buffer);
      }
    }
    if (!isRight)
      return;
    if (shared)
      shares.push_back({static_cast<int>(table.buffers.size()), line, *shared});
    indexOf.emplace(name, static_cast<int>(table.buffers.size()));
    table.buffers.push_back(buffer);
    table.ids.push_back(name);
    table.lines.push_back(line);
    auto &places = placesOf.emplace_back();
    for (int c = 0; c < columnCount; ++c)
      places[c] = where[c] >= 0 ? fields[where[c]].column : 1;
    if (where[regions] < 0)
      places[regions] = places[region];
    std::vector<std::string> row;
    for (const Field &field : fields)
      row.push_back(field.text);
    table.rows.push_back(std::move(row));
  }

  static void readNumber(const Field &field, Column column, const Report &report,
                         planner::Buffer &buffer) {
    int64_t value;
    std::string message;
    if (!parseNumber(field, value, message)) {
      report(field.column, "'" + std::string(kColumns[column].name) + "': " + message);
      return;
    }
    if (column == offset) {
      buffer.fixed = value;
      return;
    }
    static constexpr std::pair<Column, int64_t planner::Buffer::*> numbers[] = {
        {lower, &planner::Buffer::lower},
        {upper, &planner::Buffer::upper},
        {size, &planner::Buffer::size},
        {alignment, &planner::Buffer::alignment},
        {traffic, &planner::Buffer::traffic}};
    for (auto [known, member] : numbers)
      if (known == column)
        buffer.*member = value;
  }

  /// Takes from `allowed` the regions that are not named; with `isOne` there may be one name.
  void readRegions(const Field &field, bool isOne, const Report &report, uint64_t &allowed) const {
    std::vector<Field> names = {field};
    if (!isOne)
      names = split(field.text, '|', field.column);
    uint64_t named = 0;
    for (const Field &name : names) {
      auto known = std::find(regionNames.begin(), regionNames.end(), name.text);
      if (known == regionNames.end()) {
        report(name.column,
               "there is no region '" + name.text + "'; regions are those given with --region");
        return;
      }
      named |= uint64_t(1) << (known - regionNames.begin());
    }
    if (!(allowed & named))
      report(field.column, "'region' is not among its 'regions'");
    allowed &= named;
  }

  /// Ids of buffers that may stand further down.
  void resolveShares() {
    for (const Share &share : shares) {
      auto found = indexOf.find(share.name.text);
      if (found != indexOf.end())
        table.buffers[share.buffer].sharesWith = found->second;
      else if (!lineOf.contains(share.name.text)) // Else its own line has a fault.
        faults.push_back(
            {share.line, share.name.column, "there is no buffer '" + share.name.text + "'"});
    }
  }

  struct Share {
    int buffer, line;
    Field name;
  };

  Table &table;
  const std::vector<std::string> &regionNames;
  std::vector<Fault> &faults;
  std::vector<Share> shares;
  std::unordered_map<std::string, int> indexOf;
  std::array<int, columnCount> where;
  std::unordered_map<std::string, int> lineOf;
  std::vector<std::array<int, columnCount>> placesOf; ///< Where the fields of each buffer start.
};

} // namespace

Table pebble::plan::parseTable(const std::string &text, const std::vector<std::string> &regions,
                               std::vector<Fault> &faults) {
  Table table;
  Reader reader(table, regions, faults);
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

std::string pebble::plan::printTable(const Table &table, const std::vector<NewColumn> &columns) {
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  for (const NewColumn &column : columns) {
    std::vector<std::string> &header = rows.front();
    size_t place = std::find(header.begin(), header.end(), column.name) - header.begin();
    for (size_t row = 0; row < rows.size(); ++row) {
      rows[row].resize(std::max(rows[row].size(), place + 1));
      rows[row][place] = row == 0 ? column.name : column.values[row - 1];
    }
  }
  std::string text;
  for (const std::vector<std::string> &row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      text += (i ? "," : "") + row[i];
    text += '\n';
  }
  return text;
}
