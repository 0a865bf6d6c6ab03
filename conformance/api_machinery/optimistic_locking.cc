#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, optimistic_locking,
                  {.requirement = "An update that names a stale resourceVersion or another uid MUST be refused with a Conflict and change nothing, and one that "
                                  "changes nothing MUST keep the resourceVersion."}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const Json first = c.apply("contended");
  Json second = first;
  second["data"]["writer"] = "two";
  const Json stored = c.must(c.client().update(maps, second));
  EXPECT_NE(version_of(stored), version_of(first));
  Json third = first;
  third["data"]["writer"] = "three";
  c.refused(c.client().update(maps, third), 409, "Conflict");
  EXPECT_EQ(text_at(c.must(c.client().get(maps, "contended")), "/data/writer"), "two");

  const Json unchanged = c.must(c.client().update(maps, stored));
  EXPECT_EQ(version_of(unchanged), version_of(stored)) << "an update without a change is no write";

  Json other = stored;
  other["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000";
  c.refused(c.client().update(maps, other), 409, "Conflict");
  c.refused(c.client().remove(maps, "contended", {{"preconditions", {{"uid", "00000000-0000-4000-8000-000000000000"}}}}), 409, "Conflict");
  c.refused(c.client().remove(maps, "contended", {{"preconditions", {{"resourceVersion", version_of(first)}}}}), 409, "Conflict");
  Json numbered = first;
  numbered["metadata"]["name"] = "numbered";
  EXPECT_FALSE(c.client().create(maps, numbered).ok()) << "a new object cannot have a resourceVersion";
  Json fresh = c.object("contended");
  c.refused(c.client().create(maps, fresh), 409, "AlreadyExists");
  c.must(c.client().remove(maps, "contended", {{"preconditions", {{"uid", text_at(stored, "/metadata/uid")}}}}));
  c.refused(c.client().get(maps, "contended"), 404, "NotFound");
}
