#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(network, service_collection,
                  {.requirement = "A collection of Services MUST be deleted by label, and the others of the namespace MUST stay.",
                   .covers = {"Service, deletes a collection of services"},
                   .needs = {"version>=1.23"}}) {
  using namespace plumb::harness;
  const Resource services = c.in("v1", "services");
  const auto make = [&](const char* name, const char* group) {
    c.create({{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", name}, {"labels", {{"group", group}}}}}, {"spec", {{"ports", {{{"port", 80}}}}}}});
  };
  make("one", "going");
  make("two", "going");
  make("three", "staying");
  EXPECT_EQ(c.must(c.client().list(services))["items"].size(), 3u);
  c.must(c.client().remove_collection(services, {{"labelSelector", "group=going"}}));
  for (const char* name : {"one", "two"}) c.await_gone(services, name);
  const Json left = c.must(c.client().list(services))["items"];
  ASSERT_EQ(left.size(), 1u) << left.dump();
  EXPECT_EQ(name_of(left[0]), "three");
}
