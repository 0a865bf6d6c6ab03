// Volumes on this machine, in a mount namespace of the test's own.
#include "reference/kubelet/volumes.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "reference/informer/fake_client.h"

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

void check_secrets(const std::string& dir) {
  VirtualClock clock;
  informer::FakeClient client{clock};
  auto secret = std::make_shared<corev1::Secret>();
  secret->metadata.name = "s";
  secret->metadata.namespace_ = "ns";
  secret->data.set("key", api::Bytes{"value"});
  ASSERT_TRUE(client.create<corev1::Secret>(secret).ok());
  ReferencedObjects objects(client, clock, [] {});
  Volumes volumes(dir, objects);
  corev1::Pod pod;
  pod.metadata.name = "p";
  pod.metadata.namespace_ = "ns";
  pod.metadata.uid = "u";
  auto& plain = pod.spec.volumes.emplace_back();
  plain.name = "plain";
  plain.volumeSource.secret.ensure().secretName = "s";
  auto& mixed = pod.spec.volumes.emplace_back();
  mixed.name = "mixed";
  mixed.volumeSource.projected.ensure().sources.emplace_back().secret.ensure().localObjectReference.name = "s";
  const FieldContext context{pod, "192.0.2.1", {}};
  ASSERT_TRUE(volumes.set_up(context).ok());
  ASSERT_TRUE(volumes.set_up(context).ok());
  for (const auto& volume : pod.spec.volumes) {
    const std::string path = volumes.path(pod, volume);
    EXPECT_TRUE(mounted(path)) << path;
    EXPECT_TRUE(in_memory(path)) << path;
    std::string text;
    std::getline(std::ifstream(path + "/key"), text);
    EXPECT_EQ(text, "value");
  }
  ASSERT_TRUE(volumes.tear_down(pod).ok());
  EXPECT_FALSE(fs::exists(dir + "/u/volumes"));
  ASSERT_TRUE(volumes.refresh(context).ok());
  EXPECT_FALSE(fs::exists(dir + "/u/volumes"));
}

TEST(Volumes, SecretsLieInMemoryUntilThePodIsTornDown) {
  char dir[] = "/tmp/plumb-volumes-XXXXXX";
  ASSERT_NE(mkdtemp(dir), nullptr);
  bool apart = false;
  std::thread([&] {
    apart = unshare(CLONE_FS) == 0 && unshare(CLONE_NEWNS) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (apart) check_secrets(dir);
  }).join();
  fs::remove_all(dir);
  if (!apart) GTEST_SKIP() << "mounts need root";
}

}  // namespace
}  // namespace plumb::kubelet
