#include "reference/kubelet/usage.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "reference/api/text/time.h"
#include "reference/kubelet/pod_host.h"

namespace plumb::kubelet {
namespace {

using nlohmann::json;

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";

json cpu_json(WallTime at, const Usage& use) { return {{"time", api::format_time(at)}, {"usageCoreNanoSeconds", use.cpu_nanoseconds}}; }
json memory_json(WallTime at, const Usage& use) { return {{"time", api::format_time(at)}, {"workingSetBytes", use.memory_bytes}}; }

json container_json(const ContainerUsage& container) {
  return {{"name", container.name},
          {"startTime", api::format_time(container.started)},
          {"cpu", cpu_json(container.at, container.use)},
          {"memory", memory_json(container.at, container.use)},
          {"rootfs", {{"time", api::format_time(container.at)}, {"usedBytes", container.disk_bytes}, {"inodesUsed", container.disk_inodes}}}};
}

json pod_json(const PodUsage& usage, WallTime at) {
  json containers = json::array();
  for (const ContainerUsage& each : usage.containers) containers.push_back(container_json(each));
  const corev1::Pod& pod = *usage.pod;
  return {{"podRef", {{"name", pod.metadata.name.str()}, {"namespace", pod.metadata.namespace_.str()}, {"uid", pod.metadata.uid.str()}}},
          {"startTime", api::format_time(pod.status.startTime ? pod.status.startTime.wall() : at)},
          {"containers", std::move(containers)},
          {"cpu", cpu_json(at, usage.total())},
          {"memory", memory_json(at, usage.total())}};
}

json network_json(const NodeUsage& usage) {
  json interfaces = json::array();
  for (const InterfaceUsage& each : usage.interfaces)
    interfaces.push_back({{"name", each.name}, {"rxBytes", each.received_bytes}, {"rxErrors", each.received_errors}, {"txBytes", each.sent_bytes}, {"txErrors", each.sent_errors}});
  json network = interfaces.front();
  network["time"] = api::format_time(usage.at);
  network["interfaces"] = std::move(interfaces);
  return network;
}

json node_json(const NodeUsage& usage) {
  const Usage total = usage.total();
  json node = {{"nodeName", usage.node}, {"startTime", api::format_time(usage.started)}, {"cpu", cpu_json(usage.at, total)}, {"memory", memory_json(usage.at, total)}};
  if (usage.memory_capacity > total.memory_bytes) node["memory"]["availableBytes"] = usage.memory_capacity - total.memory_bytes;
  if (usage.filesystem) {
    const FilesystemUsage& fs = *usage.filesystem;
    node["fs"] = {{"time", api::format_time(usage.at)}, {"availableBytes", fs.available_bytes}, {"capacityBytes", fs.capacity_bytes}, {"usedBytes", fs.used_bytes},
                  {"inodesFree", fs.inodes_free}, {"inodes", fs.inodes}, {"inodesUsed", fs.inodes_used}};
  }
  if (!usage.interfaces.empty()) node["network"] = network_json(usage);
  return node;
}

std::string seconds(std::uint64_t nanoseconds) {
  char text[48];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(nanoseconds) / 1e9);
  return text;
}
std::string unix_seconds(WallTime at) {
  char text[48];
  std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double>(at.time_since_epoch()).count());
  return text;
}
std::string milliseconds(WallTime at) { return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count()); }

// Families in the Prometheus text format. Names of pods and containers need no escapes.
class Families {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  void sample(std::string_view labels, const std::string& value, std::optional<WallTime> at = {}) {
    out_.append(name_);
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_.append(" ").append(value);
    if (at) out_.append(" ").append(milliseconds(*at));
    out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  std::string name_, out_;
};

std::string pod_labels(const corev1::Pod& pod) { return "namespace=\"" + pod.metadata.namespace_.str() + "\",pod=\"" + pod.metadata.name.str() + "\""; }
std::string container_labels(const corev1::Pod& pod, const ContainerUsage& container) { return "container=\"" + container.name + "\"," + pod_labels(pod); }

template <class Write>
void each_container(const NodeUsage& usage, Write write) {
  for (const PodUsage& pod : usage.pods)
    for (const ContainerUsage& container : pod.containers) write(container_labels(*pod.pod, container), container);
}

void add(Usage& sum, const Usage& part) {
  sum.cpu_nanoseconds += part.cpu_nanoseconds;
  sum.memory_bytes += part.memory_bytes;
}

}  // namespace

Usage PodUsage::total() const {
  Usage sum;
  for (const ContainerUsage& each : containers) add(sum, each.use);
  return sum;
}

Usage NodeUsage::total() const {
  if (use) return *use;
  Usage sum;
  for (const PodUsage& each : pods) add(sum, each.total());
  return sum;
}

std::vector<PodUsage> by_pod(const std::vector<PodPtr>& pods, const std::vector<cri::ContainerStats>& stats, const StartedAt& started) {
  std::map<std::string, std::vector<const cri::ContainerStats*>> by_uid;
  for (const cri::ContainerStats& item : stats)
    if (const auto uid = item.labels.find(label::kPodUid); uid != item.labels.end()) by_uid[uid->second].push_back(&item);
  std::vector<PodUsage> result;
  for (const PodPtr& pod : pods) {
    PodUsage usage{pod, {}};
    for (const cri::ContainerStats* item : by_uid[pod->metadata.uid.str()]) {
      // A runtime gives no numbers of a container that does not run.
      if (item->cpu_nanoseconds == 0 && item->memory_working_set_bytes == 0) continue;
      const WallTime fallback = pod->status.startTime ? pod->status.startTime.wall() : item->at;
      usage.containers.push_back({item->name, item->at, started(*pod, item->name).value_or(fallback), {item->cpu_nanoseconds, item->memory_working_set_bytes}, item->disk_bytes, item->disk_inodes});
    }
    result.push_back(std::move(usage));
  }
  return result;
}

std::string stats_summary(const NodeUsage& usage) {
  json pods = json::array();
  for (const PodUsage& each : usage.pods) pods.push_back(pod_json(each, usage.at));
  const json document = {{"node", node_json(usage)}, {"pods", std::move(pods)}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string resource_metrics(const NodeUsage& usage) {
  Families out;
  out.begin("container_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the container in core-seconds");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample(labels, seconds(container.use.cpu_nanoseconds), container.at); });
  out.begin("container_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the container in bytes");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample(labels, std::to_string(container.use.memory_bytes), container.at); });
  out.begin("container_start_time_seconds", "gauge", "[STABLE] Start time of the container since unix epoch in seconds");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample(labels, unix_seconds(container.started)); });
  out.begin("node_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the node in core-seconds");
  out.sample({}, seconds(usage.total().cpu_nanoseconds), usage.at);
  out.begin("node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes");
  out.sample({}, std::to_string(usage.total().memory_bytes), usage.at);
  out.begin("pod_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds");
  for (const PodUsage& each : usage.pods)
    if (!each.containers.empty()) out.sample(pod_labels(*each.pod), seconds(each.total().cpu_nanoseconds), each.containers.front().at);
  out.begin("pod_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the pod in bytes");
  for (const PodUsage& each : usage.pods)
    if (!each.containers.empty()) out.sample(pod_labels(*each.pod), std::to_string(each.total().memory_bytes), each.containers.front().at);
  out.begin("resource_scrape_error", "gauge", "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise");
  out.sample({}, usage.complete ? "0" : "1");
  out.begin("scrape_error", "gauge", "[ALPHA] 1 if there was an error while getting container metrics, 0 otherwise");
  out.sample({}, usage.complete ? "0" : "1");
  return out.take();
}

std::string container_metrics(const NodeUsage& usage) {
  Families out;
  out.begin("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample("cpu=\"total\"," + labels, seconds(container.use.cpu_nanoseconds), container.at); });
  out.begin("container_memory_working_set_bytes", "gauge", "Current working set in bytes.");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample(labels, std::to_string(container.use.memory_bytes), container.at); });
  out.begin("container_fs_usage_bytes", "gauge", "Number of bytes that are consumed by the container on this filesystem.");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample(labels, std::to_string(container.disk_bytes), container.at); });
  out.begin("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.");
  each_container(usage, [&](const std::string& labels, const ContainerUsage& container) { out.sample(labels, unix_seconds(container.started)); });
  out.begin("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.");
  out.sample({}, std::to_string(usage.memory_capacity));
  return out.take();
}

bool is_usage_page(std::string_view path) { return path == "/stats/summary" || path == "/metrics/resource" || path == "/metrics/cadvisor"; }

std::optional<Page> usage_page(std::string_view path, const NodeUsage& usage) {
  if (path == "/stats/summary") return Page{"application/json", stats_summary(usage)};
  if (path == "/metrics/resource") return Page{std::string(metrics_type), resource_metrics(usage)};
  if (path == "/metrics/cadvisor") return Page{std::string(metrics_type), container_metrics(usage)};
  return std::nullopt;
}

}  // namespace plumb::kubelet
