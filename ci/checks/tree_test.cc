#include "ci/checks/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plumb::checks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kOrder{"harness/base", "reference/api", "reference/store", "harness/runner", "conformance", "perf"};

TEST(FolderOrder, IsTheFirstColumnOfTheMapAlone) {
  EXPECT_THAT(folder_order("| `no` | x |\n## Map\n| folder | what |\n|---|---|\n| `harness/base` | x |\n| `perf` | y |\n## Limits\n| `no` | z |\n"),
              ElementsAre("harness/base", "perf"));
}

TEST(IncludeOrder, AllowsWhatStandsAbove) {
  EXPECT_THAT(include_order({{"reference/store/a.cc", "#include \"reference/api/b.h\"\n#include \"reference/store/a.h\"\n#include <vector>\n"},
                             {"conformance/x/t.cc", "#include \"harness/runner/r.h\"\n"}},
                            kOrder),
              IsEmpty());
}

TEST(IncludeOrder, RefusesWhatStandsBelow) {
  EXPECT_THAT(include_order({{"reference/api/a.h", "\n#include \"reference/store/b.h\"\n"}}, kOrder),
              ElementsAre(AllOf(HasSubstr("reference/api/a.h:2 "), HasSubstr("stands below reference/api"))));
}

TEST(IncludeOrder, LetsIntegrationTestsUseWholes) {
  EXPECT_THAT(include_order({{"reference/api/a_itest.cc", "#include \"reference/store/b.h\"\n"}}, kOrder), IsEmpty());
  EXPECT_THAT(include_order({{"conformance/a_itest.cc", "#include \"reference/store/b.h\"\n"}}, kOrder), testing::SizeIs(1));
}

TEST(IncludeOrder, KeepsTheToolkitFreeOfTheReference) {
  EXPECT_THAT(include_order({{"harness/runner/a.cc", "#include \"reference/api/b.h\"\n"},
                             {"conformance/apps/a.cc", "#include \"reference/api/b.h\"\n"},
                             {"perf/a.cc", "#include \"conformance/b.h\"\n"},
                             {"perf/bench/a.cc", "#include \"reference/api/b.h\"\n"}},
                            kOrder),
              ElementsAre(HasSubstr("conformance/apps/a.cc:1"), HasSubstr("harness/runner/a.cc:1"), HasSubstr("perf/a.cc:1")));
}

TEST(Folders, AreListed) {
  EXPECT_THAT(unlisted_folders({{"harness/base/a.h", ""}, {"reference/cri/a.h", ""}, {"README.md", ""}}, {"harness/base", "perf"}),
              ElementsAre(HasSubstr("reference/cri has sources")));
}

TEST(Circles, AreFoundAcrossFiles) {
  const Tree tree{{"a/1.h", "#include \"a/2.h\"\n"}, {"a/2.h", "#include \"a/3.h\"\n"}, {"a/3.h", "#include \"a/2.h\"\n"}};
  EXPECT_THAT(circular_includes(tree), ElementsAre(HasSubstr("a/2.h -> a/3.h -> and back")));
  EXPECT_THAT(circular_includes({{"a/1.h", "#include \"a/2.h\"\n"}, {"a/2.h", ""}}), IsEmpty());
}

TEST(Headers, NeedPragmaOnce) {
  EXPECT_THAT(missing_pragma_once({{"a.h", "// x\n#pragma once\n"}, {"b.h", "int x;\n"}, {"c.cc", ""}}), ElementsAre(HasSubstr("b.h")));
}

TEST(Tests, NeedATarget) {
  EXPECT_THAT(tests_without_target({{"a/x_test.cc", ""}, {"a/y_itest.cc", ""}, {"a/z_bench.cc", ""}, {"a/w.cc", ""}}, {"a/x_test.cc"}),
              ElementsAre(HasSubstr("a/y_itest.cc"), HasSubstr("a/z_bench.cc")));
}

TEST(Leftovers, AreNamedWithTheirLine) {
  EXPECT_THAT(leftovers({{"a.cc", std::string("int x;\n// TO") + "DO: y\n"}, {"b.cc", "int y;\n"}}), ElementsAre(HasSubstr("a.cc:2")));
}

TEST(Length, CountsLinesOfSources) {
  EXPECT_THAT(longer_than({{"a.cc", "1\n2\n3\n"}, {"b.cc", "1\n"}, {"c.md", "1\n2\n3\n"}}, 2), ElementsAre("a.cc: 3 lines"));
}

}  // namespace
}  // namespace plumb::checks
