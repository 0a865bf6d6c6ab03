#include "reference/kubelet/kubelet.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/apiserver/server_metrics.h"
#include "reference/informer/informer.h"
#include "reference/kubelet/host_pods.h"
#include "reference/kubelet/kubelet_metrics.h"
#include "reference/kubelet/machine_usage.h"
#include "reference/kubelet/machine_status.h"
#include "reference/kubelet/node_agent.h"
#include "reference/kubelet/probe_runner.h"
#include "reference/kubelet/service_environment.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

// The reason by which upstream's kubelet tells in an event that a condition of its node changed; empty for other conditions.
std::string_view transition_reason(const corev1::NodeCondition& condition) {
  struct Words {
    std::string_view type, when_true, when_false;
  };
  static constexpr Words words[] = {{"Ready", "NodeReady", "NodeNotReady"},
                                    {"MemoryPressure", "NodeHasInsufficientMemory", "NodeHasSufficientMemory"},
                                    {"DiskPressure", "NodeHasDiskPressure", "NodeHasNoDiskPressure"},
                                    {"PIDPressure", "NodeHasInsufficientPID", "NodeHasSufficientPID"}};
  for (const Words& entry : words)
    if (condition.type == entry.type) return condition.status == "True" ? entry.when_true : entry.when_false;
  return {};
}

constexpr Duration kRelist = 30s, kRefreshStatus = 10s, kRefreshVolumes = 60s, kServicesLimit = 5s;

Result<corev1::Taint> parse_taint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return fail(Code::invalid_argument, "--register-with-taints: expected key=value:effect, not \"" + text + "\"");
  const auto equals = text.find('=');
  corev1::Taint taint;
  taint.key = text.substr(0, std::min(equals, colon));
  if (equals < colon) taint.value = text.substr(equals + 1, colon - equals - 1);
  taint.effect = text.substr(colon + 1);
  return taint;
}

}  // namespace

class Kubelet::Core {
 public:
  Core(KubeletOptions options, informer::Client& client, cri::Runtime& runtime, Clock& clock)
      : options_(std::move(options)), client_(client), runtime_(runtime), clock_(clock), executor_(std::make_unique<ThreadExecutor>(options_.max_threads)),
        alive_(std::make_shared<std::atomic<bool>>(true)) {}

  ~Core() {
    *alive_ = false;
    if (server_) server_->stop();
    node_informer_.reset();
    agent_.reset();
    informer_.reset();
    executor_->stop();
    metrics_.reset();
    workers_.reset();
    service_informer_.reset();
    objects_.reset();
  }

  Status start() {
    std::error_code error;
    std::filesystem::create_directories(options_.root_dir, error);
    if (error) return fail(Code::internal, "making " + options_.root_dir + ": " + error.message());
    std::filesystem::create_directories(options_.pod_log_dir, error);
    NodeDescription node = PLUMB_TRY(describe_node());
    const MachineFacts facts = machine_facts(options_.root_dir, options_.max_pods);
    make_host(facts, node.labels);
    PLUMB_TRY(workers_->adopt());
    publish_metrics();
    PLUMB_TRY(start_server());
    machine_ = std::make_unique<MachineStatus>(MachineStatusOptions{facts, options_.node_name, options_.node_ip, options_.root_dir, port()}, runtime_);
    machine_->refresh();
    node.status = [this] { return machine_->status(); };
    node.transition = [this](const corev1::NodeCondition& condition) {
      if (const auto reason = transition_reason(condition); !reason.empty())
        node_event(reason, "Node " + options_.node_name + " status is now: " + std::string(reason));
    };
    node_event("Starting", "Starting kubelet.");
    agent_ = std::make_unique<NodeAgent>(client_, clock_, std::move(node));
    agent_->start();
    watch_node();
    watch_pods();
    repeat(kRelist, [this] { relist(); });
    repeat(kRefreshStatus, [this] {
      machine_->refresh();
      agent_->poke();
    });
    repeat(kRefreshVolumes, [this] { refresh_volumes(); });
    return {};
  }
  std::uint16_t port() const { return server_ ? server_->port() : options_.server.port; }
  bool registered() const { return agent_->registered(); }

 private:
  Result<NodeDescription> describe_node() const {
    NodeDescription node;
    node.name = options_.node_name;
    node.labels = standard_node_labels(options_.node_name);
    for (const auto& label : options_.node_labels) {
      const auto equals = label.find('=');
      if (equals == label.npos) return fail(Code::invalid_argument, "--node-labels: expected key=value, not \"" + label + "\"");
      node.labels.set(label.substr(0, equals), std::string_view(label).substr(equals + 1));
    }
    for (const auto& taint : options_.register_with_taints) node.taints.push_back(PLUMB_TRY(parse_taint(taint)));
    return node;
  }

  void make_host(const MachineFacts& facts, const api::Map<api::Str>& labels) {
    objects_ = std::make_unique<ReferencedObjects>(client_, clock_, [this] { executor_->post([this] { refresh_volumes(); }); });
    HostPodsOptions host;
    host.root_dir = options_.root_dir;
    host.pod_log_dir = options_.pod_log_dir;
    host.cgroup_root = options_.cgroup_root;
    host.node_name = options_.node_name;
    host.node_ip = options_.node_ip;
    host.cluster_dns = options_.cluster_dns;
    host.cluster_domain = options_.cluster_domain;
    host.resolv_conf = options_.resolv_conf;
    host.milli_cpu = facts.milli_cpu;
    host.memory_bytes = facts.allocatable_memory();
    host.storage_bytes = facts.allocatable_storage();
    host.max_pods = facts.max_pods;
    host.node_labels = labels;
    watch_services();
    host.service_variables = [this](const corev1::Pod& pod) { return service_variables(pod); };
    host_ = std::make_unique<HostPods>(std::move(host), *objects_, runtime_);
    probes_ = make_probe_runner(runtime_);
    events_ = std::make_unique<informer::EventRecorder>(client_, clock_, "kubelet", options_.node_name);
    workers_ = std::make_unique<PodWorkers>(
        NodeServices{clock_, client_, runtime_, *executor_, *host_, probes_.get(), events_.get(), options_.node_name, options_.node_ip, &starts_});
  }

  // As upstream's kubelet does, on a reference whose UID is the node's name: `kubectl describe node` looks for it.
  void node_event(std::string_view reason, std::string_view message) {
    corev1::ObjectReference node;
    node.kind = "Node";
    node.name = options_.node_name;
    node.uid = options_.node_name;
    events_->record(node, informer::event_normal, reason, message);
  }

  void publish_metrics() {
    apiserver::publish_build_info();
    metrics_ = std::make_unique<KubeletMetrics>(options_.node_name, [this] {
      KubeletMetrics::Running running;
      for (const auto& pod : workers_->pods()) {
        const auto view = workers_->view(pod->metadata.namespace_.str(), pod->metadata.name.str());
        if (!view) continue;
        running.pods += !view->sandbox_id.empty();
        for (const auto& container : view->containers) running.containers += container.current && container.current->running();
      }
      return running;
    });
  }

  Status start_server() {
    if (options_.server.tls.certificate_pem.empty()) return {};
    ServerOptions server = options_.server;
    server.node_name = options_.node_name;
    server.reviews = &client_;
    server.node_usage = [this, capacity = machine_facts(options_.root_dir, options_.max_pods).memory_bytes, began = clock_.wall()] {
      NodeUsage usage;
      usage.started = began;
      usage.use = cgroup_usage(options_.cgroup_root);
      usage.memory_capacity = static_cast<std::uint64_t>(capacity);
      usage.filesystem = filesystem_usage(options_.root_dir);
      usage.interfaces = interface_usage();
      return usage;
    };
    server.log_dir = [this](const corev1::Pod& pod) { return host_->log_dir(pod); };
    server_ = PLUMB_TRY(KubeletServer::start(std::move(server), *workers_, runtime_, *executor_, clock_));
    return {};
  }

  void watch_services() {
    service_informer_ = std::make_unique<informer::Informer>(client_, clock_, informer::resource_of<corev1::Service>());
    services_ = service_informer_->lister<corev1::Service>();
    service_informer_->start();
  }

  // Pods that are there as the kubelet starts come a moment before the Services: they wait for them in place of failing once.
  Result<Variables> service_variables(const corev1::Pod& pod) {
    for (const Instant until = clock_.now() + kServicesLimit; !service_informer_->has_synced(); usleep(5000))
      if (clock_.now() >= until) return fail(Code::unavailable, "services have not yet been read at least once, cannot construct envvars");
    return service_environment(services_.list(), pod);
  }

  void watch_pods() {
    informer_ = std::make_unique<informer::Informer>(client_, clock_, informer::resource_of<corev1::Pod>(),
                                                     informer::Scope{"", "", "spec.nodeName=" + options_.node_name});
    informer_->add_handler([this](const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
      if (before && (!after || after->metadata.uid != before->metadata.uid)) {
        starts_.gone(before->metadata.uid);
        workers_->removed(*api::as<corev1::Pod>(before));
      }
      if (!after) return;
      const bool described_anew = before && (before->metadata.labels != after->metadata.labels || before->metadata.annotations != after->metadata.annotations);
      const auto pod = api::as<corev1::Pod>(after);
      starts_.saw(*pod, clock_.wall());
      workers_->update(pod);
      if (described_anew) executor_->post([this, pod] { (void)host_->refresh(*pod); });
    });
    informer_->start();
  }

  void watch_node() {
    node_informer_ = std::make_unique<informer::Informer>(client_, clock_, informer::resource_of<corev1::Node>(),
                                                          informer::Scope{"", "", "metadata.name=" + options_.node_name});
    node_informer_->add_handler([this](const informer::ObjectPtr&, const informer::ObjectPtr& after) {
      if (auto node = api::as<corev1::Node>(after)) agent_->saw(std::move(node));
    });
    node_informer_->start();
  }

  // Folders of pods that ended while no kubelet was here. Those on the disk are listed first: a pod is known before it gets a folder.
  void remove_remains() {
    const auto on_disk = host_->pods_on_disk();
    const auto known = workers_->uids();
    for (const auto& uid : on_disk)
      if (!known.contains(uid)) host_->remove_remains(uid);
  }

  void relist() {
    if (informer_->has_synced()) {
      workers_->remove_orphans();
      remove_remains();
    }
    const Instant began = clock_.now();
    workers_->relist();
    metrics_->relisted(began, clock_.now());
  }

  void refresh_volumes() {
    for (const auto& pod : workers_->pods()) {
      if (pod->metadata.deletionTimestamp || pod->status.phase != "Running") continue;
      if (const auto done = host_->refresh(*pod); !done.ok()) log::debug("kubelet", "refreshing the volumes of pod " + informer::object_key(*pod) + ": " + done.error().message);
    }
    workers_->retry_waiting();
  }

  // Every `interval`, on the executor; the next one is timed when one is over.
  void repeat(Duration interval, std::function<void()> work) {
    clock_.after(interval, [this, alive = alive_, interval, work = std::move(work)] {
      if (!*alive) return;
      executor_->post([this, alive, interval, work] {
        if (!*alive) return;
        work();
        repeat(interval, work);
      });
    });
  }

  const KubeletOptions options_;
  informer::Client& client_;
  cri::Runtime& runtime_;
  Clock& clock_;
  std::unique_ptr<ThreadExecutor> executor_;
  const std::shared_ptr<std::atomic<bool>> alive_;
  std::unique_ptr<ReferencedObjects> objects_;
  std::unique_ptr<HostPods> host_;
  std::unique_ptr<ProbeRunner> probes_;
  std::unique_ptr<informer::EventRecorder> events_;
  std::unique_ptr<PodWorkers> workers_;
  std::unique_ptr<KubeletMetrics> metrics_;  // from before the first pod until after the last
  PodStartTimes starts_{[this](const PodStart& start) { metrics_->pod_started(start); }, [this](Duration since_seen) { metrics_->pod_runs(since_seen); }};
  std::unique_ptr<MachineStatus> machine_;
  std::unique_ptr<NodeAgent> agent_;
  std::unique_ptr<KubeletServer> server_;
  std::unique_ptr<informer::Informer> informer_, node_informer_, service_informer_;
  informer::Lister<corev1::Service> services_;
};

Kubelet::Kubelet(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Kubelet::~Kubelet() = default;
std::uint16_t Kubelet::port() const { return core_->port(); }
bool Kubelet::registered() const { return core_->registered(); }

Result<std::unique_ptr<Kubelet>> Kubelet::start(KubeletOptions options, informer::Client& client, cri::Runtime& runtime, Clock& clock) {
  auto core = std::make_unique<Core>(std::move(options), client, runtime, clock);
  PLUMB_TRY(core->start());
  return std::unique_ptr<Kubelet>(new Kubelet(std::move(core)));
}

}  // namespace plumb::kubelet
