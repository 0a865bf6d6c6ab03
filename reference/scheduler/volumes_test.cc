// From the decision about a pod with claims to its binding.
#include <gmock/gmock.h>

#include "reference/scheduler/scheduler.h"
#include "reference/scheduler/storage_testing.h"

namespace plumb::scheduler::testing {
namespace {

using namespace std::chrono_literals;
using corev1::PersistentVolume;
using corev1::PersistentVolumeClaim;

struct SchedulerWithVolumes : ::testing::Test {
  VirtualClock clock;
  informer::FakeClient client{clock};
  informer::InformerFactory informers{client, clock};
  std::unique_ptr<Scheduler> scheduler;

  void SetUp() override {
    client.add(MakeNode("a").label("zone", "z1").node);
    client.add(MakeNode("b").label("zone", "z2").node);
    client.add(make_class("later", "kubernetes.io/no-provisioner"));
    client.add(make_class("made", "p.io"));
    auto made = Scheduler::make(client, informers, clock, {});
    ASSERT_TRUE(made.ok()) << made.error().message;
    scheduler = std::move(*made);
    informers.start();
  }
  std::string node_of(const std::string& pod) { return client.find<corev1::Pod>("default/" + pod)->spec.nodeName.str(); }
  std::string why(const std::string& pod) {
    for (const auto& one : client.find<corev1::Pod>("default/" + pod)->status.conditions)
      if (one.type == "PodScheduled") return one.reason.str() + ": " + one.message.str();
    return {};
  }
  std::string claimed_by(const std::string& volume) {
    const auto found = client.find<PersistentVolume>(volume);
    return found->spec.claimRef ? found->spec.claimRef->name.str() : "";
  }
  std::string selected(const std::string& claim) {
    return client.find<PersistentVolumeClaim>("default/" + claim)->metadata.annotations.get("volume.kubernetes.io/selected-node").str();
  }
  // As the binder does.
  void finish(const std::string& name, const std::string& volume) {
    auto claim = std::make_shared<PersistentVolumeClaim>(*client.find<PersistentVolumeClaim>("default/" + name));
    claim->spec.volumeName = volume;
    claim->metadata.annotations.set("pv.kubernetes.io/bind-completed", "yes");
    claim->metadata.resourceVersion.reset();
    client.add(claim);
  }
};

TEST_F(SchedulerWithVolumes, APodIsBoundOnceItsVolumeIs) {
  client.add(MakeVolume("v").near("zone", "z2").volume);
  client.add(MakeClaim("c").claim);
  client.add(using_claims("web", {"c"}).pod);
  scheduler->run_pending();
  EXPECT_EQ(claimed_by("v"), "c");
  EXPECT_EQ(node_of("web"), "") << "the claim is not bound yet";
  EXPECT_EQ(scheduler->counts().binding, 1u);
  client.add(MakePod("plain").container().pod);
  scheduler->run_pending();
  EXPECT_NE(node_of("plain"), "") << "others go on";
  finish("c", "v");
  scheduler->run_pending();
  EXPECT_EQ(node_of("web"), "b");
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
}

TEST_F(SchedulerWithVolumes, TheNodeIsToldToWhoeverMakesTheVolume) {
  client.add(MakeClaim("c", "made").claim);
  client.add(using_claims("web", {"c"}).select("zone", "z2").pod);
  scheduler->run_pending();
  EXPECT_EQ(selected("c"), "b");
  EXPECT_EQ(node_of("web"), "");
  client.add(MakeVolume("new", "made").near("zone", "z2").volume);
  finish("c", "new");
  scheduler->run_pending();
  EXPECT_EQ(node_of("web"), "b");
}

TEST_F(SchedulerWithVolumes, AProvisionerThatCannotTakesTheNodeBack) {
  client.add(MakeClaim("c", "made").claim);
  client.add(using_claims("web", {"c"}).pod);
  scheduler->run_pending();
  ASSERT_NE(selected("c"), "");
  auto claim = std::make_shared<PersistentVolumeClaim>(*client.find<PersistentVolumeClaim>("default/c"));
  claim->metadata.annotations.erase("volume.kubernetes.io/selected-node");
  claim->metadata.resourceVersion.reset();
  client.add(claim);
  scheduler->run_pending();
  EXPECT_EQ(why("web"), "SchedulerError: running PreBind plugin \"VolumeBinding\": binding volumes: selectedNode annotation reset for PVC \"c\"");
  EXPECT_EQ(scheduler->counts().binding, 0u);
  clock.advance(2s);
  scheduler->run_pending();
  EXPECT_NE(selected("c"), "") << "tried again";
}

TEST_F(SchedulerWithVolumes, AClaimThatIsNotBoundInTimeGivesThePodBack) {
  client.add(MakeVolume("v").volume);
  client.add(MakeClaim("c").claim);
  client.add(using_claims("web", {"c"}).pod);
  scheduler->run_pending();
  clock.advance(599s);
  scheduler->run_pending();
  EXPECT_EQ(scheduler->counts().binding, 1u);
  clock.advance(1s);
  scheduler->run_pending();
  EXPECT_EQ(why("web"), "SchedulerError: running PreBind plugin \"VolumeBinding\": context deadline exceeded");
  EXPECT_EQ(scheduler->counts().binding, 0u);
}

TEST_F(SchedulerWithVolumes, AWriteThatIsRefusedGivesThePodBack) {
  client.add(MakeVolume("v").volume);
  client.add(MakeClaim("c").claim);
  client.intercept([](const informer::Request& request) -> std::optional<Error> {
    if (request.verb == informer::Verb::update && request.resource->names().plural == "persistentvolumes") return Error{plumb::Code::conflict, "changed meanwhile", "Conflict", 409};
    return std::nullopt;
  });
  client.add(using_claims("web", {"c"}).pod);
  scheduler->run_pending();
  EXPECT_EQ(why("web"), "SchedulerError: running PreBind plugin \"VolumeBinding\": changed meanwhile");
  client.intercept(nullptr);
  clock.advance(2s);
  scheduler->run_pending();
  EXPECT_EQ(claimed_by("v"), "c");
}

TEST_F(SchedulerWithVolumes, APodThatGoesMeanwhileLeavesItsVolume) {
  client.add(MakeVolume("v").volume);
  client.add(MakeClaim("c").claim);
  client.add(using_claims("web", {"c"}).pod);
  scheduler->run_pending();
  EXPECT_EQ(scheduler->counts().binding, 1u);
  client.erase(informer::resource_of<corev1::Pod>(), "default/web");
  scheduler->run_pending();
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
}

TEST_F(SchedulerWithVolumes, AWaitingPodIsTriedWhenItsClaimChanges) {
  client.add(using_claims("web", {"c"}).pod);
  scheduler->run_pending();
  EXPECT_THAT(why("web"), ::testing::StartsWith("Unschedulable: 0/2 nodes are available: persistentvolumeclaim \"c\" not found."));
  clock.advance(30s);
  client.add(MakeClaim("other").claim);
  EXPECT_EQ(scheduler->run_pending(), 0u);
  client.add(MakeVolume("v").near("zone", "z1").volume);
  client.add(MakeClaim("c").bound_to("v").claim);
  scheduler->run_pending();
  EXPECT_EQ(node_of("web"), "a");
}

}  // namespace
}  // namespace plumb::scheduler::testing
