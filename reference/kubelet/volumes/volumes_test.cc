// Volumes on this machine, in a mount namespace of the test's own.
#include "reference/kubelet/volumes/volumes.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "reference/informer/fake_client.h"
#include "reference/kubelet/volumes/beneath.h"
#include "reference/kubelet/volumes/testing.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr long kTmpfs = 0x01021994;

bool in_memory(const std::string& path) {
  struct statfs facts {};
  return statfs(path.c_str(), &facts) == 0 && facts.f_type == kTmpfs;
}

bool mounted(const std::string& path) {
  std::ifstream table("/proc/thread-self/mountinfo");
  for (std::string line; std::getline(table, line);)
    if (line.find(" " + path + " ") != std::string::npos) return true;
  return false;
}

std::string text_of(const std::string& path) {
  std::string text;
  std::getline(std::ifstream(path), text);
  return text;
}

void put(const std::string& path, const char* text) { std::ofstream(path) << text; }

// A node's volumes in a mount namespace of their own; each test gets an empty folder.
class RealVolumes : public ::testing::Test {
 protected:
  void apart(const std::function<void(VolumesOfPod&)>& test) {
    char dir[] = "/tmp/plumb-volumes-XXXXXX";
    ASSERT_NE(mkdtemp(dir), nullptr);
    bool apart = false;
    std::thread([&] {
      apart = unshare(CLONE_FS) == 0 && unshare(CLONE_NEWNS) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
      if (!apart) return;
      VolumesOfPod node(dir, system_mounter());
      fs::create_directories(node.pods_dir + "/u");
      test(node);
    }).join();
    fs::remove_all(dir);
    if (!apart) GTEST_SKIP() << "mounts need root";
  }
};

TEST_F(RealVolumes, SecretsLieInMemoryUntilThePodIsTornDown) {
  apart([](VolumesOfPod& node) {
    auto secret = std::make_shared<corev1::Secret>();
    secret->metadata.name = "s";
    secret->metadata.namespace_ = "ns";
    secret->data.set("key", api::Bytes{"value"});
    ASSERT_TRUE(node.client.create<corev1::Secret>(secret).ok());
    node.add_volume("plain").secret.ensure().secretName = "s";
    node.add_volume("mixed").projected.ensure().sources.emplace_back().secret.ensure().localObjectReference.name = "s";
    ASSERT_EQ(node.set_up(), "");
    ASSERT_EQ(node.set_up(), "");
    for (const auto& volume : node.pod.spec.volumes) {
      const auto source = node.source(volume.name.str());
      ASSERT_TRUE(source.ok());
      EXPECT_TRUE(source->read_only);
      EXPECT_TRUE(mounted(source->path)) << source->path;
      EXPECT_TRUE(in_memory(source->path)) << source->path;
      EXPECT_EQ(text_of(source->path + "/key"), "value");
    }
    ASSERT_TRUE(node.volumes->tear_down(node.pod).ok());
    EXPECT_FALSE(fs::exists(node.pods_dir + "/u/volumes"));
    ASSERT_TRUE(node.volumes->refresh(node.context()).ok());
    EXPECT_FALSE(fs::exists(node.pods_dir + "/u/volumes"));
  });
}

TEST_F(RealVolumes, WhatALocalVolumeHoldsSurvivesItsPods) {
  apart([](VolumesOfPod& node) {
    const std::string data = node.dir + "/data";
    fs::create_directories(data + "/inner");
    node.add_local_volume("v", data);
    const std::string path = node.pods_dir + "/u/volumes/kubernetes.io~local-volume/pv-v";
    ASSERT_EQ(node.set_up(), "");
    ASSERT_EQ(node.set_up(), "");
    ASSERT_EQ(node.source("v")->path, path);
    EXPECT_TRUE(mounted(path));
    put(path + "/inner/file", "kept");
    const auto part = node.source("v", "inner/new");
    ASSERT_TRUE(part.ok()) << part.error().message;
    EXPECT_TRUE(mounted(part->path));
    put(part->path + "/file", "also kept");
    // A kubelet that starts again knows what is on the disk alone.
    Volumes again(node.pods_dir, *node.objects, system_mounter());
    ASSERT_TRUE(again.tear_down(node.pod).ok());
    again.remove(node.pod);
    EXPECT_FALSE(fs::exists(node.pods_dir + "/u"));
    EXPECT_EQ(text_of(data + "/inner/file"), "kept");
    EXPECT_EQ(text_of(data + "/inner/new/file"), "also kept");
  });
}

TEST_F(RealVolumes, NothingBehindAMountIsRemovedEvenByWhatRemovesAll) {
  apart([](VolumesOfPod& node) {
    const std::string data = node.dir + "/data", folder = node.dir + "/folder";
    fs::create_directories(data);
    fs::create_directories(folder + "/a/b");
    put(data + "/file", "kept");
    // On the same file system: no number of a device tells them apart.
    ASSERT_EQ(mount(data.c_str(), (folder + "/a/b").c_str(), nullptr, MS_BIND, nullptr), 0);
    EXPECT_FALSE(remove_folder(folder).ok());
    EXPECT_EQ(text_of(data + "/file"), "kept");
    EXPECT_FALSE(remove_folder(folder + "/a/b").ok());
    EXPECT_EQ(text_of(data + "/file"), "kept");
    ASSERT_EQ(umount(data.c_str()) == 0 || umount((folder + "/a/b").c_str()) == 0, true);
    fs::create_symlink(data, folder + "/a/link");
    ASSERT_TRUE(remove_folder(folder).ok());
    EXPECT_EQ(text_of(data + "/file"), "kept");
  });
}

TEST_F(RealVolumes, APodsOwnFolderIsKeptFromWhatAPodMountedThere) {
  apart([](VolumesOfPod& node) {
    const std::string data = node.dir + "/data";
    fs::create_directories(data);
    put(data + "/file", "kept");
    node.add_volume("scratch").emptyDir.ensure();
    ASSERT_EQ(node.set_up(), "");
    const std::string inner = node.source("scratch")->path + "/inner";
    fs::create_directories(inner);
    ASSERT_EQ(mount(data.c_str(), inner.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_TRUE(node.volumes->tear_down(node.pod).ok());
    node.volumes->remove(node.pod);
    EXPECT_FALSE(fs::exists(node.pods_dir + "/u"));
    EXPECT_EQ(text_of(data + "/file"), "kept");
  });
}

TEST_F(RealVolumes, FilesThatLieWhereNothingIsMountedAreLeft) {
  apart([](VolumesOfPod& node) {
    const std::string folder = node.pods_dir + "/u/volumes/kubernetes.io~local-volume/pv-v";
    fs::create_directories(folder);
    put(folder + "/file", "whose?");
    EXPECT_TRUE(node.volumes->tear_down(node.pod).ok());
    node.volumes->remove(node.pod);
    EXPECT_EQ(text_of(folder + "/file"), "whose?");
  });
}

TEST_F(RealVolumes, AReadOnlyClaimCannotBeWritten) {
  apart([](VolumesOfPod& node) {
    fs::create_directories(node.dir + "/data");
    node.add_local_volume("v", node.dir + "/data").volumeSource.persistentVolumeClaim->readOnly = true;
    ASSERT_EQ(node.set_up(), "");
    const auto source = node.source("v");
    EXPECT_TRUE(source->read_only);
    EXPECT_EQ(std::ofstream(source->path + "/file").is_open(), false);
    EXPECT_TRUE(node.volumes->tear_down(node.pod).ok());
  });
}

TEST_F(RealVolumes, ASubPathNeverLeadsOutOfItsVolume) {
  apart([](VolumesOfPod& node) {
    fs::create_directories(node.dir + "/secret");
    node.add_volume("v").emptyDir.ensure();
    ASSERT_EQ(node.set_up(), "");
    const std::string base = node.source("v")->path;
    fs::create_directories(base + "/in/deep");
    fs::create_symlink(node.dir + "/secret", base + "/out");
    fs::create_symlink("../../../../../..", base + "/up");
    fs::create_symlink("in/deep", base + "/inside");
    put(base + "/in/file", "text");
    for (const char* bad : {"out", "up/etc", "out/new", "/etc", "in/../../x", "inside/../../.."}) EXPECT_FALSE(node.source("v", bad).ok()) << bad;
    EXPECT_FALSE(fs::exists(node.dir + "/secret/new"));
    const auto file = node.source("v", "in/file"), link = node.source("v", "inside");
    ASSERT_TRUE(file.ok() && link.ok());
    // What is handed on stays what it was, whatever the path becomes.
    const auto safe = node.source("v", "in/deep");
    ASSERT_TRUE(safe.ok()) << safe.error().message;
    fs::rename(base + "/in/deep", base + "/in/old");
    fs::create_symlink(node.dir + "/secret", base + "/in/deep");
    put(safe->path + "/mark", "here");
    EXPECT_EQ(text_of(base + "/in/old/mark"), "here");
    EXPECT_FALSE(node.source("v", "in/deep").ok());
    EXPECT_TRUE(node.volumes->tear_down(node.pod).ok());
    EXPECT_TRUE(fs::is_empty(node.dir + "/secret"));
  });
}

TEST_F(RealVolumes, ASubPathThatIsMissingIsMadeLikeItsVolume) {
  apart([](VolumesOfPod& node) {
    node.pod.spec.securityContext.ensure().fsGroup = 4321;
    node.add_volume("v").emptyDir.ensure();
    ASSERT_EQ(node.set_up(), "");
    ASSERT_TRUE(node.source("v", "a/b").ok());
    struct stat facts {};
    ASSERT_EQ(stat((node.source("v")->path + "/a/b").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 02777u);
    EXPECT_EQ(facts.st_gid, 4321u);
    EXPECT_TRUE(node.volumes->tear_down(node.pod).ok());
  });
}

TEST_F(RealVolumes, TheFileOfASubPathFollowsItsVolumeAtTheNextStart) {
  apart([](VolumesOfPod& node) {
    node.add_volume("v").emptyDir.ensure();
    ASSERT_EQ(node.set_up(), "");
    const std::string base = node.source("v")->path;
    put(base + "/file", "one");
    ASSERT_EQ(text_of(node.source("v", "file")->path), "one");
    put(base + "/fresh", "two");
    fs::rename(base + "/fresh", base + "/file");
    EXPECT_EQ(text_of(node.source("v", "file")->path), "two");
    EXPECT_TRUE(node.volumes->tear_down(node.pod).ok());
  });
}

TEST_F(RealVolumes, FsGroupOwnsALocalVolumeAsItsChangePolicyAsks) {
  apart([](VolumesOfPod& node) {
    const std::string data = node.dir + "/data";
    fs::create_directories(data + "/sub");
    put(data + "/sub/file", "text");
    put(node.dir + "/elsewhere", "text");
    chmod((node.dir + "/elsewhere").c_str(), 0600);
    fs::create_symlink(node.dir + "/elsewhere", data + "/link");
    node.add_local_volume("v", data);
    const auto facts = [](const std::string& path) {
      struct stat facts {};
      lstat(path.c_str(), &facts);
      return facts;
    };
    const auto restart = [&](std::int64_t group, const char* policy) {
      ASSERT_TRUE(node.volumes->tear_down(node.pod).ok());
      auto& security = node.pod.spec.securityContext.ensure();
      security.fsGroup = group;
      security.fsGroupChangePolicy = policy;
      ASSERT_EQ(node.set_up(), "");
    };
    restart(4000, "Always");
    EXPECT_EQ(facts(data).st_gid, 4000u);
    EXPECT_EQ(facts(data).st_mode & 07777, 02775u);
    EXPECT_EQ(facts(data + "/sub").st_mode & 07777, 02775u);
    EXPECT_EQ(facts(data + "/sub/file").st_gid, 4000u);
    EXPECT_EQ(facts(data + "/sub/file").st_mode & 07777, 0664u);
    EXPECT_EQ(facts(data + "/link").st_gid, 4000u);
    EXPECT_EQ(facts(node.dir + "/elsewhere").st_gid, 0u);
    EXPECT_EQ(facts(node.dir + "/elsewhere").st_mode & 07777, 0600u);
    ASSERT_EQ(chown((data + "/sub/file").c_str(), 0, 0), 0);
    restart(4000, "OnRootMismatch");
    EXPECT_EQ(facts(data + "/sub/file").st_gid, 0u);
    restart(4001, "OnRootMismatch");
    EXPECT_EQ(facts(data + "/sub/file").st_gid, 4001u);
    EXPECT_TRUE(node.volumes->tear_down(node.pod).ok());
  });
}

}  // namespace
}  // namespace plumb::kubelet
