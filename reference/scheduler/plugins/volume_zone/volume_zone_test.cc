#include "reference/scheduler/storage_testing.h"

namespace plumb::scheduler::testing {
namespace {

using Answers = std::map<std::string, std::string>;
const std::string zone = "topology.kubernetes.io/zone", old_zone = "failure-domain.beta.kubernetes.io/zone", region = "topology.kubernetes.io/region";

TEST(VolumeZone, ThePodGoesWhereItsVolumesAre) {
  StorageTable storage("VolumeZone");
  storage.add(MakeNode("a").label(zone, "z1").label(region, "r")).add(MakeNode("b").label(zone, "z2").label(region, "r"));
  storage.add(MakeNode("old").label(old_zone, "z1")).add(MakeNode("nowhere"));
  storage.add(MakeVolume("one").label(zone, "z1")).add(MakeVolume("both").label(old_zone, "z1__z2").label(region, "r")).add(MakeVolume("plain"));
  for (const char* name : {"one", "both", "plain"}) storage.add(MakeClaim(name).bound_to(name));
  const std::string no = "node(s) had no available volume zone";
  const auto filter = [&](std::string_view claim) { return storage.filter(using_claims("p", {std::string(claim)})); };
  EXPECT_EQ(filter("one"), (Answers{{"a", ""}, {"b", no}, {"old", ""}, {"nowhere", ""}}));
  EXPECT_EQ(filter("both"), (Answers{{"a", ""}, {"b", ""}, {"old", no}, {"nowhere", ""}})) << "old says no region";
  EXPECT_EQ(filter("plain"), Answers());
}

TEST(VolumeZone, ClaimsWithoutAVolume) {
  StorageTable storage("VolumeZone");
  storage.add(make_class("later", "p.io")).add(make_class("now", "p.io", false));
  storage.add(MakeClaim("c")).add(MakeClaim("d", "now")).add(MakeClaim("e", "")).add(MakeClaim("f", "none")).add(MakeClaim("g").bound_to("gone"));
  const auto filter = [&](std::string_view claim) { return storage.filter(using_claims("p", {std::string(claim)})); };
  EXPECT_EQ(filter("c"), Answers());
  EXPECT_EQ(filter("d"), (Answers{{"", "PersistentVolume had no name"}}));
  EXPECT_EQ(filter("e"), (Answers{{"", "PersistentVolumeClaim had no pv name and storageClass name"}}));
  EXPECT_EQ(filter("f"), (Answers{{"", "storageclass.storage.k8s.io \"none\" not found"}}));
  EXPECT_EQ(filter("g"), (Answers{{"", "persistentvolume \"gone\" not found"}}));
}

}  // namespace
}  // namespace plumb::scheduler::testing
