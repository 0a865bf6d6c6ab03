// The project's own tree keeps the rules of CONTRIBUTING.md and of README.md's map.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "ci/checks/tree.h"

namespace plumb::checks {
namespace {

using testing::IsEmpty;

class Structure : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto read = read_tree(PLUMB_SOURCE_DIR);
    ASSERT_TRUE(read.ok()) << read.error().message;
    tree_ = std::move(*read);
    ASSERT_GT(tree_.size(), 100u);
  }
  static std::vector<std::string> order() { return folder_order(tree_["README.md"]); }
  static Tree tree_;
};
Tree Structure::tree_;

TEST_F(Structure, FoldersStandInTheMap) { EXPECT_THAT(unlisted_folders(tree_, order()), IsEmpty()); }
TEST_F(Structure, IncludesFollowTheMap) { EXPECT_THAT(include_order(tree_, order()), IsEmpty()); }
TEST_F(Structure, NothingIncludesItself) { EXPECT_THAT(circular_includes(tree_), IsEmpty()); }
TEST_F(Structure, HeadersAreReadOnce) { EXPECT_THAT(missing_pragma_once(tree_), IsEmpty()); }
TEST_F(Structure, NothingIsLeftUnfinished) { EXPECT_THAT(leftovers(tree_), IsEmpty()); }

TEST_F(Structure, EveryTestReachesATarget) {
  std::ifstream in(PLUMB_TEST_FILES_LIST);
  std::vector<std::string> files;
  for (std::string line; std::getline(in, line);) files.push_back(line);
  ASSERT_FALSE(files.empty()) << "no " << PLUMB_TEST_FILES_LIST;
  EXPECT_THAT(tests_without_target(tree_, files), IsEmpty());
}

TEST_F(Structure, FilesStayReadable) {
  for (const std::string& file : longer_than(tree_, 400)) std::printf("longer than the 400 lines to aim for: %s\n", file.c_str());
  EXPECT_THAT(longer_than(tree_, 800), IsEmpty()) << "split by subject";
}

}  // namespace
}  // namespace plumb::checks
