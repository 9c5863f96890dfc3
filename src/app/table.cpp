#include "app/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quant {

namespace {

/// Characters that a terminal shows, not bytes: names may be UTF-8.
size_t widthOf(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padding(const std::string& text, size_t width) {
  return std::string(width - std::min(width, widthOf(text)), ' ');
}

std::vector<size_t> widthsOf(const Table& table) {
  std::vector<size_t> widths = {std::max(widthOf(table.title), widthOf(table.header.front()))};
  for (size_t i = 1; i < table.header.size(); ++i) widths.push_back(widthOf(table.header[i]));
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], widthOf(row[i]));
  }
  return widths;
}

std::string plainRow(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line = cells.front() + padding(cells.front(), widths.front());
  for (size_t i = 1; i < cells.size(); ++i) line += fmt::format("  {}{}", padding(cells[i], widths[i]), cells[i]);
  return line + '\n';
}

/// A bar would end the cell.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? "\\|" : std::string(1, c);
  return result;
}

std::string markdownRow(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += fmt::format(" {} |", escaped(cell));
  return line + '\n';
}

}  // namespace

std::string plainTable(const Table& table) {
  const std::vector<size_t> widths = widthsOf(table);
  std::vector<std::string> header = table.header;
  header.front() = table.title;
  std::string text = plainRow(header, widths);
  for (const auto& row : table.rows) text += plainRow(row, widths);
  for (const std::string& note : table.notes) text += fmt::format("  {}\n", note);
  return text;
}

std::string markdownTable(const Table& table) {
  std::string text = fmt::format("## {}\n\n", table.title) + markdownRow(table.header) + "| --- |";
  for (size_t i = 1; i < table.header.size(); ++i) text += " ---: |";
  text += '\n';
  for (const auto& row : table.rows) text += markdownRow(row);
  for (const std::string& note : table.notes) text += fmt::format("\n{}\n", note);
  return text + '\n';
}

std::string decibels(double value) {
  return value == INFINITY ? "equal" : cell(value, fmt::format("{:.1f} dB", value));
}

std::string cell(double number, std::string text) { return std::isnan(number) ? "-" : std::move(text); }

}  // namespace quant
