#include <gtest/gtest.h>

#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* crds = "customresourcedefinitions.apiextensions.k8s.io";

std::string definition(const std::string& versions, const std::string& names = R"("plural":"widgets","kind":"Widget")") {
  return R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{)" + names + R"(},"versions":[)" + versions + "]}}";
}
const std::string version_one = R"({"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}})";

TEST(CustomResourceDefinitions, Defaults) {
  expect_defaults(crds, definition(version_one),
                  {{"/spec/names/singular", R"("widget")"},
                   {"/spec/names/listKind", R"("WidgetList")"},
                   {"/spec/conversion", R"({"strategy":"None"})"},
                   {"/status/storedVersions", R"(["v1"])"}});
  expect_defaults(crds, R"({"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"service":{"name":"s","namespace":"n"}},"conversionReviewVersions":["v1"]}}}})",
                  {{"/spec/conversion/webhook/clientConfig/service/port", "443"}});
}

TEST(CustomResourceDefinitions, AStatusIsNotTakenFromTheClient) {
  const auto made = object(crds, definition(version_one));
  resource(crds).prepare_for_create(*made);
  EXPECT_EQ(at(*made, "/status"), R"({"acceptedNames":{"kind":"","plural":""},"conditions":null,"storedVersions":["v1"]})");
}

TEST(CustomResourceDefinitions, AnotherStorageVersionJoinsTheStoredOnes) {
  const auto before = object(crds, definition(version_one));
  const auto after = object(crds, definition(R"({"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}},
      {"name":"v2","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}})"));
  resource(crds).prepare_for_update(*after, *before);
  EXPECT_EQ(at(*after, "/status/storedVersions"), R"(["v1","v2"])");
}

TEST(CustomResourceDefinitions, Rules) {
  EXPECT_EQ(causes(crds, definition(version_one)), Lines());
  EXPECT_EQ(causes(crds, definition(version_one + "," + version_one)),
            (Lines{"spec.versions: Invalid value: []: must contain unique version names", "spec.versions: Invalid value: []: must have exactly one version marked as storage version"}));
  EXPECT_EQ(causes(crds, definition(R"({"name":"v1","served":true,"storage":true})")), (Lines{"spec.versions[0].schema.openAPIV3Schema: Required value"}));
  EXPECT_EQ(causes(crds, definition(version_one, R"("plural":"gadgets","kind":"Gadget","listKind":"Gadget")")),
            (Lines{R"(metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group)",
                   R"(spec.names.listKind: Invalid value: "Gadget": kind and listKind may not be the same)"}));
  const std::string local = R"({"metadata":{"name":"widgets.local"},"spec":{"group":"local","scope":"Everywhere","names":{"plural":"widgets","kind":"Widget"},"versions":[)" + version_one + "]}}";
  EXPECT_EQ(causes(crds, local), (Lines{R"(spec.group: Invalid value: "local": should be a domain with at least one dot)",
                                        R"(spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced")"}));
}

TEST(CustomResourceDefinitions, WhatObjectsAreStoredUnderStays) {
  EXPECT_EQ(update_causes(crds, definition(version_one), definition(version_one, R"("plural":"gadgets","kind":"Widget")")),
            (Lines{R"(spec.names.plural: Invalid value: "gadgets": field is immutable)"}));
  EXPECT_EQ(update_causes(crds, definition(version_one), definition(version_one, R"("plural":"widgets","kind":"Gadget")")), Lines());
}

}  // namespace
}  // namespace plumb::resources::testing
