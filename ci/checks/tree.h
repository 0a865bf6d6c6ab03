// The project's own source files as text, and the rules of structure that they keep. Every rule answers what breaks it, one sentence each,
// so that a test can show all at once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb::checks {

// Path from the project's root -> text.
using Tree = std::map<std::string, std::string>;
using Problems = std::vector<std::string>;

// C++ sources, CMake files, scripts, documents and YAML below `root`; neither build directories nor hidden ones nor stored test data.
Result<Tree> read_tree(const std::string& root);

bool is_source(const std::string& path);  // .h or .cc
bool is_header(const std::string& path);

// The folders of the README's map, in include order: first column of the table below the heading "## Map".
std::vector<std::string> folder_order(const std::string& readme);

// A file includes only files of its own folder and of folders above it in `order`; integration tests may use whole things from below.
// harness includes nothing but harness; conformance and reports only harness and themselves; perf too, except perf/bench.
Problems include_order(const Tree& tree, const std::vector<std::string>& order);
// Every folder with sources stands in `order`.
Problems unlisted_folders(const Tree& tree, const std::vector<std::string>& order);
Problems circular_includes(const Tree& tree);
Problems missing_pragma_once(const Tree& tree);
// Test and benchmark sources of the tree that are in no target.
Problems tests_without_target(const Tree& tree, const std::vector<std::string>& in_targets);
// Marks of unfinished work, paths of one machine.
Problems leftovers(const Tree& tree);
Problems longer_than(const Tree& tree, std::size_t lines);

}  // namespace plumb::checks
