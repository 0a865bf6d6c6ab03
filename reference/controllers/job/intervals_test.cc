#include "reference/controllers/job/intervals.h"

#include <gtest/gtest.h>

namespace plumb::controllers::job {
namespace {

TEST(Intervals, ReadAndShowTheirText) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", ""}, {"3", "3"}, {"1,2", "1,2"}, {"1-3", "1-3"}, {"0-4,6,8-9", "0-4,6,8,9"}, {"1,2,3", "1-3"},
      {"8-30", "8-11"},          // beyond what there is
      {"x,2-y,4", "4"},          // malformed parts
      {"5-7,1,3-2,-1", "1,5-7"}  // not in order, backwards, below zero
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(Intervals::parse(text, 12).to_string(), expected) << text;
}

TEST(Intervals, AreSets) {
  const Intervals some = Intervals::parse("0-4,6,8-9", 12), others = Intervals::of({1, 5, 11});
  EXPECT_EQ(some.total(), 8);
  EXPECT_TRUE(some.has(0) && some.has(4) && some.has(6) && some.has(9));
  EXPECT_FALSE(some.has(5) || some.has(7) || some.has(10));
  EXPECT_EQ(some.with(others).to_string(), "0-6,8,9,11");
  EXPECT_EQ(some.in_common(others), 1);
  EXPECT_EQ(some.in_common(some), 8);
  EXPECT_EQ(some.missing(10, 12), (std::vector<std::int32_t>{5, 7, 10, 11}));
  EXPECT_EQ(some.missing(2, 12), (std::vector<std::int32_t>{5, 7}));
  EXPECT_EQ(Intervals().missing(2, 1), std::vector<std::int32_t>{0});
}

}  // namespace
}  // namespace plumb::controllers::job
