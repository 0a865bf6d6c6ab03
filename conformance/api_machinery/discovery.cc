#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(api_machinery, discovery,
                  {.requirement = "Discovery MUST name every API group with its versions and a preferred one among them, and each group version MUST list its resources.",
                   .covers = {"Discovery, confirm the PreferredVersion for each api group", "Discovery, confirm the groupVerion and a resourcefrom each apiGroup",
                              "Confirm a server version"}}) {
  using namespace plumb::harness;
  const Json groups = c.must(c.client().call("GET", "/apis", nullptr));
  EXPECT_EQ(text_at(groups, "/kind"), "APIGroupList");
  ASSERT_FALSE(at(groups, "/groups", Json::array()).empty());
  for (const Json& group : groups["groups"]) {
    const std::string name = text_at(group, "/name");
    const Json versions = at(group, "/versions", Json::array());
    EXPECT_TRUE(std::any_of(versions.begin(), versions.end(), [&](const Json& version) { return version == group["preferredVersion"]; }))
        << name << " prefers a version that it does not list";
    const Json single = c.must(c.client().call("GET", "/apis/" + name, nullptr));
    EXPECT_EQ(at(single, "/versions"), versions) << name;
    for (const Json& version : versions) {
      const std::string group_version = text_at(version, "/groupVersion");
      EXPECT_EQ(group_version, name + "/" + text_at(version, "/version"));
      const Json resources = c.must(c.client().call("GET", "/apis/" + group_version, nullptr));
      EXPECT_EQ(text_at(resources, "/groupVersion"), group_version);
      EXPECT_FALSE(at(resources, "/resources", Json::array()).empty()) << group_version;
    }
  }
  const Json core = c.must(c.client().call("GET", "/api/v1", nullptr));
  bool pods = false;
  for (const Json& resource : core["resources"]) {
    if (text_at(resource, "/name") != "pods") continue;
    pods = true;
    EXPECT_EQ(text_at(resource, "/kind"), "Pod");
    EXPECT_TRUE(at(resource, "/namespaced") == true);
    const Json verbs = at(resource, "/verbs", Json::array());
    for (const char* verb : {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}) {
      EXPECT_TRUE(has(verbs, verb));
    }
  }
  EXPECT_TRUE(pods);
  const Json version = c.must(c.client().version());
  // Clusters of some vendors add a plus sign to the minor version.
  for (const std::string& number : {text_at(version, "/major"), text_at(version, "/minor")}) {
    const std::string digits = number.substr(0, number.find('+'));
    EXPECT_TRUE(!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos) << "expected an integer, got \"" << number << "\" in " << version.dump();
  }
  EXPECT_EQ(text_at(version, "/gitVersion").rfind("v1.", 0), 0u);
  c.refused(c.client().call("GET", "/apis/no.such.group", nullptr), 404, "");
}
