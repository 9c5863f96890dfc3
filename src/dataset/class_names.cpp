#include "dataset/class_names.h"

#include <set>
#include <sstream>

#include "core/error.h"
#include "core/files.h"

namespace quant {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClassesFile = "classes.txt";

std::set<std::string> foldersOf(const FolderListing& listing) {
  std::set<std::string> folders;
  for (const DataFile& file : listing.files) {
    if (!file.folder.empty()) folders.insert(file.folder);
  }
  return folders;
}

ClassNames fromFolders(const std::set<std::string>& folders) {
  ClassNames classes;
  for (const std::string& folder : folders) {
    classes.by_folder.emplace(folder, static_cast<int64_t>(classes.names.size()));
    classes.names.push_back(folder);
  }
  return classes;
}

std::optional<fs::path> findClassesFile(const fs::path& folder) {
  const fs::path absolute = fs::absolute(folder / "").lexically_normal().parent_path();
  for (const fs::path& candidate : {absolute / kClassesFile, absolute.parent_path() / kClassesFile}) {
    if (fs::is_regular_file(candidate)) return candidate;
  }
  return std::nullopt;
}

/// The labels that a folder's name may mean: of lines equal to it, and of lines that begin with it.
struct Candidates {
  std::map<std::string, std::vector<int64_t>> by_line;
  std::map<std::string, std::vector<int64_t>> by_first_word;
};

void addClass(ClassNames& classes, Candidates& candidates, const std::string& line) {
  const size_t end = line.find_first_of(" \t,");
  const size_t description = line.find_first_not_of(" \t,", end);
  const auto label = static_cast<int64_t>(classes.names.size());
  candidates.by_line[line].push_back(label);
  candidates.by_first_word[line.substr(0, end)].push_back(label);
  classes.names.push_back(description == std::string::npos ? line : line.substr(description));
}

/// Names that mean exactly one class; a whole line goes before a first word.
std::map<std::string, int64_t> unambiguous(const Candidates& candidates) {
  std::map<std::string, int64_t> labels;
  for (const auto* names : {&candidates.by_line, &candidates.by_first_word}) {
    for (const auto& [name, meant] : *names) {
      if (meant.size() == 1) labels.emplace(name, meant.front());
    }
  }
  return labels;
}

void requireFolders(const ClassNames& classes, const std::set<std::string>& folders) {
  for (const std::string& folder : folders) {
    if (classes.by_folder.contains(folder)) continue;
    throwBadInput("class folder '{}' is not, or more than once, among the {} classes of '{}'", folder,
                  classes.names.size(), classes.file->string());
  }
}

}  // namespace

ClassNames readClassNames(const fs::path& file) {
  ClassNames classes;
  classes.file = file;
  Candidates candidates;
  std::istringstream lines(readFile(file));
  for (std::string line; std::getline(lines, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty()) addClass(classes, candidates, line);
  }
  if (classes.names.empty()) throwBadInput("'{}' names no classes", file.string());
  classes.by_folder = unambiguous(candidates);
  return classes;
}

ClassNames findClassNames(const fs::path& folder, const FolderListing& listing,
                          const std::optional<fs::path>& classes_file) {
  const auto folders = foldersOf(listing);
  const auto file = classes_file || folders.empty() ? classes_file : findClassesFile(folder);
  if (!file) return fromFolders(folders);
  ClassNames classes = readClassNames(*file);
  requireFolders(classes, folders);
  return classes;
}

ClassNames findNamesOfLabels(const fs::path& folder, const std::optional<fs::path>& classes_file) {
  const auto file = classes_file ? classes_file : findClassesFile(folder);
  return file ? readClassNames(*file) : ClassNames{};
}

std::optional<int64_t> labelOf(const DataFile& file, const ClassNames& classes) {
  const auto found = classes.by_folder.find(file.folder);
  return file.folder.empty() || found == classes.by_folder.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace quant
