#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

std::string used(const Json& quota, const std::string& name) { return at(quota, "/status/used", Json::object()).value(name, "none"); }

void await_used(Cluster& c, const std::string& name, std::size_t count) {
  c.await(c.in("v1", "resourcequotas"), "counted", "it to tell of " + std::to_string(count) + " " + name, [&](const Json* quota) {
    return quota != nullptr && used(*quota, name) == std::to_string(count);
  });
}

}  // namespace

PLUMB_CONFORMANCE(api_machinery, quota_counts,
                  {.requirement = "The status of a ResourceQuota MUST soon tell its limits and what is used of them, MUST count each object of a "
                                  "limited kind that is made, and MUST give its share back when it is deleted.",
                   .covers = {"ResourceQuota, object count quota, resourcequotas", "ResourceQuota, object count quota, configmap",
                              "ResourceQuota, object count quota, secret", "ResourceQuota, object count quota, service",
                              "ResourceQuota, object count quota, replicaSet", "ResourceQuota, object count quota, replicationController"},
                   .needs = {"controllers"}}) {
  c.await(c.in("v1", "configmaps"), "kube-root-ca.crt", "what every namespace gets", [](const Json* map) { return map != nullptr; });
  const Json made = c.apply("counted");
  const auto present = [&](const Resource& resource) { return c.must(c.client().list(resource))["items"].size(); };
  const Json counted = c.await(c.in("v1", "resourcequotas"), "counted", "its status to be calculated", [&](const Json* quota) {
    if (quota == nullptr || at(*quota, "/status/hard") != at(made, "/spec/hard")) return false;
    return at(*quota, "/status/used", Json::object()).size() == at(made, "/spec/hard").size();
  });
  EXPECT_EQ(used(counted, "resourcequotas"), "1");
  EXPECT_EQ(used(counted, "services"), "0");

  struct Kind {
    const char *group_version, *plural, *object, *name;
  };
  for (const Kind& kind : {Kind{"v1", "configmaps", "map", "configmaps"}, Kind{"v1", "secrets", "secret", "secrets"},
                           Kind{"apps/v1", "replicasets", "set", "count/replicasets.apps"},
                           Kind{"v1", "replicationcontrollers", "controller", "replicationcontrollers"}, Kind{"v1", "services", "inner", "services"}}) {
    const Resource resource = c.in(kind.group_version, kind.plural);
    const std::size_t before = present(resource);
    await_used(c, kind.name, before);
    c.apply(kind.object);
    await_used(c, kind.name, before + 1);
    c.must(c.client().remove(resource, kind.object));
    c.await_gone(resource, kind.object);
    await_used(c, kind.name, before);
  }

  const Resource services = c.in("v1", "services");
  c.apply("outer");
  await_used(c, "services.nodeports", 1);
  c.refused(c.client().create(services, c.object("balanced")), 403, "Forbidden");
  await_used(c, "services", 1);
  c.must(c.client().remove(services, "outer"));
  await_used(c, "services.nodeports", 0);
  await_used(c, "services", 0);
}
