#include "reference/apiserver/discovery/openapi.h"

#include <gtest/gtest.h>

#include "reference/api/types/corev1.h"

namespace plumb::apiserver {
namespace {

void expect_resolved(const api::Doc& doc, const api::Doc& root) {
  for (const auto& member : doc.members()) {
    if (member.name() == "$ref" && member.value.is_string()) {
      ASSERT_TRUE(member.value.as_string().starts_with("#"));
      EXPECT_NE(root.at_pointer(member.value.as_string().substr(1)), nullptr) << member.value.as_string();
    } else {
      expect_resolved(member.value, root);
    }
  }
  for (const api::Doc& item : doc.items()) expect_resolved(item, root);
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  const api::Doc whole = openapi_v2();
  EXPECT_EQ(definition_name(corev1::Pod::info()), "io.k8s.api.core.v1.Pod");
  EXPECT_TRUE(whole["definitions"]["io.k8s.api.core.v1.Pod"].is_object());
  expect_resolved(whole, whole);
  const api::Doc core = openapi_v3("", "v1");
  EXPECT_TRUE(core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"].is_object());
  expect_resolved(core, core);
}

TEST(OpenApi, SchemasCarryWhatPatchesNeed) {
  const api::Doc whole = openapi_v2();
  const api::Doc& containers = whole["definitions"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
  EXPECT_EQ(containers["x-kubernetes-patch-merge-key"].as_string(), "name");
  EXPECT_EQ(containers["x-kubernetes-patch-strategy"].as_string(), "merge");
  EXPECT_EQ(containers["items"]["$ref"].as_string(), "#/definitions/io.k8s.api.core.v1.Container");
  EXPECT_GT(openapi_v2_protobuf(whole).size(), 100'000u);
}

}  // namespace
}  // namespace plumb::apiserver
