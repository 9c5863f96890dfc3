#include "dataset/labels.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "dataset/array_file.h"
#include "dataset/convert.h"

namespace quant {

namespace {

namespace fs = std::filesystem;

struct Row {
  std::string path, label;
};

/// The first field of `line` from `begin` on, without the quotes that spreadsheets write around it ("" stands for ");
/// `begin` moves behind the separator.
std::string takeField(const std::string& line, char separator, size_t& begin) {
  std::string field;
  bool quoted = false;
  for (; begin < line.size(); ++begin) {
    const char c = line[begin];
    if (c == '"' && quoted && begin + 1 < line.size() && line[begin + 1] == '"') {
      field += line[begin++];
    } else if (c == '"' && (quoted || field.empty())) {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      ++begin;
      return field;
    } else {
      field += c;
    }
  }
  return field;
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \r");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \r") - begin + 1);
}

/// "./a.png" and "a.png" are one file.
std::string plainPath(const std::string& path) { return fs::path(path).lexically_normal().generic_string(); }

Row splitLine(const std::string& line, char separator) {
  size_t begin = 0;
  std::string path = trimmed(takeField(line, separator, begin));
  return {std::move(path), trimmed(takeField(line, separator, begin))};
}

std::optional<int64_t> labelFrom(const std::string& text, const ClassNames& classes) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size()) return number;
  if (const auto found = classes.by_folder.find(text); found != classes.by_folder.end()) return found->second;
  const auto found = std::ranges::find(classes.names, text);
  return found == classes.names.end() ? std::nullopt : std::optional(found - classes.names.begin());
}

void addRow(Labels& labels, const Row& row, size_t line, const ClassNames& classes) {
  const auto label = labelFrom(row.label, classes);
  if (!label && line == 1) return;  // a heading
  if (!label) {
    throwBadInput("line {} of '{}': label '{}' is neither a whole number nor one of the {} class names", line,
                  labels.file.string(), row.label, classes.names.size());
  }
  if (*label < 0) throwBadInput("line {} of '{}': label {} is below zero", line, labels.file.string(), *label);
  if (!labels.by_name.emplace(plainPath(row.path), *label).second) {
    throwBadInput("line {} of '{}': '{}' has a label already", line, labels.file.string(), row.path);
  }
}

Labels readLines(const fs::path& file, const ClassNames& classes) {
  Labels labels{file, {}, {}};
  const std::string text = readFile(file);
  const char separator = text.find('\t') < text.find('\n') ? '\t' : ',';
  std::istringstream lines(text);
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!trimmed(line).empty()) addRow(labels, splitLine(line, separator), number, classes);
  }
  if (labels.by_name.empty()) {
    throwBadInput("'{}' holds no labels: a line for each sample is expected, \"path,label\"", file.string());
  }
  return labels;
}

Labels readArray(const fs::path& file) {
  const ArrayFile array(file);
  if (array.headers().size() != 1) throwBadInput("'{}' holds more than one array", file.string());
  const std::string what = fmt::format("the labels of '{}'", file.string());
  const Tensor numbers = convertElements(array.read(array.headers().begin()->first), DataType::kInt64, what);
  const auto values = numbers.data<int64_t>();
  const auto negative = std::ranges::find_if(values, [](int64_t value) { return value < 0; });
  if (negative != values.end()) throwBadInput("'{}' holds the label {}, below zero", file.string(), *negative);
  return {file, {}, {values.begin(), values.end()}};
}

}  // namespace

int64_t Labels::of(const std::string& name, size_t index) const {
  if (by_name.empty()) return by_index.at(index);
  const auto found = by_name.find(name);
  if (found != by_name.end()) return found->second;
  throwBadInput("'{}' has no label for '{}'; its first line is for '{}'", file.string(), name, by_name.begin()->first);
}

void Labels::requireFit(size_t samples) const {
  if (!by_name.empty() || by_index.size() == samples) return;
  throwBadInput(
      "'{}' holds {} labels, but the data folder {} samples: one for each is expected, in the order of the "
      "sorted file names",
      file.string(), by_index.size(), samples);
}

Labels readLabels(const fs::path& file, const ClassNames& classes) {
  const std::string extension = file.extension().string();
  return extension == ".npy" || extension == ".npz" ? readArray(file) : readLines(file, classes);
}

std::optional<fs::path> findLabelsFile(const fs::path& folder) {
  for (const char* name : {"labels.csv", "labels.tsv", "labels.npy"}) {
    if (fs::is_regular_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

}  // namespace quant
