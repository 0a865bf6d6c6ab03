#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, lease_api,
                  {.requirement = "Leases MUST be created, read, updated, patched, listed and deleted, and their spec MUST be what was written; a deletion by label MUST leave the others.",
                   .covers = {"lease API should be available"}}) {
  using namespace plumb::harness;
  const Resource leases = c.in("coordination.k8s.io/v1", "leases");
  const auto lease = [&](const std::string& name, const Json& labels) {
    return Json{{"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}, {"metadata", {{"name", name}, {"labels", labels}}},
                {"spec", {{"holderIdentity", "holder"}, {"leaseDurationSeconds", 30}, {"acquireTime", "2026-01-02T03:04:05.000000Z"},
                          {"renewTime", "2026-01-02T03:04:07.000000Z"}, {"leaseTransitions", 1}}}};
  };
  const auto spec = [&] { return at(c.must(c.client().get(leases, "one")), "/spec"); };

  const Json first = lease("one", Json::object());
  c.create(first);
  EXPECT_EQ(spec(), first["spec"]);

  Json next = c.must(c.client().get(leases, "one"));
  next["spec"] = {{"holderIdentity", "other"}, {"leaseDurationSeconds", 40}, {"acquireTime", "2026-01-02T04:04:05.000000Z"}, {"renewTime", "2026-01-02T04:04:07.000000Z"},
                  {"leaseTransitions", 2}};
  c.must(c.client().update(leases, next));
  EXPECT_EQ(spec(), next["spec"]);

  c.must(c.client().patch(leases, "one", PatchKind::strategic, {{"spec", {{"leaseDurationSeconds", 50}}}}));
  next["spec"]["leaseDurationSeconds"] = 50;
  EXPECT_EQ(spec(), next["spec"]);

  c.create(lease("two", {{"deletecollection", "true"}}));
  EXPECT_EQ(c.must(c.client().list(leases, {}))["items"].size(), 2u);
  c.must(c.client().remove_collection(leases, {{"labelSelector", "deletecollection=true"}}));
  const Json left = c.must(c.client().list(leases, {}))["items"];
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(name_of(left[0]), "one");
  c.must(c.client().remove(leases, "one"));
  c.refused(c.client().get(leases, "one"), 404, "NotFound");
}
