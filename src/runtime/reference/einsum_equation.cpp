#include "runtime/reference/einsum_equation.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "core/error.h"

namespace quant::reference {

namespace {

constexpr const char* kDots = "...";

[[noreturn]] void throwMalformed(const std::string& equation, const std::string& why) {
  throwBadInput("Einsum's equation '{}' {}", equation, why);
}

std::vector<std::string> splitAtCommas(const std::string& text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// The labels of one term; an ellipsis stands for `ellipsis` axes.
EinsumLabels labelsOf(const std::string& equation, const std::string& term, int64_t ellipsis) {
  EinsumLabels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term.compare(i, 3, kDots) == 0) {
      for (int64_t axis = ellipsis; axis-- > 0;) labels.push_back(kEllipsis + static_cast<int>(axis));
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(term[i])) != 0) {
      labels.push_back(term[i]);
    } else {
      throwMalformed(equation, fmt::format("has '{}' where a letter or '...' is expected", term[i]));
    }
  }
  return labels;
}

int64_t lettersIn(const std::string& term) {
  return std::ranges::count_if(term, [](unsigned char c) { return std::isalpha(c) != 0; });
}

EinsumLabels impliedResult(const std::vector<EinsumLabels>& operands, int64_t ellipsis) {
  std::map<EinsumLabel, int> counts;
  for (const auto& labels : operands) {
    for (const EinsumLabel label : labels) ++counts[label];
  }
  EinsumLabels result;
  for (int64_t axis = ellipsis; axis-- > 0;) result.push_back(kEllipsis + static_cast<int>(axis));
  for (const auto& [label, count] : counts) {
    if (label < kEllipsis && count == 1) result.push_back(label);
  }
  return result;
}

}  // namespace

EinsumEquation parseEinsum(const std::string& equation, const std::vector<int64_t>& ranks) {
  std::string text = equation;
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  const size_t arrow = text.find("->");
  const auto terms = splitAtCommas(text.substr(0, arrow));
  if (terms.size() != ranks.size()) throwMalformed(equation, fmt::format("does not have {} terms", ranks.size()));
  EinsumEquation result;
  int64_t widest = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    const bool has_ellipsis = terms[i].find(kDots) != std::string::npos;
    const int64_t ellipsis = ranks[i] - lettersIn(terms[i]);
    if (ellipsis < 0 || (!has_ellipsis && ellipsis != 0)) {
      throwMalformed(equation, fmt::format("has the term '{}' for an operand of rank {}", terms[i], ranks[i]));
    }
    result.operands.push_back(labelsOf(equation, terms[i], ellipsis));
    if (has_ellipsis) widest = std::max(widest, ellipsis);
  }
  result.result = arrow == std::string::npos ? impliedResult(result.operands, widest)
                                             : labelsOf(equation, text.substr(arrow + 2), widest);
  return result;
}

}  // namespace quant::reference
