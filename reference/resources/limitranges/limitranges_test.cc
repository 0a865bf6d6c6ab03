#include <gtest/gtest.h>

#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

const std::string ranges = "limitranges";

Lines item(std::string_view text) { return causes(ranges, "{\"spec\":{\"limits\":[" + std::string(text) + "]}}"); }

TEST(LimitRanges, ContainersHaveDefaultsFromTheirBounds) {
  const auto with = [](std::string_view text) { return "{\"spec\":{\"limits\":[" + std::string(text) + "]}}"; };
  expect_defaults(ranges, with(R"({"type":"Container","max":{"cpu":"2","memory":"1Gi"},"min":{"cpu":"1","disk":"3"},"default":{"memory":"512Mi"}})"),
                  {{"/spec/limits/0/default", R"({"cpu":"2","memory":"512Mi"})"}, {"/spec/limits/0/defaultRequest", R"({"cpu":"2","disk":"3","memory":"512Mi"})"}});
  expect_defaults(ranges, with(R"({"type":"Pod","max":{"cpu":"2"}})"), {{"/spec/limits/0/default", ""}, {"/spec/limits/0/defaultRequest", ""}});
}

TEST(LimitRanges, TypesAndNamesAreKnown) {
  EXPECT_EQ(item(R"({"type":"Pod","max":{"cpu":"1"}},{"type":"example.com/Thing","max":{"storage":"1","example.com/x":"2"}})"), Lines{});
  EXPECT_EQ(item(R"({"type":"Thing"})"), Lines{"spec.limits[0].type: Invalid value: \"Thing\": must be a standard limit type or fully qualified"});
  EXPECT_EQ(item(R"({"type":"Pod"},{"type":"Pod"})"), Lines{"spec.limits[1].type: Duplicate value: \"Pod\""});
  EXPECT_EQ(item(R"({"type":"Pod","max":{"storage":"1"}})"), Lines{"spec.limits[0].max[storage]: Invalid value: \"storage\": must be a standard resource for containers"});
  EXPECT_EQ(item(R"({"type":"PersistentVolumeClaim","max":{"storage":"1","disk":"2"}})"),
            Lines{"spec.limits[0].max[disk]: Invalid value: \"disk\": must be a standard resource type or fully qualified"});
  EXPECT_EQ(item(R"({"type":"PersistentVolumeClaim","max":{"cpu":"1"}})"),
            Lines{"spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"});
  EXPECT_EQ(item(R"({"type":"Pod","default":{"cpu":"1"},"defaultRequest":{"cpu":"1"}})"),
            (Lines{"spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'", "spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'"}));
}

TEST(LimitRanges, BoundsAndDefaultsAreInOrder) {
  const auto container = [](std::string_view text) { return item("{\"type\":\"Container\"," + std::string(text) + "}"); };
  const std::string at = "spec.limits[0].";
  EXPECT_EQ(container(R"("min":{"cpu":"1"},"max":{"cpu":"4"},"default":{"cpu":"3"},"defaultRequest":{"cpu":"2"},"maxLimitRequestRatio":{"cpu":"4"})"), Lines{});
  EXPECT_EQ(item(R"({"type":"Pod","min":{"cpu":"2"},"max":{"cpu":"1"}})"), Lines{at + "min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"});
  EXPECT_EQ(container(R"("min":{"cpu":"2"},"default":{"cpu":"3"},"defaultRequest":{"cpu":"1"})"),
            Lines{at + "defaultRequest[cpu]: Invalid value: \"1\": min value 2 is greater than default request value 1"});
  EXPECT_EQ(container(R"("max":{"cpu":"2"},"defaultRequest":{"cpu":"3"})"),
            (Lines{at + "defaultRequest[cpu]: Invalid value: \"3\": default request value 3 is greater than max value 2",
                   at + "defaultRequest[cpu]: Invalid value: \"3\": default request value 3 is greater than default limit value 2"}));
  EXPECT_EQ(container(R"("min":{"cpu":"2"},"default":{"cpu":"1"},"defaultRequest":{"cpu":"2"})"),
            (Lines{at + "defaultRequest[cpu]: Invalid value: \"2\": default request value 2 is greater than default limit value 1",
                   at + "default[cpu]: Invalid value: \"2\": min value 2 is greater than default value 1"}));
  EXPECT_EQ(container(R"("max":{"cpu":"2"},"default":{"cpu":"3"},"defaultRequest":{"cpu":"1"})"),
            Lines{at + "default[cpu]: Invalid value: \"2\": default value 3 is greater than max value 2"});
  EXPECT_EQ(container(R"("default":{"example.com/gpu":"2"},"defaultRequest":{"example.com/gpu":"1"})"),
            Lines{at + "defaultRequest[example.com/gpu]: Invalid value: \"1\": default value 2 must equal to defaultRequest value 1 in example.com/gpu"});
}

TEST(LimitRanges, RatiosArePossible) {
  EXPECT_EQ(item(R"({"type":"Pod","maxLimitRequestRatio":{"cpu":"800m"}})"), Lines{"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"800m\": ratio 800m is less than 1"});
  EXPECT_EQ(item(R"({"type":"Pod","min":{"cpu":"100m"},"max":{"cpu":"150m"},"maxLimitRequestRatio":{"cpu":"2"}})"),
            Lines{"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"2\": ratio 2 is greater than max/min = 1.500000"});
}

}  // namespace
}  // namespace plumb::resources::testing
