#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* sets = "statefulsets.apps";

std::string set(std::string_view rest, std::string_view container = {}) {
  return R"({"metadata":{"name":"s"},"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},)"
         R"("spec":{"containers":[{"name":"a","image":"i")" + std::string(container) + "}]}}" + std::string(rest) + "}}";
}
constexpr std::string_view claim_template = R"({"metadata":{"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}})";

TEST(StatefulSets, Defaults) {
  expect_defaults(sets, "{}", {{"/spec/podManagementPolicy", R"("OrderedReady")"}, {"/spec/replicas", "1"}, {"/spec/revisionHistoryLimit", "10"},
                               {"/spec/updateStrategy", R"({"rollingUpdate":{"maxUnavailable":1,"partition":0},"type":"RollingUpdate"})"},
                               {"/spec/persistentVolumeClaimRetentionPolicy", R"({"whenDeleted":"Retain","whenScaled":"Retain"})"}});
  expect_defaults(sets, R"({"spec":{"updateStrategy":{"type":"RollingUpdate"}}})", {{"/spec/updateStrategy", R"({"type":"RollingUpdate"})"}});
  expect_defaults(sets, R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})", {{"/spec/updateStrategy", R"({"type":"OnDelete"})"}});
}

TEST(StatefulSets, Causes) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {set(""), {}},
      {set(R"(,"replicas":-1)"), {"spec.replicas: Invalid value: -1: must be greater than or equal to 0"}},
      {set(R"(,"minReadySeconds":-1)"), {"spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"}},
      {set(R"(,"revisionHistoryLimit":-1)"), {}},
      {set(R"(,"ordinals":{"start":-1})"), {"spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"}},
      {set(R"(,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":-1}})"),
       {"spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"}},
      {set(R"(,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0}})"),
       {"spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"}},
      {set(R"(,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"101%"}})"),
       {R"(spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%)"}},
      {set(R"(,"updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":2}})"),
       {R"(spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":2,"MaxUnavailable":null}: only allowed for updateStrategy 'RollingUpdate')"}},
      {set(R"(,"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"invalid policy"})"),
       {R"(spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "invalid policy": supported values: "Retain", "Delete")"}},
      {R"({"spec":{"selector":{},"template":{"spec":{"activeDeadlineSeconds":5,"containers":[{"name":"a","image":"i"}]}}}})",
       {"spec.selector: Invalid value: {}: empty selector is invalid for statefulset",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes(sets, json), expected) << json;
}

TEST(StatefulSets, MountsMayNameClaims) {
  constexpr std::string_view mount = R"(,"volumeMounts":[{"name":"data","mountPath":"/data"}])";
  EXPECT_EQ(causes(sets, set(R"(,"volumeClaimTemplates":[)" + std::string(claim_template) + "]", mount)), Lines{});
  EXPECT_EQ(causes(sets, set("", mount)), Lines{R"(spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data")"});
}

TEST(StatefulSets, CausesAtCreationAlone) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {set(R"(,"serviceName":"svc")"), {}},
      {set(R"(,"serviceName":"not.a.label")"),
       {R"(spec.serviceName: Invalid value: "not.a.label": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start )"
        R"(and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'))"}},
      {set(R"(,"updateStrategy":{"type":"Recreate"})"),
       {R"(spec.updateStrategy: Invalid value: {"Type":"Recreate","RollingUpdate":null}: must be 'RollingUpdate' or 'OnDelete')"}},
      {set(R"(,"volumeClaimTemplates":[{"metadata":{"name":"data"},"spec":{}}])"),
       {"spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
        "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(create_causes(sets, json), expected) << json;
}

TEST(StatefulSets, WhatMayChange) {
  constexpr const char* forbidden =
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
      "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  for (const char* mutable_field : {R"(,"replicas":2)", R"(,"ordinals":{"start":2})", R"(,"updateStrategy":{"type":"OnDelete"})", R"(,"minReadySeconds":2)",
                                    R"(,"revisionHistoryLimit":2)", R"(,"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete"})"})
    EXPECT_EQ(update_causes(sets, set(""), set(mutable_field)), Lines{}) << mutable_field;
  EXPECT_EQ(update_causes(sets, set(""), set("", R"(,"command":["other"])")), Lines{});
  for (const char* fixed_field : {R"(,"serviceName":"s")", R"(,"podManagementPolicy":"Parallel")"})
    EXPECT_EQ(update_causes(sets, set(""), set(fixed_field)), Lines{forbidden}) << fixed_field;
  EXPECT_EQ(update_causes(sets, set(""), set(R"(,"volumeClaimTemplates":[)" + std::string(claim_template) + "]")), Lines{forbidden});
  EXPECT_EQ(update_causes(sets, set(R"(,"updateStrategy":{"type":"Recreate"})"), set(R"(,"updateStrategy":{"type":"Recreate"},"replicas":2)")), Lines{});
  EXPECT_EQ(update_causes(sets, set(""), set(R"(,"updateStrategy":{"type":"Recreate"})")).size(), 1u);
}

TEST(StatefulSets, Status) {
  const auto status = [](std::string_view text) { return R"({"status":)" + std::string(text) + "}"; };
  EXPECT_EQ(status_causes(sets, "{}", status(R"({"replicas":2,"readyReplicas":2,"currentReplicas":1,"updatedReplicas":1,"availableReplicas":1})")), Lines{});
  EXPECT_EQ(status_causes(sets, status(R"({"replicas":0,"collisionCount":2})"),
                          status(R"({"replicas":1,"readyReplicas":1,"currentReplicas":2,"availableReplicas":2,"collisionCount":1})")),
            (Lines{"status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas",
                   "status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas",
                   "status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas",
                   "status.collisionCount: Invalid value: 1: cannot be decremented"}));
}

TEST(StatefulSets, NameScaleAndRow) {
  const Resource& of = resource(sets);
  EXPECT_EQ(of.name_rule(), NameRule::dns_label);
  const auto made = object(sets, set(R"(,"replicas":3)"));
  EXPECT_EQ(of.scale(*made).spec_replicas, 3);
  EXPECT_EQ(of.scale(*made).selector, "app=x");
  EXPECT_EQ(cells(sets, set(R"(,"replicas":3)"), time("2024-01-01T00:00:00Z")), (Lines{"s", "0/3", "<unknown>", "a", "i"}));
}

}  // namespace
}  // namespace plumb::resources::testing
