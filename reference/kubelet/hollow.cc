#include "reference/kubelet/hollow.h"

#include <unordered_map>

#include "reference/cri/fake.h"
#include "reference/informer/informer.h"
#include "reference/kubelet/admission.h"
#include "reference/kubelet/hollow_server.h"
#include "reference/kubelet/hollow_usage.h"
#include "reference/kubelet/node_agent.h"
#include "reference/kubelet/pod_workers.h"
#include "reference/resources/shared/kubelet_address.h"

namespace plumb::kubelet {
namespace {

constexpr Duration kRegistrationStep = std::chrono::microseconds(500);

// Pods of a simulated node need nothing of it but room.
class SimulatedHost final : public PodHost {
 public:
  SimulatedHost(NodeRoom room, api::Map<api::Str> labels) : room_(room), labels_(std::move(labels)) {}
  Status admit(const corev1::Pod& pod, const std::vector<PodPtr>& others, const corev1::Node* node) override {
    return admit_to_node(pod, others, room_, labels_, node);
  }
  Status set_up(const PodPtr&) override { return {}; }
  Result<cri::SandboxConfig> sandbox_config(const corev1::Pod& pod, std::uint32_t attempt) override { return basic_sandbox_config(pod, attempt); }
  Result<cri::ContainerConfig> container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt,
                                                const std::vector<std::string>&) override {
    return basic_container_config(pod, container, attempt);
  }
  std::string termination_message(const corev1::Pod&, const corev1::Container&, const ContainerRun&) override { return ""; }
  Result<std::vector<cri::RegistryAuth>> registry_auths(const corev1::Pod&, const std::string&) override { return std::vector<cri::RegistryAuth>{}; }
  Status tear_down(const corev1::Pod&) override { return {}; }
  void remove(const corev1::Pod&) override {}

 private:
  const NodeRoom room_;
  const api::Map<api::Str> labels_;
};

// Addresses that are apart for every node: 10.x.y.0 as long as they last, as real nodes' pods have.
std::string pod_ip_prefix(int index) {
  return std::to_string(100 + index / 65536 % 100) + "." + std::to_string(index / 256 % 256) + "." + std::to_string(index % 256) + ".";
}
std::string node_ip(int index) { return "198." + std::to_string(18 + index / 65536 % 2) + "." + std::to_string(index / 256 % 256) + "." + std::to_string(index % 256); }

corev1::NodeStatus simulated_status(const HollowOptions& options, const std::string& name, int index) {
  corev1::NodeStatus status;
  status.capacity = {{"cpu", std::string_view(std::to_string(options.cpus))},
                     {"ephemeral-storage", "100Gi"},
                     {"memory", std::string_view(std::to_string(options.memory_gib) + "Gi")},
                     {"pods", std::string_view(std::to_string(options.pods))}};
  status.allocatable = status.capacity;
  status.conditions = node_conditions("");
  // The kubelet's server is on this machine, and so are the addresses that lead to it. Pods have others: endpoints may not be local ones.
  const std::string address = options.kubelet_port ? hollow_address(index) : node_ip(index);
  status.daemonEndpoints.kubeletEndpoint.Port = options.kubelet_port.value_or(0);
  for (const auto& [type, value] : {std::pair<std::string, std::string>{"InternalIP", address}, {"Hostname", name}}) {
    auto& entry = status.addresses.emplace_back();
    entry.type = type;
    entry.address = value;
  }
  auto& info = status.nodeInfo;
  info.machineID = info.systemUUID = info.bootID = std::string_view(name);
  info.kernelVersion = "simulated";
  info.osImage = "Plumbline hollow node";
  info.containerRuntimeVersion = "fake://1.0.0";
  info.kubeletVersion = "v1.37.0+plumbline";
  info.operatingSystem = "linux";
  info.architecture = standard_node_labels(name).get("kubernetes.io/arch");
  return status;
}

}  // namespace

class HollowNodes::Core {
 public:
  Core(informer::Client& client, Clock& clock, HollowOptions options)
      : options_(std::move(options)), client_(client), clock_(clock), executor_(std::make_unique<ThreadExecutor>(options_.threads)),
        informer_(std::make_unique<informer::Informer>(client, clock, informer::resource_of<corev1::Pod>(),
                                                       informer::Scope{"", "", "spec.nodeName!="})) {
    if (options_.events) events_ = std::make_unique<informer::EventRecorder>(client, clock, "kubelet");
    nodes_.reserve(static_cast<std::size_t>(options_.nodes));
    for (int index = 0; index < options_.nodes; index++) add_node(index);
  }
  ~Core() {
    for (const auto& node : nodes_) node->agent.reset();
    informer_.reset();
    executor_->stop();
  }

  void start() {
    informer_->add_handler([this](const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
      const auto pod = api::as<corev1::Pod>(after ? after : before);
      const auto found = by_name_.find(pod->spec.nodeName.str());
      if (found == by_name_.end()) return;
      after ? usage_.saw(*pod, clock_.wall()) : usage_.gone(*pod);
      if (before && after && before->metadata.uid != after->metadata.uid) usage_.gone(*api::as<corev1::Pod>(before));
      if (!after) found->second->workers->removed(*pod);
      else if (before && before->metadata.uid != after->metadata.uid) replace(*found->second, before, pod);
      else found->second->workers->update(pod);
    });
    informer_->start();
    for (const auto& node : nodes_) node->agent->start();
  }
  std::size_t registered() const {
    std::size_t count = 0;
    for (const auto& node : nodes_) count += node->agent->registered();
    return count;
  }
  std::size_t pods() const {
    std::size_t count = 0;
    for (const auto& node : nodes_) count += node->workers->size();
    return count;
  }
  std::optional<NodeUsage> usage(int index) const {
    if (index < 0 || static_cast<std::size_t>(index) >= nodes_.size()) return std::nullopt;
    const Node& node = *nodes_[static_cast<std::size_t>(index)];
    NodeUsage usage;
    usage.node = options_.name_prefix + std::to_string(index);
    usage.at = clock_.wall();
    usage.started = began_;
    usage.memory_capacity = static_cast<std::uint64_t>(options_.memory_gib) << 30;
    for (const PodPtr& pod : node.workers->pods()) usage.pods.push_back(usage_.read(pod, running(node, *pod), usage.at));
    return usage;
  }

 private:
  struct Node {
    std::unique_ptr<cri::FakeRuntime> runtime;
    std::unique_ptr<SimulatedHost> host;
    std::unique_ptr<PodWorkers> workers;
    std::unique_ptr<NodeAgent> agent;
  };

  static std::vector<std::pair<std::string, WallTime>> running(const Node& node, const corev1::Pod& pod) {
    std::vector<std::pair<std::string, WallTime>> names;
    if (const auto view = node.workers->view(pod.metadata.namespace_.view(), pod.metadata.name.view()))
      for (const auto& container : view->containers)
        if (container.current && container.current->running()) names.emplace_back(container.name, container.current->started_at.value_or(WallTime()));
    return names;
  }

  void add_node(int index) {
    auto node = std::make_unique<Node>();
    const std::string name = options_.name_prefix + std::to_string(index);
    cri::FakeOptions fake;
    fake.pod_ip_prefix = pod_ip_prefix(index);
    if (options_.pod_start_delay > Duration::zero())
      fake.behaviour = [delay = options_.pod_start_delay](const cri::ContainerConfig&) { return cri::FakeBehaviour{.start_delay = delay}; };
    node->runtime = std::make_unique<cri::FakeRuntime>(clock_, std::move(fake));
    const std::int64_t gib = std::int64_t{1} << 30;
    auto labels = standard_node_labels(name);
    node->host = std::make_unique<SimulatedHost>(NodeRoom{options_.cpus * 1000, options_.memory_gib * gib, 100 * gib, options_.pods}, labels);
    NodeServices services{clock_, client_, *node->runtime, *executor_, *node->host, nullptr, events_.get(), name, node_ip(index)};
    node->workers = std::make_unique<PodWorkers>(std::move(services));
    NodeDescription description;
    description.name = name;
    description.labels = std::move(labels);
    if (options_.kubelet_port) description.annotations.set(resources::kKubeletServerName, kHollowServerName);
    description.status = [this, name, index] { return simulated_status(options_, name, index); };
    NodeAgentOptions agent;
    agent.status_interval = agent.report_interval;  // nothing changes by itself
    agent.initial_delay = kRegistrationStep * index;
    agent.first_renewal = agent.lease_interval * (index + 1) / options_.nodes;
    node->agent = std::make_unique<NodeAgent>(client_, clock_, std::move(description), agent);
    by_name_[name] = node.get();
    nodes_.push_back(std::move(node));
  }
  static void replace(Node& node, const informer::ObjectPtr& before, PodPtr after) {
    node.workers->removed(*api::as<corev1::Pod>(before));
    node.workers->update(std::move(after));
  }

  const HollowOptions options_;
  informer::Client& client_;
  Clock& clock_;
  const WallTime began_ = clock_.wall();
  SimulatedUsage usage_;
  std::unique_ptr<ThreadExecutor> executor_;
  std::unique_ptr<informer::EventRecorder> events_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::unordered_map<std::string, Node*> by_name_;
  std::unique_ptr<informer::Informer> informer_;
};

HollowNodes::HollowNodes(informer::Client& client, Clock& clock, HollowOptions options) : core_(std::make_unique<Core>(client, clock, std::move(options))) {}
HollowNodes::~HollowNodes() = default;
void HollowNodes::start() { core_->start(); }
std::size_t HollowNodes::registered() const { return core_->registered(); }
std::size_t HollowNodes::pods() const { return core_->pods(); }
std::optional<NodeUsage> HollowNodes::usage(int index) const { return core_->usage(index); }

}  // namespace plumb::kubelet
