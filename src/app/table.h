#pragma once

#include <string>
#include <vector>

namespace quant {

/// Rows of cells under a heading; the first column names what the others say something of.
struct Table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> notes;  ///< sentences below
};

/// For a terminal: columns padded, the first to the left and the others to the right; the title stands in the corner.
std::string plainTable(const Table& table);

/// The same as Markdown.
std::string markdownTable(const Table& table);

/// A cell: "41.5 dB"; "equal" for infinite ones. What could not be measured (NaN) is a dash, here and in `cell`.
std::string decibels(double value);

/// A cell: the number as `text` says it.
std::string cell(double number, std::string text);

}  // namespace quant
