#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* revisions = "controllerrevisions.apps";

TEST(ControllerRevisions, Causes) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {R"({"data":{},"revision":0})", {}},
      {R"({"revision":1})", {"data: Required value: data is mandatory"}},
      {R"({"data":[],"revision":1})", {"data: Required value: data must be a valid JSON object"}},
      {R"({"data":{},"revision":-1})", {"revision: Invalid value: -1: must be greater than or equal to 0"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes(revisions, json), expected) << json;
}

TEST(ControllerRevisions, DataStaysAndTheNumberMayChange) {
  EXPECT_EQ(update_causes(revisions, R"({"data":{"a":1},"revision":1})", R"({"data":{"a":1},"revision":2})"), Lines{});
  EXPECT_EQ(update_causes(revisions, R"({"data":{"a":1},"revision":1})", R"({"data":{"a":2},"revision":1})"),
            Lines{R"(data: Invalid value: {"a":2}: field is immutable)"});
}

TEST(ControllerRevisions, Row) {
  EXPECT_EQ(cells(revisions,
                  R"({"metadata":{"name":"agent-1","ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","name":"agent","uid":"u","controller":true}]},)"
                  R"("data":{},"revision":3})",
                  time("2024-01-01T00:00:00Z")),
            (Lines{"agent-1", "daemonset.apps/agent", "3", "<unknown>"}));
  EXPECT_EQ(cells(revisions, R"({"metadata":{"name":"r"},"data":{},"revision":1})", time("2024-01-01T00:00:00Z")),
            (Lines{"r", "<none>", "1", "<unknown>"}));
}

}  // namespace
}  // namespace plumb::resources::testing
