#include "reference/scheduler/storage_testing.h"

namespace plumb::scheduler::testing {
namespace {

using Answers = std::map<std::string, std::string>;
const std::string unreachable = "node(s) didn't match PersistentVolume's node affinity", none_left = "node(s) didn't find available persistent volumes to bind",
                  full = "node(s) did not have enough free storage", missing = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

struct VolumeBindingTest : ::testing::Test {
  StorageTable storage{"VolumeBinding"};
  void SetUp() override {
    storage.add(MakeNode("a").label("zone", "z1")).add(MakeNode("b").label("zone", "z2"));
    storage.add(make_class("later", "kubernetes.io/no-provisioner")).add(make_class("now", "p.io", false)).add(make_class("made", "p.io"));
  }
  Answers filter(const std::vector<std::string>& claims) { return storage.filter(using_claims("p", claims)); }
};

TEST_F(VolumeBindingTest, PodsWithoutClaimsAreNoneOfItsBusiness) { EXPECT_EQ(storage.filter(MakePod().container()), Answers()); }

TEST_F(VolumeBindingTest, ClaimsThatNoNodeCanHelp) {
  EXPECT_EQ(filter({"gone"}), (Answers{{"", "persistentvolumeclaim \"gone\" not found"}}));
  MakeClaim lost("lost"), going("going");
  lost.bound_to("v").claim->status.phase = corev1::ClaimLost;
  going.claim->metadata.deletionTimestamp = api::Time::from(WallTime(std::chrono::seconds(1)));
  going.claim->metadata.finalizers.push_back("kubernetes.io/pvc-protection");
  storage.add(lost).add(going).add(MakeClaim("immediate", "now"));
  EXPECT_EQ(filter({"lost"}), (Answers{{"", "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"v\""}}));
  EXPECT_EQ(filter({"going"}), (Answers{{"", "persistentvolumeclaim \"going\" is being deleted"}}));
  EXPECT_EQ(filter({"immediate"}), (Answers{{"", "pod has unbound immediate PersistentVolumeClaims"}}));
}

TEST_F(VolumeBindingTest, EphemeralVolumesHaveClaimsOfTheirPod) {
  MakePod pod("p");
  corev1::Volume& volume = pod.container().pod->spec.volumes.emplace_back();
  volume.name = "d";
  volume.volumeSource.ephemeral.ensure();
  EXPECT_EQ(storage.filter(pod), (Answers{{"", "waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-d\""}}));
  MakeClaim claim("p-d");
  storage.add(claim);
  EXPECT_EQ(storage.filter(pod), (Answers{{"", "PVC default/p-d was not created for pod default/p (pod is not owner)"}}));
  metav1::OwnerReference& owner = claim.claim->metadata.ownerReferences.emplace_back();
  owner.uid = pod.pod->metadata.uid;
  owner.controller = true;
  storage.add(claim).add(MakeVolume("v").near("zone", "z1"));
  EXPECT_EQ(storage.filter(pod), (Answers{{"a", ""}, {"b", none_left}}));
}

TEST_F(VolumeBindingTest, BoundVolumesHoldThePodWhereTheyAre) {
  storage.add(MakeVolume("v").near("zone", "z1")).add(MakeClaim("c").bound_to("v")).add(MakeClaim("d").bound_to("nowhere"));
  EXPECT_EQ(filter({"c"}), (Answers{{"a", ""}, {"b", unreachable}}));
  EXPECT_EQ(filter({"d"}), (Answers{{"a", missing}, {"b", missing}}));
  EXPECT_EQ(filter({"c", "d"}), (Answers{{"a", missing}, {"b", unreachable + "; " + missing}}));
}

TEST_F(VolumeBindingTest, UnboundClaimsNeedAVolumeEach) {
  storage.add(MakeClaim("c")).add(MakeClaim("large", "later", "5Gi"));
  EXPECT_EQ(filter({"c"}), (Answers{{"a", none_left}, {"b", none_left}}));
  storage.add(MakeVolume("small").near("zone", "z1")).add(MakeVolume("big", "later", "10Gi").near("zone", "z2")).add(MakeVolume("other", "else"));
  EXPECT_EQ(filter({"c"}), (Answers{{"a", ""}, {"b", ""}}));
  EXPECT_EQ(filter({"large"}), (Answers{{"a", none_left}, {"b", ""}}));
  EXPECT_EQ(filter({"large", "c"}), (Answers{{"a", none_left}, {"b", none_left}})) << "b has one volume";
  storage.add(MakeVolume("more", "later", "2Gi"));
  EXPECT_EQ(filter({"large", "c"}), (Answers{{"a", none_left}, {"b", ""}}));
}

TEST_F(VolumeBindingTest, VolumesAreMadeWhereTheClassAllowsItAndThereIsSpace) {
  auto limited = make_class("limited", "q.io");
  auto& term = limited->allowedTopologies.emplace_back().matchLabelExpressions.emplace_back();
  term.key = "zone";
  term.values.push_back("z2");
  storage.add(limited).add(MakeClaim("c", "limited", "2Gi")).add(MakeClaim("d", "made", "2Gi"));
  EXPECT_EQ(filter({"d"}), (Answers{{"a", ""}, {"b", ""}}));
  EXPECT_EQ(filter({"c"}), (Answers{{"a", none_left}, {"b", ""}}));
  auto driver = std::make_shared<storagev1::CSIDriver>();
  driver->metadata.name = "p.io";
  driver->spec.storageCapacity = true;
  storage.add(driver);
  EXPECT_EQ(filter({"d"}), (Answers{{"a", full}, {"b", full}}));
  const auto capacity = [&](std::string_view name, std::string_view zone, std::string_view size, std::string_view largest) {
    auto made = std::make_shared<storagev1::CSIStorageCapacity>();
    made->metadata.namespace_ = "kube-system";
    made->metadata.name = name;
    made->storageClassName = "made";
    made->nodeTopology.ensure().matchLabels.set("zone", zone);
    made->capacity = api::QuantityText(size);
    if (!largest.empty()) made->maximumVolumeSize = api::QuantityText(largest);
    storage.add(made);
  };
  capacity("one", "z1", "1Gi", "");
  capacity("two", "z2", "100Gi", "1Gi");
  EXPECT_EQ(filter({"d"}), (Answers{{"a", full}, {"b", full}}));
  capacity("one", "z1", "3Gi", "");
  EXPECT_EQ(filter({"d"}), (Answers{{"a", ""}, {"b", full}}));
}

TEST_F(VolumeBindingTest, AClaimWhoseNodeIsChosenGoesThere) {
  storage.add(MakeClaim("c", "made").annotate("volume.kubernetes.io/selected-node", "b"));
  EXPECT_EQ(filter({"c"}), (Answers{{"a", none_left}, {"b", ""}}));
}

TEST_F(VolumeBindingTest, WhatIsReservedIsTakenUntilItIsGivenBack) {
  storage.add(MakeClaim("c")).add(MakeClaim("d")).add(MakeVolume("v"));
  auto& plugin = dynamic_cast<ReservePlugin&>(storage.plugin());
  const PodInfo first(using_claims("p", {"c"}).pod);
  EXPECT_TRUE(plugin.reserve(first, "a").ok());
  EXPECT_EQ(filter({"d"}), (Answers{{"a", none_left}, {"b", none_left}}));
  plugin.unreserve(first, "a");
  EXPECT_EQ(filter({"d"}), (Answers{{"a", ""}, {"b", ""}}));
}

TEST_F(VolumeBindingTest, WhatHelps) {
  const PodInfo waiting(using_claims("p", {"c"}).pod);
  const MakeClaim own("c"), other("d");
  const MakeVolume volume("v");
  const auto helps = [&](Events events, api::ObjectPtr before, api::ObjectPtr after) {
    return storage.plugin().helps(waiting, {events, nullptr, nullptr, nullptr, nullptr, std::move(before), std::move(after)});
  };
  EXPECT_TRUE(helps(event::volume_claim, nullptr, own.claim));
  EXPECT_FALSE(helps(event::volume_claim, nullptr, other.claim));
  EXPECT_TRUE(helps(event::volume, nullptr, volume.volume));
  EXPECT_FALSE(helps(event::volume, volume.volume, nullptr));
}

}  // namespace
}  // namespace plumb::scheduler::testing
