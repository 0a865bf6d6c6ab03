// A node dies, for real: it is noticed, its pods are evicted and replaced, and when it comes back nothing of them is left on it.
#include <algorithm>
#include <set>

#include "reference/api/codec/json.h"
#include "reference/cluster/control_plane/testing.h"
#include "reference/cluster/node/machine.h"
#include "reference/cri/containerd.h"

namespace plumb::cluster::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int toleration_seconds = 3, replicas = 4;
constexpr char cluster_name[] = "nodefail";

using PodPtr = std::shared_ptr<const corev1::Pod>;

const corev1::NodeCondition* condition(const corev1::Node& node, std::string_view type) {
  for (const auto& each : node.status.conditions)
    if (each.type == type) return &each;
  return nullptr;
}
const corev1::Taint* taint(const corev1::Node& node, std::string_view effect) {
  for (const auto& each : node.spec.taints)
    if (each.key == "node.kubernetes.io/unreachable" && each.effect == effect) return &each;
  return nullptr;
}
bool is_ready(const corev1::Pod& pod) {
  return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(), [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
}
bool serves(const corev1::Pod& pod) { return pod.status.phase == "Running" && is_ready(pod) && !pod.metadata.deletionTimestamp; }

class NodeFailure : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    for (const char* program : {"containerd", "runc", "ctr", "nft", "ip"})
      if (!run_checked({"which", program}).ok()) GTEST_SKIP() << "needs " << program;
    if (!fs::exists(plumbd())) GTEST_SKIP() << "needs plumbd beside the test";
    char folder[] = "/tmp/plumb-nodefail-XXXXXX";
    dir_ = mkdtemp(folder);
    up();
    admin_ = std::move(*connect(dir_ + "/kubeconfig", "test"));
  }
  void TearDown() override {
    if (dir_.empty()) return;
    admin_ = {};
    if (HasFailure()) show_logs();
    const auto down = run_checked({plumbd(), "down", "--dir", dir_}, {.limit = 60s, .input = {}});
    EXPECT_TRUE(down.ok()) << down.error().message;
    fs::remove_all(dir_);
  }
  void up() {
    const auto done = run_checked({plumbd(), "up", "--dir", dir_, "--name", cluster_name, "--nodes", "2", "--node-monitor-grace-period", "15s", "--dns=false"},
                                  {.limit = 120s, .input = {}});
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  void show_logs() {
    for (const auto& entry : fs::recursive_directory_iterator(dir_))
      if (entry.path().extension() == ".log") std::fprintf(stderr, "== %s\n%s\n", entry.path().c_str(), read_file(entry.path()).value().c_str());
  }
  NodeMachine machine(const std::string& node) { return *NodeMachine::find({cluster_name, dir_}, node); }

  void deploy() {
    auto made = std::make_shared<appsv1::Deployment>();
    made->metadata.namespace_ = "default";
    made->metadata.name = "web";
    made->spec.replicas = replicas;
    made->spec.selector.ensure().matchLabels.set("app", "web");
    made->spec.template_.metadata.labels.set("app", "web");
    corev1::PodSpec& spec = made->spec.template_.spec;
    spec.terminationGracePeriodSeconds = 5;
    for (const char* key : {"node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"}) {
      auto& toleration = spec.tolerations.emplace_back();
      toleration.key = key;
      toleration.operator_ = "Exists";
      toleration.effect = "NoExecute";
      toleration.tolerationSeconds = toleration_seconds;
    }
    auto& container = spec.containers.emplace_back();
    container.name = "main";
    container.image = "registry.plumbline.test/plumb-test:v1";
    for (const char* word : {"serve", "--http", "80"}) container.args.push_back(word);
    const auto created = admin_.client->create<appsv1::Deployment>(made);
    ASSERT_TRUE(created.ok()) << created.error().message;
  }
  std::vector<PodPtr> pods() {
    informer::ListOptions options;
    options.namespace_ = "default";
    std::vector<PodPtr> out;
    if (const auto list = admin_.client->list(informer::resource_of<corev1::Pod>(), options); list.ok())
      for (const auto& item : list->items) out.push_back(api::as<corev1::Pod>(item));
    return out;
  }
  std::size_t serving(const std::string& node = {}) {
    const auto all = pods();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& pod) { return serves(*pod) && (node.empty() || pod->spec.nodeName == node); }));
  }
  std::shared_ptr<const corev1::Node> node(const std::string& name) {
    auto found = admin_.client->get<corev1::Node>("", name);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::make_shared<const corev1::Node>();
  }
  bool node_is_ready(const std::string& name) {
    const auto found = node(name);
    const auto* ready = condition(*found, "Ready");
    return ready && ready->status == "True" && found->spec.taints.empty();
  }
  void expect_marked_as_lost(const std::string& name) {
    const auto lost = node(name);
    for (const char* type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
      const auto* found = condition(*lost, type);
      ASSERT_NE(found, nullptr) << type;
      EXPECT_EQ(found->status, "Unknown") << type;
      EXPECT_EQ(found->reason, "NodeStatusUnknown") << type;
      EXPECT_EQ(found->message, "Kubelet stopped posting node status.") << type;
    }
    EXPECT_TRUE(eventually([&] { return taint(*node(name), "NoSchedule") && taint(*node(name), "NoExecute"); }));
  }

  // For a failure: the object and what was said of it.
  std::string story(const corev1::Pod& pod) {
    std::string text;
    api::encode_json(corev1::Pod::info(), &pod, text);
    const auto events = admin_.client->list(informer::resource_of<corev1::Event>());
    if (!events.ok()) return text;
    for (const auto& object : events->items) {
      const auto event = api::as<corev1::Event>(object);
      text += "\n" + event->involvedObject.name.str() + " " + event->reason.str() + ": " + event->message.str();
    }
    return text;
  }

  std::string dir_;
  Connection admin_;
};

TEST_F(NodeFailure, PodsOfADeadNodeAreReplacedAndItComesBackClean) {
  const std::string dead = std::string(cluster_name) + "-node-0", other = std::string(cluster_name) + "-node-1";
  deploy();
  ASSERT_TRUE(eventually([&] { return serving() == replicas; }));
  ASSERT_GT(serving(dead), 0u);
  std::set<std::string> lost;
  for (const auto& pod : pods())
    if (pod->spec.nodeName == dead) lost.insert(pod->metadata.uid.str());

  Instant start = real_clock().now();
  ASSERT_TRUE(machine(dead).kill().ok());
  ASSERT_TRUE(eventually([&] { return taint(*node(dead), "NoExecute") && condition(*node(dead), "Ready")->status == "Unknown"; }, 60s));
  std::printf("marked as lost after %.1f s\n", seconds_since(start));
  expect_marked_as_lost(dead);
  const WallTime tainted = taint(*node(dead), "NoExecute")->timeAdded.wall();

  ASSERT_TRUE(eventually([&] { return serving(other) == replicas; }, 60s));
  std::printf("replaced after %.1f s\n", seconds_since(start));
  EXPECT_TRUE(node_is_ready(other));
  for (const auto& pod : pods()) {
    if (!lost.contains(pod->metadata.uid.str())) continue;
    // Until their kubelet confirms their end they stay, as pods that are being deleted.
    ASSERT_TRUE(pod->metadata.deletionTimestamp) << pod->metadata.name.str();
    const WallTime evicted = pod->metadata.deletionTimestamp.wall() - std::chrono::seconds(pod->metadata.deletionGracePeriodSeconds.value_or(0));
    EXPECT_GE(evicted - tainted, std::chrono::seconds(toleration_seconds)) << pod->metadata.name.str();
    EXPECT_FALSE(is_ready(*pod));
    EXPECT_TRUE(std::any_of(pod->status.conditions.begin(), pod->status.conditions.end(),
                            [](const auto& c) { return c.type == "DisruptionTarget" && c.reason == "DeletionByTaintManager"; }))
        << story(*pod);
  }

  start = real_clock().now();
  up();
  EXPECT_TRUE(eventually([&] { return node_is_ready(dead); }));
  const auto mine = [&] {
    const auto all = pods();
    return std::count_if(all.begin(), all.end(), [&](const auto& pod) { return lost.contains(pod->metadata.uid.str()); });
  };
  EXPECT_TRUE(eventually([&] { return mine() == 0; })) << "pods of the dead node stay in the API";
  const auto runtime = cri::connect_containerd({.socket = machine(dead).containerd_socket()});
  ASSERT_TRUE(runtime.ok()) << runtime.error().message;
  EXPECT_TRUE(eventually([&] {
    const auto sandboxes = (*runtime)->list_sandboxes({});
    const auto containers = (*runtime)->list_containers({});
    return sandboxes.ok() && sandboxes->empty() && containers.ok() && containers->empty();
  })) << "containers of evicted pods stay on the node";
  std::printf("back and clean after %.1f s\n", seconds_since(start));
  EXPECT_EQ(serving(other), static_cast<std::size_t>(replicas));
}

}  // namespace
}  // namespace plumb::cluster::testing
