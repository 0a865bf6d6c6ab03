#include "conformance/network/endpoints_of.h"

#include <gtest/gtest.h>

PLUMB_CONFORMANCE(network, endpoints_lifecycle,
                  {.requirement = "Endpoints MUST be created, updated, patched with another address and port, and deleted by label, each visibly to reads and watches.",
                   .covers = {"Endpoint resource lifecycle"}}) {
  using namespace plumb::harness;
  const Resource endpoints = c.in("v1", "endpoints");
  const Query ours{{"labelSelector", "plumb.io/test=lifecycle"}};
  c.create({{"apiVersion", "v1"}, {"kind", "Endpoints"}, {"metadata", {{"name", "by-hand"}, {"labels", {{"plumb.io/test", "lifecycle"}}}}},
            {"subsets", {{{"addresses", {{{"ip", "10.0.0.24"}}}}, {"ports", {{{"name", "http"}, {"port", 80}, {"protocol", "TCP"}}}}}}}});
  Json now = c.must(c.client().get(endpoints, "by-hand"));
  auto from_now = ours;
  from_now["resourceVersion"] = version_of(now);
  const auto watch = c.must(c.client().watch(endpoints, from_now));
  now["metadata"]["labels"]["updated"] = "true";
  c.must(c.client().update(endpoints, now));
  EXPECT_EQ(text_at(c.must(c.client().get(endpoints, "by-hand")), "/metadata/labels/updated"), "true");
  c.must(c.client().patch(endpoints, "by-hand", PatchKind::merge,
                          {{"metadata", {{"labels", {{"patched", "true"}}}}},
                           {"subsets", {{{"addresses", {{{"ip", "10.0.0.25"}}}}, {"ports", {{{"name", "http"}, {"port", 8080}, {"protocol", "TCP"}}}}}}}}));
  now = c.must(c.client().get(endpoints, "by-hand"));
  EXPECT_EQ(places_in_endpoints(now), Places{"http 10.0.0.25:8080"});
  EXPECT_EQ(text_at(now, "/metadata/labels/patched"), "true");
  EXPECT_EQ(text_at(c.next_event(*watch).object, "/metadata/labels/updated"), "true");
  EXPECT_EQ(places_in_endpoints(c.next_event(*watch).object), Places{"http 10.0.0.25:8080"});
  c.must(c.client().remove_collection(endpoints, ours));
  const auto last = c.next_event(*watch);
  EXPECT_EQ(last.type, "DELETED");
  EXPECT_EQ(name_of(last.object), "by-hand");
  c.refused(c.client().get(endpoints, "by-hand"), 404, "NotFound");
}
