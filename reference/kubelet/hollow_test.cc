#include "reference/kubelet/hollow.h"

#include <gtest/gtest.h>

#include <thread>

#include "reference/informer/fake_client.h"
#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& holds) {
  for (int n = 0; n < 5000; n++) {
    if (holds()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

std::shared_ptr<corev1::Pod> pod_on(const std::string& node, int number) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.name = "p" + std::to_string(number);
  pod->metadata.namespace_ = "ns";
  pod->spec.nodeName = node;
  auto& container = pod->spec.containers.emplace_back();
  container.name = "main";
  container.image = "image:1";
  return pod;
}

TEST(Hollow, ManyNodesRunTheirPodsAndLetThemGo) {
  informer::FakeClient client(real_clock());
  HollowOptions options;
  options.nodes = 50;
  options.pods = 10;
  HollowNodes hollow(client, real_clock(), options);
  hollow.start();
  ASSERT_TRUE(eventually([&] { return client.all<corev1::Node>().size() == 50; }));
  constexpr int kPods = 300;
  for (int n = 0; n < kPods; n++) ASSERT_TRUE(client.create<corev1::Pod>(pod_on("hollow-node-" + std::to_string(n % 50), n)).ok());
  const auto running = [&] {
    const auto pods = client.all<corev1::Pod>();
    return std::count_if(pods.begin(), pods.end(), [](const auto& pod) { return pod->status.phase == "Running" && !pod->status.podIP.empty(); });
  };
  EXPECT_TRUE(eventually([&] { return running() == kPods; })) << running();
  metav1::DeleteOptions grace;
  grace.gracePeriodSeconds = 30;
  for (int n = 0; n < kPods; n++) ASSERT_TRUE(client.remove<corev1::Pod>("ns", "p" + std::to_string(n), grace).ok());
  EXPECT_TRUE(eventually([&] { return client.all<corev1::Pod>().empty() && hollow.pods() == 0; })) << hollow.pods();
}

TEST(Hollow, ANodeTakesNoMorePodsThanItHasRoomFor) {
  informer::FakeClient client(real_clock());
  HollowOptions options;
  options.pods = 3;
  HollowNodes hollow(client, real_clock(), options);
  hollow.start();
  for (int n = 0; n < 5; n++) ASSERT_TRUE(client.create<corev1::Pod>(pod_on("hollow-node-0", n)).ok());
  const auto refused = [&] {
    const auto pods = client.all<corev1::Pod>();
    return std::count_if(pods.begin(), pods.end(), [](const auto& pod) { return pod->status.reason == "OutOfpods"; });
  };
  EXPECT_TRUE(eventually([&] { return refused() == 2; })) << refused();
}

TEST(Hollow, ASilentNodeTakesNoNoticeUntilItsLabelIsGone) {
  informer::FakeClient client(real_clock());
  HollowOptions options;
  options.nodes = 2;
  HollowNodes hollow(client, real_clock(), options);
  hollow.start();
  ASSERT_TRUE(eventually([&] { return client.all<corev1::Node>().size() == 2; }));
  const auto label = [&](bool silent) {
    auto node = std::make_shared<corev1::Node>(**client.get<corev1::Node>("", "hollow-node-0"));
    EXPECT_EQ(node->metadata.labels.get(hollow_label), "true");
    if (silent) node->metadata.labels.set(silent_label, "true");
    else node->metadata.labels.erase(silent_label);
    EXPECT_TRUE(client.update<corev1::Node>(node).ok());
  };
  const auto running = [&](const char* node) {
    const auto pods = client.all<corev1::Pod>();
    return std::count_if(pods.begin(), pods.end(), [&](const auto& pod) { return pod->spec.nodeName == node && pod->status.phase == "Running"; });
  };
  ASSERT_TRUE(client.create<corev1::Pod>(pod_on("hollow-node-0", 0)).ok());
  ASSERT_TRUE(eventually([&] { return running("hollow-node-0") == 1; }));
  label(true);
  // The label takes its way: what is made until it has arrived still starts.
  int number = 1;
  ASSERT_TRUE(eventually([&] {
    const auto before = running("hollow-node-0");
    EXPECT_TRUE(client.create<corev1::Pod>(pod_on("hollow-node-0", number++)).ok());
    EXPECT_TRUE(client.create<corev1::Pod>(pod_on("hollow-node-1", number++)).ok());
    EXPECT_TRUE(eventually([&] { return running("hollow-node-1") == (number - 1) / 2; }));
    return running("hollow-node-0") == before;
  }));
  label(false);
  EXPECT_TRUE(eventually([&] { return running("hollow-node-0") == 1 + (number - 1) / 2; })) << running("hollow-node-0");
}

}  // namespace
}  // namespace plumb::kubelet
