#include "reference/kubelet/machine_status.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <thread>

#include "harness/base/encoding.h"
#include "reference/api/text/quantity.h"
#include "reference/kubelet/node_agent.h"

namespace plumb::kubelet {
namespace {

constexpr std::size_t kMaxImages = 50;
constexpr std::int64_t kMemoryThreshold = std::int64_t{100} << 20;

std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

std::int64_t meminfo(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key + ":")) return std::atoll(line.c_str() + key.size() + 1) * 1024;
  return 0;
}

std::string os_image() {
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("PRETTY_NAME=")) {
      line = line.substr(12);
      std::erase(line, '"');
      return line;
    }
  return "Linux";
}

api::QuantityText quantity(std::int64_t value, bool binary) {
  return std::string_view(api::Quantity::of(value, binary ? api::Quantity::Format::binary_si : api::Quantity::Format::decimal_si).to_string());
}

void set_pressure(api::List<corev1::NodeCondition>& conditions, std::string_view type, std::string_view reason, std::string_view message) {
  for (auto& item : conditions) {
    if (item.type != type) continue;
    item.status = "True";
    item.reason = reason;
    item.message = message;
  }
}

}  // namespace

MachineFacts machine_facts(const std::string& root_dir, int max_pods) {
  MachineFacts facts;
  facts.milli_cpu = static_cast<std::int64_t>(std::max(1u, std::thread::hardware_concurrency())) * 1000;
  facts.memory_bytes = meminfo("MemTotal");
  facts.max_pods = max_pods;
  struct statvfs disk {};
  if (statvfs(root_dir.c_str(), &disk) == 0) facts.storage_bytes = static_cast<std::int64_t>(disk.f_blocks) * static_cast<std::int64_t>(disk.f_frsize);
  return facts;
}

struct MachineStatus::State {
  State(MachineStatusOptions given, cri::Runtime& given_runtime) : options(std::move(given)), runtime(given_runtime) {}
  const MachineStatusOptions options;
  cri::Runtime& runtime;
  corev1::NodeSystemInfo info;  // but for the runtime's version: fixed
  mutable std::mutex mutex;
  std::string not_ready = "container runtime status check may not have completed yet";  // this and the rest under mutex
  std::string runtime_version;
  api::List<corev1::ContainerImage> images;
};

MachineStatus::MachineStatus(MachineStatusOptions options, cri::Runtime& runtime) : state_(std::make_unique<State>(std::move(options), runtime)) {
  utsname name{};
  uname(&name);
  auto& info = state_->info;
  info.machineID = std::string_view(first_line("/etc/machine-id"));
  info.systemUUID = std::string_view(first_line("/sys/class/dmi/id/product_uuid"));
  if (info.systemUUID.empty()) info.systemUUID = info.machineID;
  info.bootID = std::string_view(first_line("/proc/sys/kernel/random/boot_id"));
  info.kernelVersion = std::string_view(name.release);
  info.osImage = std::string_view(os_image());
  info.kubeletVersion = "v1.37.0+plumbline";
  info.operatingSystem = "linux";
  info.architecture = standard_node_labels("").get("kubernetes.io/arch");
}
MachineStatus::~MachineStatus() = default;

void MachineStatus::refresh() {
  const auto conditions = state_->runtime.status();
  const auto version = state_->runtime.version();
  auto images = state_->runtime.list_images();
  std::string not_ready;
  if (!conditions.ok()) not_ready = "container runtime is down: " + conditions.error().message;
  else
    for (const auto& item : *conditions)
      if (!item.status)
        not_ready += (not_ready.empty() ? "" : ", ") + std::string(item.type == "NetworkReady" ? "container runtime network not ready: " : "container runtime not ready: ") +
                     item.type + "=false reason:" + item.reason + " message:" + item.message;
  api::List<corev1::ContainerImage> listed;
  if (images.ok()) {
    std::sort(images->begin(), images->end(), [](const auto& a, const auto& b) { return a.bytes != b.bytes ? a.bytes > b.bytes : a.id < b.id; });
    if (images->size() > kMaxImages) images->resize(kMaxImages);
    for (const auto& image : *images) {
      auto& entry = listed.emplace_back();
      for (const auto* names : {&image.digests, &image.tags})
        for (const auto& name : *names) entry.names.push_back(std::string_view(name));
      entry.sizeBytes = static_cast<std::int64_t>(image.bytes);
    }
  }
  std::lock_guard lock(state_->mutex);
  state_->not_ready = std::move(not_ready);
  if (version.ok()) state_->runtime_version = version->runtime_name + "://" + version->runtime_version;
  if (images.ok()) state_->images = std::move(listed);
}

corev1::NodeStatus MachineStatus::status() const {
  const auto& options = state_->options;
  const auto& facts = options.facts;
  corev1::NodeStatus status;
  status.capacity = {{"cpu", quantity(facts.milli_cpu / 1000, false)},
                     {"ephemeral-storage", quantity(facts.storage_bytes / 1024 * 1024, true)},
                     {"hugepages-1Gi", "0"},
                     {"hugepages-2Mi", "0"},
                     {"memory", quantity(facts.memory_bytes, true)},
                     {"pods", quantity(facts.max_pods, false)}};
  status.allocatable = status.capacity;
  status.allocatable.set("memory", quantity(facts.allocatable_memory(), true));
  status.allocatable.set("ephemeral-storage", quantity(facts.allocatable_storage(), false));
  for (const auto& [type, value] : {std::pair<std::string_view, std::string_view>{"InternalIP", options.node_ip}, {"Hostname", options.node_name}}) {
    auto& address = status.addresses.emplace_back();
    address.type = type;
    address.address = value;
  }
  status.daemonEndpoints.kubeletEndpoint.Port = options.kubelet_port;
  status.nodeInfo = state_->info;
  {
    std::lock_guard lock(state_->mutex);
    status.conditions = node_conditions(state_->not_ready);
    status.nodeInfo.containerRuntimeVersion = std::string_view(state_->runtime_version);
    status.images = state_->images;
  }
  if (const auto available = meminfo("MemAvailable"); available > 0 && available < kMemoryThreshold)
    set_pressure(status.conditions, "MemoryPressure", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available");
  struct statvfs disk {};
  if (statvfs(options.root_dir.c_str(), &disk) == 0 && disk.f_bavail < disk.f_blocks / 20)
    set_pressure(status.conditions, "DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure");
  return status;
}

}  // namespace plumb::kubelet
