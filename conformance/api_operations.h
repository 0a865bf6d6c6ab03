// What "the API operations of a resource" are: that discovery names it, and that every verb does what it says.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

namespace plumb::harness {

struct ApiOperations {
  std::string group, version, plural;  // group "": the core one
  std::vector<Json> objects;  // three, not made yet; cluster-scoped ones with names of this test's own
  Json status_patch = {};     // a merge patch through the status subresource, where there is one; `status` has to hold after it
  std::string status_path = {};
};

inline void expect_discovery(Cluster& c, const ApiOperations& api) {
  const auto names = [](const Json& list, const char* field) {
    Json out = Json::array();
    for (const Json& each : list) out.push_back(text_at(each, field));
    return out;
  };
  if (!api.group.empty()) {
    EXPECT_TRUE(has(names(c.must(c.client().call("GET", "/apis", nullptr))["groups"], "/name"), api.group));
    const Json group = c.must(c.client().call("GET", "/apis/" + api.group, nullptr));
    EXPECT_TRUE(has(names(group["versions"], "/version"), api.version));
  }
  const std::string root = api.group.empty() ? "/api/" : "/apis/" + api.group + "/";
  const Json resources = c.must(c.client().call("GET", root + api.version, nullptr))["resources"];
  const auto verbs_of = [&](const std::string& name) {
    for (const Json& each : resources)
      if (text_at(each, "/name") == name) return at(each, "/verbs", Json::array());
    return Json();
  };
  for (const char* verb : {"create", "get", "list", "watch", "update", "patch", "delete", "deletecollection"}) EXPECT_TRUE(has(verbs_of(api.plural), verb)) << api.plural;
  if (api.status_patch.empty()) return;
  for (const char* verb : {"update", "patch"}) EXPECT_TRUE(has(verbs_of(api.plural + "/status"), verb)) << api.plural;
}

// The next event of that type about that object; others in between are somebody else's writes.
inline Json expect_event(Cluster& c, client::Watch& watch, const std::string& type, const std::string& name) {
  for (;;) {
    const client::Event event = c.next_event(watch);
    if (event.type == type && name_of(event.object) == name) return event.object;
  }
}

inline void expect_api_operations(Cluster& c, const ApiOperations& api) {
  expect_discovery(c, api);
  const std::string group_version = api.group.empty() ? api.version : api.group + "/" + api.version;
  const bool namespaced = c.must(c.client().find_resource(group_version, api.plural)).namespaced;
  const Resource resource{group_version, api.plural, namespaced ? c.space() : std::string()};
  const Query ours{{"labelSelector", "plumb.io/test=" + c.space()}};
  const auto count = [&](const Resource& in) { return c.must(c.client().list(in, ours))["items"].size(); };

  auto from_now = ours;
  from_now["resourceVersion"] = version_of(c.must(c.client().list(resource, ours)));
  const auto watch = c.must(c.client().watch(resource, from_now));
  std::vector<std::string> names;
  for (Json object : api.objects) {
    object["metadata"]["labels"]["plumb.io/test"] = c.space();
    names.push_back(name_of(c.create(object)));
    expect_event(c, *watch, "ADDED", names.back());
  }
  const std::string& name = names.front();
  EXPECT_EQ(name_of(c.must(c.client().get(resource, name))), name);
  EXPECT_EQ(count(resource), names.size());
  if (namespaced) {
    EXPECT_EQ(count({group_version, api.plural, ""}), names.size());
  }

  const Json patched = c.must(c.client().patch(resource, name, PatchKind::merge, {{"metadata", {{"annotations", {{"patched", "true"}}}}}}));
  EXPECT_EQ(text_at(patched, "/metadata/annotations/patched"), "true");
  EXPECT_EQ(text_at(expect_event(c, *watch, "MODIFIED", name), "/metadata/annotations/patched"), "true");
  // A controller may write at the same time.
  Json updated;
  c.eventually("an update", [&] {
    updated = c.must(c.client().get(resource, name));
    updated["metadata"]["annotations"]["updated"] = "true";
    return c.client().update(resource, updated).ok();
  });
  while (text_at(expect_event(c, *watch, "MODIFIED", name), "/metadata/annotations/updated") != "true") {
  }
  EXPECT_EQ(text_at(c.must(c.client().get(resource, name)), "/metadata/annotations/updated"), "true");

  if (!api.status_patch.empty()) {
    c.must(c.client().patch(resource, name, PatchKind::merge, api.status_patch, "status"));
    EXPECT_EQ(at(c.must(c.client().get(resource, name)), api.status_path), at(api.status_patch, api.status_path));
    c.eventually("an update of the status", [&] {
      Json now = c.must(c.client().get(resource, name, "status"));
      now["metadata"]["annotations"]["statusUpdated"] = "true";
      now["status"] = api.status_patch["status"];
      return c.client().update(resource, now, "status").ok();
    });
    EXPECT_EQ(at(c.must(c.client().get(resource, name)), api.status_path), at(api.status_patch, api.status_path));
  }

  c.must(c.client().remove(resource, name));
  c.await_gone(resource, name, timeouts::pod_gone);
  expect_event(c, *watch, "DELETED", name);
  c.refused(c.client().get(resource, name), 404, "NotFound");
  EXPECT_EQ(count(resource), names.size() - 1);
  c.must(c.client().remove_collection(resource, ours));
  for (const std::string& each : names) c.await_gone(resource, each, timeouts::pod_gone);
  EXPECT_EQ(count(resource), 0u);
}

}  // namespace plumb::harness
