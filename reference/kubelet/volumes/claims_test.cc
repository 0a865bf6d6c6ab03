// Which claims a pod may use, and what becomes of them: tables over a cluster in memory and mounts that are only noted down.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "reference/kubelet/volumes/testing.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

class Claims : public ::testing::Test {
 protected:
  void SetUp() override {
    char dir[] = "/tmp/plumb-claims-XXXXXX";
    ASSERT_NE(mkdtemp(dir), nullptr);
    dir_ = dir;
    fs::create_directories(dir_ + "/data");
    node_ = std::make_unique<VolumesOfPod>(dir_, std::make_unique<FakeMounter>(record_));
  }
  void TearDown() override { fs::remove_all(dir_); }
  VolumesOfPod& node() { return *node_; }
  std::string folder(const char* type, const char* name) const { return dir_ + "/pods/u/volumes/kubernetes.io~" + type + "/" + name; }
  static std::string failed(const std::string& names, const std::string& why) {
    return "Unable to attach or mount volumes: unmounted volumes=[" + names + "], unattached volumes=[], failed to process volumes=[" + names + "]: " + why;
  }

  std::string dir_;
  FakeMounter::Record record_;
  std::unique_ptr<VolumesOfPod> node_;
};

TEST_F(Claims, OnlyABoundClaimIsMounted) {
  struct Case {
    VolumesOfPod::Edit spoil;
    std::string why;
  };
  const std::string processing = "error processing PVC ns/c-v: ";
  const Case cases[] = {
      {[](auto& claim, auto&) { claim.status.phase = "Pending"; }, processing + "PVC is not bound"},
      {[](auto& claim, auto&) { claim.status.phase = "Lost"; }, processing + "PVC is not bound"},
      {[](auto& claim, auto&) { claim.spec.volumeName = ""; }, processing + "PVC has empty pvc.Spec.VolumeName"},
      {[](auto& claim, auto&) { claim.metadata.deletionTimestamp = api::Time::from(VirtualClock().wall()); }, processing + "PVC is being deleted"},
      {[](auto& claim, auto&) { claim.metadata.name = "other"; },
       processing + "failed to fetch PVC from API server: persistentvolumeclaims \"c-v\" not found"},
      {[](auto&, auto& volume) { volume.metadata.name = "other"; },
       processing + "failed to fetch PV pv-v from API server: persistentvolumes \"pv-v\" not found"},
      {[](auto&, auto& volume) { volume.spec.claimRef = {}; },
       processing + "found PV object pv-v but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim"},
      {[](auto&, auto& volume) { volume.spec.claimRef->uid = "another"; },
       processing + "found PV object pv-v but its pv.Spec.ClaimRef.UID another does not point to claim.UID uid-v"},
  };
  for (const auto& [spoil, why] : cases) {
    TearDown();
    SetUp();
    node().add_claim("v", [&](auto& claim, auto& volume) {
      volume.spec.persistentVolumeSource.local.ensure().path = dir_ + "/data";
      spoil(claim, volume);
    });
    EXPECT_EQ(node().set_up(), failed("v", why));
    EXPECT_TRUE(record_.mounts.empty()) << why;
    EXPECT_FALSE(node().source("v").ok()) << why;
  }
}

TEST_F(Claims, APodThatRunsKeepsAClaimThatIsGoing) {
  node().add_claim("v", [&](auto& claim, auto& volume) {
    volume.spec.persistentVolumeSource.local.ensure().path = dir_ + "/data";
    claim.metadata.deletionTimestamp = api::Time::from(node().clock.wall());
  });
  node().pod.status.phase = "Running";
  EXPECT_EQ(node().set_up(), "");
}

TEST_F(Claims, AnEphemeralVolumeMustBeThePodsOwn) {
  const auto claim_of = [&](const char* owner) {
    node().add_claim("other", [&](auto& claim, auto& volume) {
      claim.metadata.name = "p-v";
      volume.spec.persistentVolumeSource.local.ensure().path = dir_ + "/data";
      auto& reference = claim.metadata.ownerReferences.emplace_back();
      reference.uid = owner;
      reference.controller = true;
    });
    node().pod.spec.volumes.clear();
    node().add_volume("v").ephemeral.ensure();
  };
  claim_of("another");
  EXPECT_EQ(node().set_up(), failed("v", "PVC ns/p-v was not created for pod ns/p (pod is not owner)"));
  TearDown();
  SetUp();
  claim_of("u");
  EXPECT_EQ(node().set_up(), "");
  EXPECT_EQ(node().source("v")->path, folder("local-volume", "pv-other"));
}

TEST_F(Claims, AVolumeOfAnotherNodeIsNotMounted) {
  const auto on = [&](const char* host) {
    node().add_claim("v", [&](auto&, auto& volume) {
      volume.spec.persistentVolumeSource.local.ensure().path = dir_ + "/data";
      auto& term = volume.spec.nodeAffinity.ensure().required.ensure().nodeSelectorTerms.emplace_back();
      auto& wanted = term.matchExpressions.emplace_back();
      wanted.key = "kubernetes.io/hostname";
      wanted.operator_ = "In";
      wanted.values.push_back(host);
    });
  };
  on("elsewhere");
  EXPECT_EQ(node().set_up(), "MountVolume.NodeAffinity check failed for volume \"pv-v\" : no matching NodeSelectorTerms");
  EXPECT_TRUE(record_.log.empty());
  TearDown();
  SetUp();
  on("n");
  EXPECT_EQ(node().set_up(), "");
}

TEST_F(Claims, ALocalVolumeIsBoundIntoThePodsFolderAndUnmountedAtItsEnd) {
  node().add_local_volume("v", dir_ + "/data");
  ASSERT_EQ(node().set_up(), "");
  ASSERT_EQ(node().set_up(), "");
  const std::string path = folder("local-volume", "pv-v");
  EXPECT_EQ(record_.log, std::vector<std::string>{"bind " + dir_ + "/data on " + path});
  ASSERT_TRUE(node().volumes->tear_down(node().pod).ok());
  EXPECT_EQ(record_.log.back(), "unmount " + path);
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(Claims, WhatStaysMountedIsNotTornDownAndNotRemoved) {
  node().add_local_volume("v", dir_ + "/data");
  ASSERT_EQ(node().set_up(), "");
  const std::string path = folder("local-volume", "pv-v");
  record_.stuck = path;
  const Status done = node().volumes->tear_down(node().pod);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message, "unmounting " + path + ": " + path + " is still mounted");
  node().volumes->remove(node().pod);
  EXPECT_TRUE(fs::exists(path));
  record_.stuck.clear();
  EXPECT_TRUE(node().volumes->tear_down(node().pod).ok());
}

TEST_F(Claims, AFailedMountIsToldAndLeavesNoFolder) {
  node().add_local_volume("v", dir_ + "/data");
  node().add_volume("scratch").emptyDir.ensure();
  record_.fail_mount = "no";
  EXPECT_EQ(node().set_up(), "MountVolume.SetUp failed for volume \"pv-v\" : no");
  EXPECT_FALSE(fs::exists(folder("local-volume", "pv-v")));
  EXPECT_TRUE(fs::exists(folder("empty-dir", "scratch")));
  record_.fail_mount.clear();
  EXPECT_EQ(node().set_up(), "");
}

TEST_F(Claims, ALocalVolumeNeedsItsPath) {
  node().add_local_volume("v", dir_ + "/none");
  EXPECT_EQ(node().set_up(), "MountVolume.SetUp failed for volume \"pv-v\" : path \"" + dir_ + "/none\" does not exist");
}

TEST_F(Claims, ModesOfUseAndVolumeMustAgree) {
  struct Case {
    const char* volume_mode;
    bool as_device;
    std::string why;
  };
  const Case cases[] = {
      {"Block", false, "volume v has volumeMode Block, but is specified in volumeMounts"},
      {"Filesystem", true, "volume v has volumeMode Filesystem, but is specified in volumeDevices"},
  };
  for (const auto& [mode, as_device, why] : cases) {
    TearDown();
    SetUp();
    node().add_claim("v", [&, mode = mode](auto&, auto& volume) {
      volume.spec.persistentVolumeSource.local.ensure().path = dir_ + "/data";
      volume.spec.volumeMode = mode;
    });
    if (as_device) node().pod.spec.containers[0].volumeDevices.emplace_back().name = "v";
    else node().pod.spec.containers[0].volumeMounts.emplace_back().name = "v";
    EXPECT_EQ(node().set_up(), failed("v", why));
  }
}

TEST_F(Claims, AVolumeOfOnePodAtATimeIsFreeWhenThatPodIsTornDown) {
  node().add_claim("v", [&](auto&, auto& volume) {
    volume.spec.persistentVolumeSource.local.ensure().path = dir_ + "/data";
    volume.spec.accessModes.push_back("ReadWriteOncePod");
  });
  ASSERT_EQ(node().set_up(), "");
  ASSERT_EQ(node().set_up(), "");
  corev1::Pod other = node().pod;
  other.metadata.uid = "other";
  const FieldContext context{other, "192.0.2.1", {}};
  const Status refused = node().volumes->set_up(context);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "MountVolume.SetUp failed for volume \"pv-v\" : volume uses the ReadWriteOncePod access mode and is already in use by another pod");
  ASSERT_TRUE(node().volumes->tear_down(node().pod).ok());
  EXPECT_TRUE(node().volumes->set_up(context).ok());
}

TEST_F(Claims, AHostPathVolumeIsUsedWhereItIs) {
  node().add_claim("v", [&](auto&, auto& volume) { volume.spec.persistentVolumeSource.hostPath.ensure().path = dir_ + "/data"; });
  ASSERT_EQ(node().set_up(), "");
  EXPECT_EQ(node().source("v")->path, dir_ + "/data");
  EXPECT_TRUE(node().volumes->tear_down(node().pod).ok());
  EXPECT_TRUE(fs::exists(dir_ + "/data"));
}

TEST_F(Claims, NfsIsMountedWithItsOptions) {
  node().add_claim("v", [&](auto&, auto& volume) {
    auto& nfs = volume.spec.persistentVolumeSource.nfs.ensure();
    nfs.server = "2001:db8::1";
    nfs.path = "/export";
    nfs.readOnly = true;
    volume.spec.mountOptions.push_back("vers=4.2");
  });
  ASSERT_EQ(node().set_up(), "");
  EXPECT_EQ(record_.log.front(), "nfs [2001:db8::1]:/export on " + folder("nfs", "pv-v") + " (vers=4.2,ro)");
  EXPECT_TRUE(node().source("v")->read_only);
}

TEST_F(Claims, AVolumeOfNoKnownTypeIsToldOf) {
  node().add_claim("v", [](auto&, auto& volume) { volume.spec.persistentVolumeSource.csi.ensure().driver = "d"; });
  EXPECT_EQ(node().set_up(), failed("v", "failed to get Plugin from volumeSpec for volume \"v\" err=no volume plugin matched"));
}

TEST(MountTable, IsReadWithItsEscapes) {
  const auto mounts = parse_mounts(
      "36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 - ext3 /dev/root rw\n"
      "broken line\n"
      "37 36 0:45 / /x rw - tmpfs tmpfs rw\n");
  EXPECT_EQ(mounts, (std::vector<MountPoint>{{"/mnt/a b", "ext3"}, {"/x", "tmpfs"}}));
}

}  // namespace
}  // namespace plumb::kubelet
