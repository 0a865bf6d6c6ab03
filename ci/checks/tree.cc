#include "ci/checks/tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string_view>

namespace plumb::checks {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

// Includes from the project's root, with their line numbers.
std::vector<std::pair<std::size_t, std::string>> own_includes(const std::string& text) {
  constexpr std::string_view start = "#include \"";
  std::vector<std::pair<std::size_t, std::string>> found;
  std::size_t number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    if (!line.starts_with(start)) continue;
    const std::size_t end = line.find('"', start.size());
    if (end != std::string::npos) found.emplace_back(number, line.substr(start.size(), end - start.size()));
  }
  return found;
}

bool is_below(const std::string& path, const std::string& folder) { return path.starts_with(folder + "/"); }

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// The place in `order` of the folder that a file belongs to: the longest that matches.
std::size_t place(const std::string& path, const std::vector<std::string>& order) {
  std::size_t best = kNowhere;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (is_below(path, order[i]) && (best == kNowhere || order[i].size() > order[best].size())) best = i;
  }
  return best;
}

// Parts that know a cluster through its API only.
bool breaks_independence(const std::string& file, const std::string& included) {
  for (const std::string part : {"harness", "conformance", "perf", "reports"}) {
    if (!is_below(file, part) || is_below(file, "perf/bench")) continue;
    return !is_below(included, "harness") && !is_below(included, part);
  }
  return false;
}

bool is_test(const std::string& path) {
  return path.ends_with("_test.cc") || path.ends_with("_itest.cc") || path.ends_with("_bench.cc");
}

bool is_text_of_ours(const fs::path& path) {
  static const std::set<std::string> extensions{".h",  ".cc", ".c",     ".cmake",  ".txt", ".md",
                                                ".yaml", ".sh", ".proto", ".schema", ".css", ".js"};
  return extensions.contains(path.extension().string()) || !path.has_extension();
}

bool is_stored_data(const std::string& path) {
  return is_below(path, "fixtures") && !is_source(path) && !path.ends_with(".md") && !path.ends_with("CMakeLists.txt");
}

// Depth-first over includes; what is on the way twice is a circle.
class CircleSearch {
 public:
  explicit CircleSearch(const Tree& tree) : tree_(tree) {}
  Problems run() {
    for (const auto& [path, text] : tree_) {
      if (is_header(path)) visit(path);
    }
    return std::move(problems_);
  }

 private:
  void visit(const std::string& path) {
    const auto file = tree_.find(path);
    if (file == tree_.end() || done_.contains(path)) return;
    if (const auto open = std::find(way_.begin(), way_.end(), path); open != way_.end()) return report(open);
    way_.push_back(path);
    for (const auto& [line, included] : own_includes(file->second)) visit(included);
    way_.pop_back();
    done_.insert(path);
  }
  void report(std::vector<std::string>::iterator from) {
    std::string circle;
    for (; from != way_.end(); ++from) circle += *from + " -> ";
    problems_.push_back("includes go in a circle: " + circle + "and back");
  }

  const Tree& tree_;
  std::vector<std::string> way_;
  std::set<std::string> done_;
  Problems problems_;
};

}  // namespace

bool is_source(const std::string& path) { return path.ends_with(".h") || path.ends_with(".cc"); }
bool is_header(const std::string& path) { return path.ends_with(".h"); }

Result<Tree> read_tree(const std::string& root) {
  Tree tree;
  std::error_code failed;
  for (auto at = fs::recursive_directory_iterator(root, failed); !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
    const std::string path = at->path().lexically_relative(root).string();
    if (path.front() == '.' || path == "build") {
      if (at->is_directory()) at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file() || !is_text_of_ours(at->path()) || is_stored_data(path)) continue;
    std::ifstream in(at->path(), std::ios::binary);
    tree[path] = std::string(std::istreambuf_iterator<char>(in), {});
  }
  if (failed) return Error{Code::unavailable, "read the source tree at " + root + ": " + failed.message()};
  return tree;
}

std::vector<std::string> folder_order(const std::string& readme) {
  std::vector<std::string> order;
  bool in_map = false;
  for (const std::string& line : lines_of(readme)) {
    if (line.starts_with("## ")) in_map = line == "## Map";
    if (!in_map || !line.starts_with("| `")) continue;
    order.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  return order;
}

Problems include_order(const Tree& tree, const std::vector<std::string>& order) {
  Problems problems;
  for (const auto& [path, text] : tree) {
    if (!is_source(path)) continue;
    const std::size_t own = place(path, order);
    for (const auto& [line, included] : own_includes(text)) {
      const std::size_t other = place(included, order);
      if (own == kNowhere || other == kNowhere) continue;  // unlisted_folders() names the folder
      const std::string where = path + ":" + std::to_string(line) + " includes " + included;
      const bool below = other > own && !path.ends_with("_itest.cc");
      if (breaks_independence(path, included)) problems.push_back(where + ": this folder knows clusters through their API only");
      else if (below) problems.push_back(where + ": " + order[other] + " stands below " + order[own] + " in the map");
    }
  }
  return problems;
}

Problems unlisted_folders(const Tree& tree, const std::vector<std::string>& order) {
  Problems problems;
  std::set<std::string> unlisted;
  for (const auto& [path, text] : tree) {
    if (is_source(path) && place(path, order) == kNowhere) unlisted.insert(path.substr(0, path.rfind('/')));
  }
  for (const std::string& folder : unlisted) problems.push_back(folder + " has sources and does not stand in README.md's map");
  return problems;
}

Problems circular_includes(const Tree& tree) { return CircleSearch(tree).run(); }

Problems missing_pragma_once(const Tree& tree) {
  Problems problems;
  for (const auto& [path, text] : tree) {
    if (!is_header(path)) continue;
    const auto lines = lines_of(text);
    if (std::count(lines.begin(), lines.end(), "#pragma once") != 1) problems.push_back(path + " has no #pragma once, or several");
  }
  return problems;
}

Problems tests_without_target(const Tree& tree, const std::vector<std::string>& in_targets) {
  const std::set<std::string> built(in_targets.begin(), in_targets.end());
  Problems problems;
  for (const auto& [path, text] : tree) {
    if (is_test(path) && !built.contains(path)) problems.push_back(path + " is in no target: its folder needs plumb_part");
  }
  return problems;
}

Problems leftovers(const Tree& tree) {
  // Spelt so that this file does not hold them.
  static const std::vector<std::string> words{"TO" "DO", "FIX" "ME", "XX" "X:", "HA" "CK:", "/wo" "rk/", "../sha" "red", "for n" "ow"};
  Problems problems;
  for (const auto& [path, text] : tree) {
    std::size_t number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      for (const std::string& word : words) {
        if (line.find(word) == std::string::npos) continue;
        problems.push_back(path + ":" + std::to_string(number) + " holds \"" + word + "\": " + line);
      }
    }
  }
  return problems;
}

Problems longer_than(const Tree& tree, std::size_t lines) {
  Problems problems;
  for (const auto& [path, text] : tree) {
    const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (is_source(path) && count > lines) problems.push_back(path + ": " + std::to_string(count) + " lines");
  }
  return problems;
}

}  // namespace plumb::checks
