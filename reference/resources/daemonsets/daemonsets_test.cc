#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* sets = "daemonsets.apps";

std::string set(std::string_view rest, std::string_view image = "i", std::string_view selector = R"({"matchLabels":{"app":"x"}})") {
  return R"({"metadata":{"name":"d"},"spec":{"selector":)" + std::string(selector) +
         R"(,"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"a","image":")" + std::string(image) + R"("}]}})" +
         std::string(rest) + "}}";
}
std::string rolling(std::string_view text) { return set(R"(,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":)" + std::string(text) + "}"); }

TEST(DaemonSets, Defaults) {
  expect_defaults(sets, "{}", {{"/spec/updateStrategy", R"({"rollingUpdate":{"maxSurge":0,"maxUnavailable":1},"type":"RollingUpdate"})"},
                               {"/spec/revisionHistoryLimit", "10"}});
  expect_defaults(sets, R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})", {{"/spec/updateStrategy", R"({"type":"OnDelete"})"}});
}

TEST(DaemonSets, Causes) {
  const std::string path = "spec.updateStrategy.rollingUpdate.";
  const std::vector<std::pair<std::string, Lines>> table = {
      {set(""), {}},
      {rolling(R"({"maxUnavailable":0,"maxSurge":"10%"})"), {}},
      {rolling(R"({"maxUnavailable":1,"maxSurge":1})"), {path + "maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"}},
      {rolling(R"({"maxUnavailable":0})"), {path + "maxUnavailable: Required value: cannot be 0 when maxSurge is 0"}},
      {rolling(R"({"maxUnavailable":"200%"})"), {path + R"(maxUnavailable: Invalid value: "200%": must not be greater than 100%)"}},
      {set(R"(,"minReadySeconds":-1)"), {"spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"}},
      {set(R"(,"revisionHistoryLimit":-1)"), {"spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"}},
      {set("", "i", "{}"), {"spec.selector: Invalid value: {}: empty selector is invalid for daemonset"}},
      {set("", "i", "null"), {R"(spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`)"}},
      {set("", "i", R"({"matchLabels":{"app":"y"}})"),
       {R"(spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`)"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes(sets, json), expected) << json;
  EXPECT_EQ(update_causes(sets, set(""), set("", "i", R"({"matchExpressions":[{"key":"app","operator":"Exists"}]})")),
            Lines{R"(spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable)"});
}

TEST(DaemonSets, StatusCounts) {
  EXPECT_EQ(status_causes(sets, R"({"status":{"collisionCount":1}})", R"({"status":{"numberMisscheduled":-1}})"),
            (Lines{"status.numberMisscheduled: Invalid value: -1: must be greater than or equal to 0",
                   "status.collisionCount: Invalid value: 0: cannot be decremented"}));
}

TEST(DaemonSets, TemplatesAreNumbered) {
  constexpr const char* number = "/metadata/annotations/deprecated.daemonset.template.generation";
  const Resource& of = resource(sets);
  const auto first = object(sets, set(""));
  of.prepare_for_create(*first);
  EXPECT_EQ(at(*first, number), R"("1")");
  const auto same = object(sets, set(R"(,"minReadySeconds":5)"));
  of.prepare_for_update(*same, *first);
  EXPECT_EQ(at(*same, number), R"("1")");
  const auto next = object(sets, set("", "other"));
  of.prepare_for_update(*next, *same);
  EXPECT_EQ(at(*next, number), R"("2")");
}

}  // namespace
}  // namespace plumb::resources::testing
