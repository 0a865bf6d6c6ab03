#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

TEST(Secrets, TextIsMergedAndTypesAreChecked) {
  expect_defaults("secrets", R"({"stringData":{"a":"x"},"data":{"b":"eQ=="}})", {{"/type", R"("Opaque")"}, {"/data", R"({"a":"eA==","b":"eQ=="})"}, {"/stringData", ""}});
  EXPECT_EQ(causes("secrets", R"({"type":"kubernetes.io/tls"})"), (Lines{"data[tls.crt]: Required value", "data[tls.key]: Required value"}));
  EXPECT_EQ(update_causes("secrets", R"({"immutable":true,"data":{"a":"eA=="}})", R"({"immutable":true})"),
            Lines{"data: Forbidden: field is immutable when `immutable` is set"});
  EXPECT_EQ(update_causes("secrets", R"({"type":"a"})", R"({"type":"b"})"), Lines{R"(type: Invalid value: "b": field is immutable)"});
}

TEST(Namespaces, StartActiveWithAFinalizerAndALabel) {
  const auto made = object("namespaces", R"({"metadata":{"name":"n"}})");
  resource("namespaces").prepare_for_create(*made);
  EXPECT_EQ(at(*made, "/spec/finalizers"), R"(["kubernetes"])");
  EXPECT_EQ(at(*made, "/status/phase"), R"("Active")");
  EXPECT_EQ(at(*made, "/metadata/labels"), R"({"kubernetes.io/metadata.name":"n"})");
}

TEST(Nodes, KeepTheirStatusAndTellTheirState) {
  const auto made = object("nodes", R"({"status":{"capacity":{"cpu":"2"}}})");
  resource("nodes").prepare_for_create(*made);
  EXPECT_EQ(at(*made, "/status/allocatable"), R"({"cpu":"2"})");
  EXPECT_EQ(cells("nodes", R"({"metadata":{"name":"n","labels":{"node-role.kubernetes.io/control-plane":""}},"spec":{"unschedulable":true},
      "status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"1.2.3.4"}],
      "nodeInfo":{"kubeletVersion":"v1.37.0"}}})", time("2024-01-01T00:00:00Z")),
            (Lines{"n", "Ready,SchedulingDisabled", "control-plane", "<unknown>", "v1.37.0", "1.2.3.4", "<none>", "<unknown>", "<unknown>", "<unknown>"}));
}

TEST(Events, Row) {
  EXPECT_EQ(cells("events", R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"R","message":" m\n","type":"Normal","count":2,
      "firstTimestamp":"2024-01-01T00:00:00Z","lastTimestamp":"2024-01-01T00:00:30Z","source":{"component":"c","host":"h"}})", time("2024-01-01T00:01:00Z")),
            (Lines{"30s", "Normal", "R", "pod/p", "", "c, h", "m", "60s", "2", "e"}));
}

TEST(Roles, AndBindings) {
  EXPECT_EQ(causes("roles.rbac.authorization.k8s.io", R"({"rules":[{"apiGroups":[""],"resources":["pods"]}]})"),
            Lines{"rules[0].verbs: Required value: verbs must contain at least one value"});
  expect_defaults("rolebindings.rbac.authorization.k8s.io", R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"u"}]})",
                  {{"/roleRef/apiGroup", R"("rbac.authorization.k8s.io")"}, {"/subjects/0/apiGroup", R"("rbac.authorization.k8s.io")"}});
}

TEST(Tables, EveryRowHasACellForEachColumn) {
  for (const Resource* one : all()) {
    if (one->is_virtual()) continue;
    const auto made = one->type().make();
    EXPECT_EQ(one->columns().size(), one->row(*made, time("2024-01-01T00:00:00Z")).size()) << one->group_resource();
    EXPECT_EQ(one->selectable_fields(*made).size(), one->selectable_field_names().size()) << one->group_resource();
    one->set_defaults(*made);
    FieldErrors errors;
    one->validate(*made, errors);
  }
}

}  // namespace
}  // namespace plumb::resources::testing
